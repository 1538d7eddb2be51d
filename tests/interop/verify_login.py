#!/usr/bin/env python3
"""Verify login assertions: a second implementation, written from docs/login-assertion.md alone.

Python standard library and the `openssl` program only.

usage: verify_login.py VECTORS.json          every case must have the outcome that it names
       verify_login.py --one VECTORS.json    the file holds one case; print its outcome

A vector file is laid out as in section 10 of the page. Exit status: 0 as expected or accepted, 1 not, 2 wrong usage.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

MEMBERS = {
    "version", "certificate", "algorithm", "agent_nonce", "issued_at", "expires_at",
    "channel_binding", "shown", "signature",
}
BINDINGS = ("none", "tls-exporter", "jkt")
# Name: kind of key, digest, bytes of r and of s.
ALGORITHMS = {
    "RS256": ("rsa", "sha256", None),
    "PS256": ("rsa", "sha256", None),
    "ES256": ("prime256v1", "sha256", 32),
    "ES384": ("secp384r1", "sha384", 48),
}


class Refused(Exception):
    """The code of the first check that failed."""


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def unbase64url(text):
    """Base64url without padding, canonical only."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise Refused("malformed")
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused("malformed") from None
    if base64.urlsafe_b64encode(value).rstrip(b"=").decode() != text:
        raise Refused("malformed")
    return value


