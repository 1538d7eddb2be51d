#!/usr/bin/env python3
"""schemathesis against a running agent, by the agent's own OpenAPI document: no answer that the document does not describe, no request
refused that it allows, none accepted that it does not.

usage: openapi.py SCHEMATHESIS EXAMPLES

SCHEMATHESIS is the program, EXAMPLES how many random requests each operation gets at most, beside those at
the bounds of its document. To be started by tests/openapi.sh, in
namespaces of its own. Exit status: schemathesis's.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import workstation

HERE = Path(__file__).resolve().parent


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="openapi-") as name:
        folder = Path(name)
        workstation.enter(folder)
        place = workstation.Workstation(folder, workstation.SITE_CONFIGURED)
        # Whoever is asked for a PIN says no: hundreds of requests ask.
        place.person.says_no()
        try:
            place.paraphe("trust", "init")
            place.start_agent()
            document = folder / "openapi.json"
            document.write_text(place.paraphe("openapi"))
            answer = subprocess.run(
                [sys.argv[1], "--config-file", HERE / "schemathesis.toml", "run", document,
                 "--url", f"https://127.0.0.1:{workstation.PORT}", "--tls-verify", folder / "tls/root.pem",
                 "--header", f"Origin: {workstation.ORIGIN}", *phases(int(sys.argv[2]))],
                cwd=folder, env={**os.environ, "PYTHONPATH": str(HERE)}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        finally:
            place.close()
        print_result(answer, json.loads(document.read_text()))
        return answer.returncode


def phases(examples):
    if examples == 0:
        return ["--phases", "coverage"]
    return ["--phases", "coverage,fuzzing", "--max-examples", str(examples)]


def print_result(answer, document):
    """What failed, or one line."""
    if answer.returncode:
        print(answer.stdout, answer.stderr, sep="\n")
        return
    cases = re.search(r"(\d+) generated", answer.stdout)
    print(f"openapi: {len(document['paths'])} operations, {cases.group(1)} requests, no failure")


if __name__ == "__main__":
    sys.exit(main())
