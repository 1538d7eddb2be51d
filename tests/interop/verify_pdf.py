"""Judges a signed PDF with pyHanko, which nobody in this project wrote.

usage: verify_pdf.py PDF ANCHORS.pem SECONDS

Prints one line of JSON: for each signature and document time stamp, in the order of the file, what pyHanko says. SECONDS since 1970
is the time to judge at. Nothing is fetched.
"""

import json
import sys
from datetime import datetime, timezone

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext


def certificates(path):
    with open(path, "rb") as file:
        blocks = pem.unarmor(file.read(), multiple=True)
        return [x509.Certificate.load(der) for _, _, der in blocks]


def main():
    path, anchors, seconds = sys.argv[1:]
    context = ValidationContext(
        trust_roots=certificates(anchors),
        allow_fetching=False,
        moment=datetime.fromtimestamp(int(seconds), timezone.utc),
    )
    with open(path, "rb") as file:
        reader = PdfFileReader(file)
        told = []
        for signature in reader.embedded_signatures:
            is_time_stamp = signature.sig_object.get("/Type") == "/DocTimeStamp"
            if is_time_stamp:
                status = validate_pdf_timestamp(signature, context)
            else:
                status = validate_pdf_signature(signature, context)
            stamp = getattr(status, "timestamp_validity", None)
            told.append(
                {
                    "field": signature.field_name,
                    "time_stamp": is_time_stamp,
                    "intact": status.intact,
                    "valid": status.valid,
                    "trusted": status.trusted,
                    "accepted": status.intact and status.valid and status.trusted if is_time_stamp else status.bottom_line,
                    "coverage": signature.evaluate_signature_coverage().name,
                    "changes": getattr(getattr(status, "modification_level", None), "name", None),
                    "signature_time_stamp": None if stamp is None else bool(stamp.intact and stamp.valid and stamp.trusted),
                }
            )
    print(json.dumps(told))


main()
