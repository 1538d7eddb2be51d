"""What JSON Schema cannot say of a request, done to what schemathesis makes of the document. Only members that the document allows are
touched, so that a request that it forbids stays one."""

import time

import schemathesis

# How long a long poll may be asked to wait, and how long it is asked to here.
LONGEST_WAIT_MS = {"/v1/events": 60_000, "/v1/pairing/status": 25_000}
WAIT_MS = 50
PACKAGINGS = ("enveloped", "enveloping", "detached")


@schemathesis.hook
def before_call(context, case, kwargs):
    case.body = adapted(case.body)
    wait = case.body.get("wait_ms") if isinstance(case.body, dict) else None
    if type(wait) is int and WAIT_MS < wait <= LONGEST_WAIT_MS.get(case.operation.path, 0):
        case.body["wait_ms"] = WAIT_MS


def adapted(value):
    if isinstance(value, dict):
        return {name: adapted(member) for name, member in value.items() if not depends(name, member)}
    if isinstance(value, list):
        return [adapted(item) for item in value]
    # 1.0 is an integer to JSON Schema; the agent wants integers written as such.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value


def depends(name, value):
    """Whether it is refused because of something else: an end that has passed, a packaging that the format does not have."""
    if name == "not_after" and type(value) in (int, float):
        return -2**63 <= value <= time.time()
    return name == "packaging" and value in PACKAGINGS
