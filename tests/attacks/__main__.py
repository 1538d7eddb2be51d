"""Attacks a running agent of this user, as pages of other sites, rebound names and programs that write bytes would, and counts what came through.

    python3 tests/attacks --site https://dossier.example.fr

`--site` is one of the origins of the agent's configuration, https without a port. Nothing is changed on the workstation, no PIN is asked for; the agent
must be running. Exit status 0 where every attack was refused as it must be."""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "door"))

import bodies
import foreign_page
import origins
import pages
import wire
from target import Target, default_root, default_socket
from webdriver import BROWSERS

# The agent's own count is asked after so many attacks, and after each that was not plainly refused.
BATCH = 16


def fault(attack, answer):
    """Why this answer is not the refusal that it must be; None where it is."""
    if answer.status not in attack.allowed:
        return f"answered {answer.status}"
    if b"access-control-allow-origin" in answer.head:
        granted = f"access-control-allow-origin: {attack.reader}".lower().encode()
        if attack.reader is None or granted not in answer.head or b"access-control-allow-origin: *" in answer.head:
            return "a stranger may read the answer"
    for never in (b"set-cookie", b"access-control-allow-credentials", b"access-control-allow-private-network", b"strict-transport-security", b"\r\nserver:"):
        if never in answer.head:
            return f"{never.decode().strip()} was sent"
    if attack.silent and answer.body:
        return f"a stranger was told {answer.body[:80]!r}"
    if answer.answers > 1:
        return f"{answer.answers} answers on one connection"
    return None


def run(target, group, attacks, failures):
    count = reached = 0
    before = target.performed()
    for attack in attacks:
        answer = target.exchange(*attack.pieces, **attack.connection)
        count += 1
        why = fault(attack, answer)
        if why:
            failures.append(f"{group}: {attack.name}: {why}")
        if count % BATCH and not attack.may_reach and answer.status not in (0, 200):
            continue
        now = target.performed()
        if now != before and not attack.may_reach:
            reached += now - before
            failures.append(f"{group}: {attack.name}, or one of those just before it: reached an operation")
        before = now
    came_through = target.performed() - before
    if came_through:
        reached += came_through
        failures.append(f"{group}: one of the last reached an operation")
    print(f"attacks: {group}: {count}, {reached} reached an operation", flush=True)
    return count, reached


def run_slow(target, failures):
    attacks = list(bodies.slow(target))
    before = target.performed()
    with ThreadPoolExecutor(len(attacks)) as pool:
        answers = pool.map(lambda attack: target.exchange(*attack.pieces), attacks)
        for attack, answer in zip(attacks, answers):
            why = fault(attack, answer)
            if why:
                failures.append(f"slow: {attack.name}: {why}")
    reached = target.performed() - before
    if reached:
        failures.append("slow: one of them reached an operation")
    print(f"attacks: slow peers: {len(attacks)}, {reached} reached an operation", flush=True)
    return len(attacks), reached


def run_browser(target, name, failures):
    """A hostile page in this browser, from a port beside the agent's."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder, foreign_page.served() as page:
        browser = BROWSERS[name](Path(folder))
        try:
            count, refused, reached = foreign_page.attack(target, browser, page, failures)
        finally:
            browser.close()
    print(f"attacks: a page in {name} {browser.version}: {count}, {refused} requests came to the door, {reached} reached an operation", flush=True)
    if refused == 0:
        failures.append(f"{name}: nothing that the page tried came to the door; does {name} believe the agent's certificate (paraphe trust status)?")
    return count, reached


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", required=True, help="a configured origin")
    parser.add_argument("--port", type=int, default=47443)
    parser.add_argument("--root", default=default_root(), help="the workstation's root certificate")
    parser.add_argument("--socket", default=default_socket(), help="the agent's Unix socket")
    parser.add_argument("--quick", action="store_true", help="without slow peers, which take half a minute")
    parser.add_argument("--browser", action="append", default=[], choices=sorted(BROWSERS), help="also a hostile page in this browser; repeatable")
    options = parser.parse_args()
    target = Target(options.port, options.root, options.socket, options.site)
    failures = []
    groups = [
        run(target, "pages of another site", pages.attacks(target), failures),
        run(target, "origins", origins.attacks(target), failures),
        run(target, "rebinding, headers, smuggling", wire.attacks(target), failures),
        run(target, "bodies and JSON", bodies.attacks(target), failures),
    ]
    if not options.quick:
        groups.append(run_slow(target, failures))
    groups.extend(run_browser(target, name, failures) for name in options.browser)
    for failure in failures:
        print(f"attacks: FAILED: {failure}", file=sys.stderr)
    total = sum(count for count, _ in groups)
    reached = sum(through for _, through in groups)
    print(f"attacks: {total} attacks, {reached} reached an operation, {len(failures)} not refused as they must be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
