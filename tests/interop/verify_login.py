#!/usr/bin/env python3
"""Verify login assertions: a second implementation, written from docs/login-assertion.md alone.

Python standard library and the `openssl` program only.

usage: verify_login.py VECTORS.json          every case must have the outcome that it names
       verify_login.py --one VECTORS.json    the file holds one case; print its outcome

A vector file is laid out as in section 7 of the page. Exit status: 0 as expected or accepted, 1 not, 2 wrong usage.
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

MEMBERS = {
    "version", "certificate", "algorithm", "agent_nonce", "issued_at", "expires_at",
    "channel_binding", "shown", "signature",
}
BINDINGS = ("none", "tls-exporter", "jkt")


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


def check_certificate(der, trust, now, folder):
    """Path, revocation and use at a time; returns the file of the public key."""
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
    key = os.path.join(folder, "key.pem")
    with open(key, "wb") as output:
        output.write(openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout)
    return key


def check_algorithm(name, key, offered):
    if name != "RS256":
        raise Refused("unknown-algorithm")
    text = openssl("pkey", "-pubin", "-in", key, "-noout", "-text").stdout.decode()
    bits = re.search(r"Public-Key: \((\d+) bit\)", text)
    exponent = re.search(r"Exponent: (\d+)", text)
    if not bits or not exponent or not 2048 <= int(bits.group(1)) <= 4096:
        raise Refused("key-refused")
    value = int(exponent.group(1))
    if value % 2 == 0 or not 17 <= value.bit_length() <= 64:
        raise Refused("key-refused")
    if name not in offered:
        raise Refused("algorithm-not-offered")


def prefixed(value):
    return len(value).to_bytes(4, "big") + value


def to_be_signed(expected, assertion):
    binding = unbase64url(expected["channel_binding"]["value"])
    offered = b"".join(prefixed(name.encode("ascii")) for name in expected["offered"])
    return b"".join((
        b"\x20" * 64,
        b"card-agent authentication v1\x00",
        prefixed(assertion["algorithm"].encode("ascii")),
        prefixed(expected["audience"].encode("ascii")),
        prefixed(expected["origin"].encode("ascii")),
        prefixed(unbase64url(expected["nonce"])),
        prefixed(assertion["agent_nonce"]),
        assertion["issued_at"].to_bytes(8, "big"),
        assertion["expires_at"].to_bytes(8, "big"),
        prefixed(b"authenticate"),
        prefixed(hashlib.sha256(assertion["certificate"]).digest()),
        prefixed(assertion["channel_binding"].encode("ascii")),
        prefixed(binding),
        prefixed(assertion["shown"]),
        prefixed(hashlib.sha256(offered).digest()),
    ))


def verify(case, trust):
    expected = case["expected"]
    assertion = read_envelope(case["assertion"])
    check_sizes_and_times(assertion, expected["now"])
    if assertion["channel_binding"] != expected["channel_binding"]["type"]:
        raise Refused("channel-binding")
    with tempfile.TemporaryDirectory() as folder:
        key = check_certificate(assertion["certificate"], trust, expected["now"], folder)
        check_algorithm(assertion["algorithm"], key, expected["offered"])
        signed = to_be_signed(expected, assertion)
        if "to_be_signed" in case and signed.hex() != case["to_be_signed"]:
            raise Refused("other-bytes-than-the-vector")
        signature = os.path.join(folder, "signature")
        with open(signature, "wb") as output:
            output.write(assertion["signature"])
        if openssl("dgst", "-sha256", "-verify", key, "-signature", signature, data=signed).returncode != 0:
            raise Refused("signature-wrong")


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
    for case in vectors["cases"]:
        result = outcome(case, vectors["trust"])
        if result != case["outcome"]:
            wrong += 1
            print(f"{case['name']}: expected {case['outcome']}, found {result}")
    print(f"{len(vectors['cases'])} cases, {wrong} wrong")
    return 1 if wrong or not vectors["cases"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
