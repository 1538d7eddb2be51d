"""Judges an XAdES signature with signxml, which nobody in this project wrote.

usage: verify_xades.py SIGNATURE.xml CERTIFICATE.pem REFERENCES [NAME FILE]...

Exits with 0 where signxml's XAdESVerifier accepts the signature by that certificate's key. SHA-256, SHA-384 and SHA-512 only; the
detached documents are the files given. signxml's own path check demands digitalSignature, which a card's signature certificate does not
have, so the certificate is given.
"""

import sys

from signxml import DigestAlgorithm, SignatureMethod
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier


def main():
    path, certificate, references, *pairs = sys.argv[1:]
    files = dict(zip(pairs[::2], pairs[1::2]))

    def resolve(uri):
        with open(files[uri], "rb") as file:
            return file.read()

    configuration = XAdESSignatureConfiguration(
        require_x509=True,
        expect_references=int(references),
        signature_methods=frozenset(method for method in SignatureMethod if "SHA1" not in method.name),
        digest_algorithms=frozenset(
            [DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512]
        ),
    )
    with open(path, "rb") as file:
        data = file.read()
    with open(certificate) as file:
        pem = file.read()
    results = XAdESVerifier().verify(
        data,
        x509_cert=pem,
        expect_config=configuration,
        uri_resolver=resolve if files else None,
    )
    assert len(results) == int(references)


main()
