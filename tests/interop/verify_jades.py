"""Judges a JAdES signature with jwcrypto, which nobody in this project wrote.

usage: verify_jades.py SIGNATURE.json CERTIFICATE.pem [NAME FILE]...

Exits with 0 where jwcrypto accepts the signature value by that certificate's key, where the protected header names that certificate by
its SHA-256 and carries it first, and where the documents given are exactly those that `sigD` names, with their digests as this script
computes them. Writes the payload, where there is one, to standard output. jwcrypto refuses what is critical unless it is told that it is
understood; `sigD` is checked here.
"""

import base64
import hashlib
import json
import sys
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto import jwk, jws

DIGESTS = {"S256": "sha256", "S384": "sha384", "S512": "sha512"}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main():
    path, certificate, *pairs = sys.argv[1:]
    files = dict(zip(pairs[::2], pairs[1::2]))
    with open(path) as file:
        text = file.read()
    with open(certificate, "rb") as file:
        pem = file.read()

    registry = {"sigD": jws.JWSEHeaderParameter("Detached documents", True, True, None)}
    token = jws.JWS(header_registry=registry)
    token.deserialize(text)
    header = token.jose_header
    is_detached = "sigD" in header
    token.verify(jwk.JWK.from_pem(pem), detached_payload=b"" if is_detached else None)

    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert header["x5t#S256"] == base64url(hashlib.sha256(der).digest()), "x5t#S256"
    assert base64.b64decode(header["x5c"][0], validate=True) == der, "x5c"
    assert type(header["iat"]) is int, "iat"
    assert set(json.loads(text).get("header", {})) <= {"etsiU"}, "unsigned header"
    if is_detached:
        objects = header["sigD"]
        assert objects["mId"] == "http://uri.etsi.org/19182/ObjectIdByURIHash", "mId"
        assert set(header["crit"]) == {"b64", "sigD"} and header["b64"] is False, "crit"
        names = [unquote(name) for name in objects["pars"]]
        assert sorted(names) == sorted(files), "pars"
        assert len(objects["ctys"]) == len(names), "ctys"
        for name, digest in zip(names, objects["hashV"], strict=True):
            with open(files[name], "rb") as file:
                found = hashlib.file_digest(file, DIGESTS[objects["hashM"]]).digest()
            assert digest == base64url(found), name
    else:
        assert not files and "crit" not in header, "nothing stands beside"
        sys.stdout.buffer.write(token.payload)


main()
