#!/usr/bin/env python3
"""Real browsers at pages that use Paraphe's client: the example web site end to end, the page of the client's README, and everything that
a page can tell apart when the agent does not answer it.

usage: browsers.py FOLDER chromium|firefox

FOLDER gets the screenshots, and the logs of everything that ran. To be started by tests/browsers.sh, in namespaces of its own. Exit status:
0 every step was seen, 1 not, 2 wrong usage.
"""

import http.server
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "attacks"))

import foreign_page
import own_page
import workstation
from example_site import choose, settled
from target import Target
from webdriver import BROWSERS, Failed

DOCUMENTS = ["compte-rendu.pdf", "note-de-suivi.txt", "lettre-de-liaison.rtf"]
README = workstation.PROJECT / "protocol/js/README.md"


def story(browser, place, pictures):
    """The site is paired; reception creates the record of the patient; the physician signs three documents for it."""
    browser.open(f"{workstation.ORIGIN}/")
    browser.click("#pair")
    number = browser.wait("the number to compare", "return document.querySelector('#pairing strong')?.textContent")
    browser.screenshot(pictures / f"{browser.name}-pairing.png")
    settled(browser, "#pairing", "associé au poste")
    shown = place.person.was_shown()
    if workstation.ORIGIN not in shown or number not in shown:
        raise Failed(f"{browser.name}: the page shows {number}, the agent's window: {shown}")
    browser.click("#read")
    settled(browser, "#patient", "PATIENTESSAI")
    choose(browser, "CPE")
    browser.click("#login")
    settled(browser, "#session", "Connecté")
    browser.click("#consent")
    browser.click("#create")
    settled(browser, "#record", "créé")
    browser.screenshot(pictures / f"{browser.name}-reception.png")
    choose(browser, "CPS")
    browser.script("document.querySelector('#session').textContent = ''")
    browser.click("#login")
    settled(browser, "#session", "Connecté")
    files = [str(workstation.PROJECT / "tests/documents" / name) for name in DOCUMENTS]
    browser.type("#files", "\n".join(files))
    browser.click("#sign")
    settled(browser, "#lot", f"{len(DOCUMENTS)} documents signés")
    rows = browser.script("return document.querySelectorAll('#documents tbody tr').length")
    if rows != len(DOCUMENTS):
        raise Failed(f"{browser.name}: {rows} documents in the record")
    browser.screenshot(pictures / f"{browser.name}-physician.png")


def readme(browser, place, pictures):
    """The page that the client's README shows logs the physician in."""
    page = re.search(r"```html\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL).group(1)
    lines = page.count("\n")
    if lines >= 30:
        raise Failed(f"the README's page has {lines} lines")
    (place.folder / "web-site/readme/index.html").write_text(page.replace("./paraphe/", "/paraphe/"), encoding="utf-8")
    browser.open(f"{workstation.ORIGIN}/readme/")
    browser.click("#login")
    answer = browser.wait("the README's login", "return document.querySelector('#answer').textContent.match(/^(Bonjour|.*\\.) .*/)?.[0]")
    if not answer.startswith("Bonjour CAMILLE"):
        raise Failed(f"{browser.name}: the README's page says: {answer}")
    browser.screenshot(pictures / f"{browser.name}-readme.png")
    return lines


def diagnoses(browser, place):
    """What the client says of an agent that does not answer, each case set up for real."""
    found = {}
    place.stop_agent()
    found["agent-not-running"] = diagnosis(browser)
    with another_web_server():
        found["wrong-program-on-port"] = diagnosis(browser)
    place.start_agent(tls="other-tls")
    found["browser-certificate-not-trusted"] = diagnosis(browser)
    place.stop_agent()
    place.start_agent()
    found["site-not-granted"] = failure(browser, "status()")
    browser.promise("import('/paraphe/index.js').then(({ Paraphe }) => new Paraphe().pair(['log-in']))")
    found["agent-too-old"] = failure(browser, "call('card/levitate')")
    if browser.name == "chromium":
        found["browser-permission-refused"] = diagnosis(browser, workstation.REFUSED_ORIGIN)
    wrong = {expected: code for expected, code in found.items() if expected != code}
    if wrong:
        raise Failed(f"{browser.name}: told instead: {wrong}")
    return found


def diagnosis(browser, origin=workstation.ORIGIN):
    browser.open(f"{origin}/")
    return browser.promise(
        "import('/paraphe/index.js').then(({ Paraphe }) => new Paraphe().diagnosis()).then((problem) => problem?.code ?? 'none')")


def failure(browser, call):
    """The code with which a call of the client fails."""
    return browser.promise(f"import('/paraphe/index.js').then(({{ Paraphe }}) => new Paraphe().{call}).then(() => 'none', ({{ code }}) => code)")


def foreign(browser, place):
    """Pages of somebody else, from another network and from this machine: what they try comes to the door or not, never to an operation, and nobody
    is asked anything. Gives how many attempts there were, and how many came to the door."""
    target = Target(workstation.PORT, None, str(place.folder / "run/paraphe/agent.sock"), None)
    shown = place.person.was_shown()
    failures = []
    from_network, passed, _ = foreign_page.attack(target, browser, f"{workstation.FOREIGN_ORIGIN}/", failures)
    with foreign_page.served() as page:
        from_here, came, _ = foreign_page.attack(target, browser, page, failures)
    if came == 0:
        failures.append(f"{browser.name}: nothing of what was tried from this machine came to the door")
    if place.person.was_shown() != shown:
        failures.append(f"{browser.name}: the person was asked something")
    if failures:
        raise Failed("\n".join(failures))
    return f"{from_network + from_here} attempts of foreign pages, of which {passed} and {came} requests came to the door and none to an operation"


class another_web_server:
    """Another program holds the agent's port."""

    def __enter__(self):
        address = ("127.0.0.1", workstation.PORT)
        self.server = http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler)
        self.server.RequestHandlerClass.log_message = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def run(name, folder, pictures):
    place = workstation.Workstation(folder)
    try:
        place.install_hospital()
        place.paraphe("trust", "install", "--user", "root", "--site", workstation.ORIGIN)
        place.start_agent()
        place.start_record_server()
        started = time.monotonic()
        browser = BROWSERS[name](folder)
        try:
            story(browser, place, pictures)
            took = time.monotonic() - started
            place.stop_agent()
            place.start_agent()
            browser.open(f"{workstation.ORIGIN}/")
            files = [workstation.PROJECT / "tests/documents" / name for name in DOCUMENTS]
            reachable = own_page.seen(browser, place, pictures, workstation.ORIGIN, files)
            attacked = foreign(browser, place)
            place.stop_agent()
            place.start_agent(cards=["physician"])
            lines = readme(browser, place, pictures)
            told = diagnoses(browser, place)
        except BaseException:
            browser.screenshot(pictures / f"{name}-failed.png")
            raise
        finally:
            browser.close()
        print(f"browsers: {name} {browser.version}: from pairing to the signed lot in {took:.0f} s, the agent's page with {reachable} "
              f"things that the keyboard reaches, {attacked}, a login with the README's page of {lines} lines, told apart: {', '.join(told)}")
    finally:
        place.close()
        for log in folder.glob("*.log"):
            (pictures / f"{name}-{log.name}").write_bytes(log.read_bytes())


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in BROWSERS:
        print(__doc__, file=sys.stderr)
        return 2
    pictures = Path(sys.argv[1]).resolve()
    try:
        with tempfile.TemporaryDirectory(prefix="browsers-") as folder:
            workstation.enter(Path(folder))
            run(sys.argv[2], Path(folder), pictures)
    except Failed as failure:
        print(f"browsers: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