def whole_number(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
        raise Refused("malformed")
    return value


def read_envelope(envelope):
    if not isinstance(envelope, dict) or set(envelope) != MEMBERS:
        raise Refused("malformed")
    if len(json.dumps(envelope)) > 32 * 1024:
        raise Refused("malformed")
    if envelope["version"] != 1 or isinstance(envelope["version"], bool):
        raise Refused("malformed")
    if not isinstance(envelope["algorithm"], str) or envelope["channel_binding"] not in BINDINGS:
        raise Refused("malformed")
    agent_nonce = unbase64url(envelope["agent_nonce"])
    if len(agent_nonce) != 32:
        raise Refused("malformed")
    if not isinstance(envelope["shown"], str) or not re.fullmatch(r"[0-9a-fA-F]{64}", envelope["shown"]):
        raise Refused("malformed")
    return {
        "certificate": unbase64url(envelope["certificate"]),
        "algorithm": envelope["algorithm"],
        "agent_nonce": agent_nonce,
        "issued_at": whole_number(envelope["issued_at"]),
        "expires_at": whole_number(envelope["expires_at"]),
        "channel_binding": envelope["channel_binding"],
        "shown": bytes.fromhex(envelope["shown"]),
        "signature": unbase64url(envelope["signature"]),
    }


def check_sizes_and_times(assertion, now):
    if len(assertion["certificate"]) > 16 * 1024:
        raise Refused("certificate-size")
    if not 1 <= len(assertion["signature"]) <= 512:
        raise Refused("signature-size")
    if not 1 <= assertion["expires_at"] - assertion["issued_at"] <= 120:
        raise Refused("lifetime")
    if now < assertion["issued_at"] - 120:
        raise Refused("not-yet-valid")
    if now > assertion["expires_at"] + 120:
        raise Refused("expired")


CERTIFICATES = {}


def check_certificate(der, trust, now, folder):
    """Path, revocation and use at a time; returns the public key. Remembered for cases of one file with the same trust."""
    case = (der, now)
    if case not in CERTIFICATES:
        try:
            CERTIFICATES[case] = look_at_certificate(der, trust, now, folder)
        except Refused as refused:
            CERTIFICATES[case] = refused
    if isinstance(CERTIFICATES[case], Refused):
        raise CERTIFICATES[case]
    return CERTIFICATES[case]


def look_at_certificate(der, trust, now, folder):
    certificate = os.path.join(folder, "certificate.pem")
    if openssl("x509", "-inform", "DER", "-out", certificate, data=der).returncode != 0:
        raise Refused("certificate-unreadable")
    files = {}
    for name in ("anchors", "intermediates", "crls"):
        files[name] = os.path.join(folder, name + ".pem")
        with open(files[name], "w", encoding="ascii") as output:
            output.write(trust[name])
    path = openssl(
        "verify", "-attime", str(now), "-no-CApath", "-no-CAstore", "-CAfile", files["anchors"],
        "-untrusted", files["intermediates"], "-CRLfile", files["crls"], "-crl_check_all",
        "-check_ss_sig", "-x509_strict", certificate,
    )
    if path.returncode != 0:
        raise Refused("certificate-refused")
    usage = openssl("x509", "-in", certificate, "-noout", "-ext", "keyUsage,extendedKeyUsage").stdout.decode()
    if "Digital Signature" not in usage or "Non Repudiation" in usage or "TLS Web Client Authentication" not in usage:
        raise Refused("certificate-refused")
    key = openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout
    return key, key_kind(openssl("pkey", "-pubin", "-noout", "-text", data=key).stdout.decode())


def key_kind(text):
    """`rsa` or the curve's name, with the length of a signature; none where section 3 has no such key."""
    curve = re.search(r"ASN1 OID: (\S+)", text)
    if curve:
        return {"prime256v1": ("prime256v1", 64), "secp384r1": ("secp384r1", 96)}.get(curve.group(1))
    bits = re.search(r"Public-Key: \((\d+) bit\)", text)
    exponent = re.search(r"Exponent: (\d+)", text)
    if not bits or not exponent or not 2048 <= int(bits.group(1)) <= 4096:
        return None
    value = int(exponent.group(1))
    if value % 2 == 0 or not 17 <= value.bit_length() <= 64:
        return None
    return "rsa", (int(bits.group(1)) + 7) // 8


def check_algorithm(name, kind, offered):
    if name not in ALGORITHMS:
        raise Refused("unknown-algorithm")
    if kind is None:
        raise Refused("key-refused")
    if ALGORITHMS[name][0] != kind[0]:
        raise Refused("algorithm-mismatch")
    if name not in offered:
        raise Refused("algorithm-not-offered")


def der_integer(value):
    value = value.lstrip(b"\x00") or b"\x00"
    value = b"\x00" + value if value[0] & 0x80 else value
    return b"\x02" + bytes([len(value)]) + value


def holds(name, key, length, signed, signature, folder):
    """Whether the signature by this algorithm is one of these bytes. The `openssl` program looks at no more than the length of the key."""
    _, digest, half = ALGORITHMS[name]
    if len(signature) != length:
        return False
    if half is not None:
        numbers = der_integer(signature[:half]) + der_integer(signature[half:])
        signature = b"\x30" + bytes([len(numbers)]) + numbers
    files = {"key": key, "signature": signature}
    for file, content in files.items():
        files[file] = os.path.join(folder, file)
        with open(files[file], "wb") as output:
            output.write(content)
    options = []
    if name == "PS256":
        for option in ("rsa_padding_mode:pss", "rsa_pss_saltlen:digest", "rsa_mgf1_md:sha256"):
            options += ["-sigopt", option]
    said = openssl("dgst", "-" + digest, "-verify", files["key"], "-signature", files["signature"], *options, data=signed)
    return said.returncode == 0


def prefixed(value):
    return len(value).to_bytes(4, "big") + value


def offered_hash(names):
    return hashlib.sha256(b"".join(prefixed(name.encode("ascii")) for name in names)).digest()


def own_terms(expected):
    return {
        "audience": expected["audience"].encode("ascii"),
        "origin": expected["origin"].encode("ascii"),
        "nonce": unbase64url(expected["nonce"]),
        "offered": offered_hash(expected["offered"]),
        "binding_value": unbase64url(expected["channel_binding"]["value"]),
    }


def read_stated(stated):
    """The terms of section 8 that are stated, or none where one of them cannot be read."""
    terms = {}
    for name in ("audience", "origin", "nonce", "binding_value"):
        value = stated.get(name)
        if value is None:
            continue
        if len(value.encode()) > 512:
            return {}
        try:
            terms[name] = value.encode() if name in ("audience", "origin") else unbase64url(value)
        except Refused:
            return {}
    names = stated.get("offered")
    if names is not None:
        well = [isinstance(name, str) and re.fullmatch(r"[!-~]{1,64}", name) for name in names]
        if not 1 <= len(names) <= 16 or not all(well) or len(set(names)) != len(names):
            return {}
        terms["offered"] = offered_hash(names)
    return terms


def to_be_signed(terms, assertion, algorithm):
    return b"".join((
        b"\x20" * 64,
        b"card-agent authentication v1\x00",
        prefixed(algorithm.encode("ascii")),
        prefixed(terms["audience"]),
        prefixed(terms["origin"]),
        prefixed(terms["nonce"]),
        prefixed(assertion["agent_nonce"]),
        assertion["issued_at"].to_bytes(8, "big"),
        assertion["expires_at"].to_bytes(8, "big"),
        prefixed(b"authenticate"),
        prefixed(hashlib.sha256(assertion["certificate"]).digest()),
        prefixed(assertion["channel_binding"].encode("ascii")),
        prefixed(terms["binding_value"]),
        prefixed(assertion["shown"]),
        prefixed(terms["offered"]),
    ))


def reason(case, assertion, terms, key, kind, folder):
    """Section 8: why a signature does not hold."""
    name, signature = assertion["algorithm"], assertion["signature"]
    made_for = {**terms, **read_stated(case.get("stated") or {})}
    if holds(name, key, kind[1], to_be_signed(made_for, assertion, name), signature, folder):
        for term, code in (
            ("audience", "other-audience"), ("origin", "other-origin"), ("nonce", "other-nonce"), ("offered", "other-offer"),
        ):
            if made_for[term] != terms[term]:
                return code
        return "other-binding"
    for other, row in ALGORITHMS.items():
        if other != name and row[0] == kind[0] and holds(other, key, kind[1], to_be_signed(made_for, assertion, other), signature, folder):
            return "algorithm-mismatch"
    return "signature-wrong"


def verify(case, trust):
    expected = case["expected"]
    assertion = read_envelope(case["assertion"])
    check_sizes_and_times(assertion, expected["now"])
    if assertion["channel_binding"] != expected["channel_binding"]["type"]:
        raise Refused("channel-binding")
    with tempfile.TemporaryDirectory() as folder:
        key, kind = check_certificate(assertion["certificate"], trust, expected["now"], folder)
        name = assertion["algorithm"]
        check_algorithm(name, kind, expected["offered"])
        terms = own_terms(expected)
        signed = to_be_signed(terms, assertion, name)
        if "to_be_signed" in case and signed.hex() != case["to_be_signed"]:
            raise Refused("other-bytes-than-the-vector")
        if not holds(name, key, kind[1], signed, assertion["signature"], folder):
            raise Refused(reason(case, assertion, terms, key, kind, folder))


def outcome(case, trust):
    try:
        verify(case, trust)
    except Refused as refused:
        return str(refused)
    return "accepted"


def main(arguments):
    one = arguments[:1] == ["--one"]
    paths = arguments[1:] if one else arguments
    if len(paths) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with open(paths[0], encoding="utf-8") as source:
        vectors = json.load(source)
    if one:
        result = outcome(vectors["cases"][0], vectors["trust"])
        print(result)
        return 0 if result == "accepted" else 1
    wrong = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = threads.map(lambda case: outcome(case, vectors["trust"]), vectors["cases"])
    for case, result in zip(vectors["cases"], results):
        if result != case["outcome"]:
            wrong += 1
            print(f"{case['name']}: expected {case['outcome']}, found {result}")
    print(f"{len(vectors['cases'])} cases, {wrong} wrong")
    return 1 if wrong or not vectors["cases"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
