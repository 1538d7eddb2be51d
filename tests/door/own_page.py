"""The agent's own page in a real browser, as the person uses it beside the example site: opened by its link, by keyboard alone, in French and in
English, with the names and roles that the browser gives to a screen reader (W3C Accessible Name and Description Computation).

Used by browsers.py. Refused by the page, and seen here: a link that was used, a page that is loaded anew.
"""

import json
import time
from contextlib import contextmanager

from example_site import choose, settled
from shapes import good_lines, request
from target import Target
from webdriver import ENTER, PATIENCE, SPACE, TAB, Failed
from workstation import PORT

TITLES = {
    "fr": ["Demandes en attente", "Lecteurs et cartes", "Mandats", "Sites autorisés", "Journal", "État du poste"],
    "en": ["Requests that wait", "Readers and cards", "Mandates", "Sites that have rights", "Journal", "State of the workstation"],
}
# Everything that the keyboard must reach, in the order of the page.
REACHABLE = "a[href], button, input, [tabindex='0']"
# The first thing that the Tab key reaches; past the last one the browser's own bars would follow.
BEGINNING = "document.querySelector('.skip').focus()"
# Roles that say what can be done with an element, or what it holds.
ROLES = {"link", "button", "checkbox", "region", "group", "generic", "pre"}


class Beside:
    """Two windows: the site's and the agent's page."""

    def __init__(self, browser, place):
        self.browser = browser
        self.place = place
        self.site = browser.window()
        self.page = browser.new_window()

    def look_at(self, window):
        self.browser.look_at(window)
        return self.browser

    def open(self):
        link = self.place.ask_agent("open", "--print").strip()
        self.look_at(self.page).open(link)
        self.browser.wait("the agent's page", "return !document.querySelector('#sections').hidden")
        self.browser.wait("the state of the workstation", "return document.querySelector('#doctor .content').textContent !== ''")
        return link


def seen(browser, place, pictures, origin, documents):
    """Every section of the page, and everything that a person can do there. The site must be open in the browser's window, not yet paired."""
    both = Beside(browser, place)
    link = both.open()
    shown = browser.script("return location.href")
    if link.split("#")[0] != shown:
        raise Failed(f"{browser.name}: the address bar shows {shown}")
    speaks(browser, "fr")
    says(browser, "#cards", "CAMILLE", "Essais du code restants\n3", "Expire le")
    says(browser, "#requests", "Rien n’attend votre réponse.")
    grant_with_keyboard(both, pictures, origin)
    pin_with_preview(both, pictures, documents)
    stop_a_mandate(both)
    reachable = keyboard(browser)
    browser.screenshot(pictures / f"{browser.name}-agent-fr.png")
    focus(browser, "#language")
    browser.press(ENTER)
    browser.wait("English", "return document.documentElement.lang === 'en' && document.querySelector('#doctor').textContent.includes('Look again')")
    speaks(browser, "en")
    says(browser, "#cards", "PIN tries left\n3", "Expires on")
    keyboard(browser)
    browser.screenshot(pictures / f"{browser.name}-agent-en.png")
    press_button(browser, "Check the journal")
    browser.wait("the journal's state", "return document.querySelector('#message').textContent.startsWith('The journal is intact')")
    revoke(both, origin)
    elsewhere = browser.script(
        "return performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.startsWith(location.origin + '/'))")
    if elsewhere:
        raise Failed(f"{browser.name}: the agent's page loaded {elsewhere}")
    stranger(both, link)
    return reachable


def grant_with_keyboard(both, pictures, origin):
    """The site asks; the person leaves one right out and answers on the page, with the keyboard."""
    browser, place = both.browser, both.place
    place.person.does_nothing()
    both.look_at(both.site).click("#pair")
    number = browser.wait("the number to compare", "return document.querySelector('#pairing strong')?.textContent")
    both.look_at(both.page)
    browser.wait("the site's request", f"return document.querySelector('#requests').textContent.includes({origin!r})")
    says(browser, "#requests", number, "lire la carte Vitale", "se connecter en votre nom")
    browser.screenshot(pictures / f"{browser.name}-agent-pairing.png")
    # Refuse comes first: a key that was pressed too often grants nothing.
    buttons = browser.script("return [...document.querySelectorAll('#requests button')].map((one) => one.textContent)")
    if buttons != ["Refuser", "Autoriser cette fois", "Autoriser jusqu’à nouvel ordre"]:
        raise Failed(f"{browser.name}: {buttons}")
    focus(browser, "#requests input[type=checkbox]")
    browser.press(SPACE)
    if browser.script("return document.querySelector('#requests input[type=checkbox]').checked"):
        raise Failed(f"{browser.name}: the space bar leaves the box as it is")
    with another_site_asks(both, "agenda"):
        if browser.script("return document.querySelector('#requests input[type=checkbox]').checked"):
            raise Failed(f"{browser.name}: a right that was cleared comes back when another site asks")
    focus(browser, "#requests input[type=checkbox]")
    browser.press(SPACE)
    press_button(browser, f"Autoriser {origin} pour cette fois")
    browser.wait("the grant's article", "return document.querySelector('#grants').textContent.includes('pour cette fois')")
    settled(both.look_at(both.site), "#pairing", "associé au poste")
    both.look_at(both.page)


@contextmanager
def another_site_asks(both, name):
    """A request of another site comes while the person looks at one, and is refused by keyboard; a refused site rests."""
    origin = f"https://{name}.simulateur.invalid"
    browser = both.browser
    target = Target(PORT, both.place.folder / "tls/root.pem", None, None)
    body = json.dumps({"rights": ["read-professional"]})
    answer = target.exchange(request(f"127.0.0.1:{PORT}", good_lines(origin), body, target="/v1/pairing/request"))
    if answer.status != 200:
        raise Failed(f"{origin} may not ask: {answer.raw!r}")
    listed = f"return document.querySelector('#requests').textContent.includes({origin!r})"
    browser.wait("the other site's request", listed)
    yield
    press_button(browser, f"Refuser la demande de {origin}")
    browser.wait("its end", listed.replace("return ", "return !"))


def pin_with_preview(both, pictures, documents):
    """A lot waits for its PIN: the page shows what would be signed; a no is a no, then the PIN is typed in its window."""
    browser, person = both.browser, both.place.person
    person.types_the_pin()
    both.look_at(both.site).click("#read")
    settled(browser, "#patient", "PATIENTESSAI")
    choose(browser, "CPS")
    browser.click("#login")
    settled(browser, "#session", "Connecté")
    browser.type("#files", "\n".join(map(str, documents)))
    person.does_nothing()
    browser.click("#sign")
    both.look_at(both.page)
    browser.wait("the question for the PIN", "return document.querySelector('#requests').textContent.includes('Un code est demandé')")
    for document in documents:
        says(browser, "#requests", document.name)
    text = next(document for document in documents if document.suffix == ".txt")
    press_button(browser, f"Voir {text.name}")
    beginning = text.read_text(encoding="utf-8").split("\n")[0]
    browser.wait("the preview", f"return document.querySelector('#requests pre')?.textContent.includes({beginning!r})")
    with another_site_asks(both, "annuaire"):
        says(browser, "#requests pre", beginning)
    save_a_copy(both, next(document for document in documents if document.suffix == ".pdf"))
    browser.screenshot(pictures / f"{browser.name}-agent-pin.png")
    if browser.script("return document.querySelectorAll('input:not([type=checkbox])').length"):
        raise Failed(f"{browser.name}: the agent's page has a field to type in")
    press_button(browser, "Refuser")
    browser.wait("the question's end", "return document.querySelector('#requests').textContent.includes('Rien n’attend votre réponse')")
    both.look_at(both.site).wait("the refusal", "return !document.querySelector('#problem').hidden && document.querySelector('#problem-code').textContent")
    code = browser.text("#problem-code")
    if code != "operation-cancelled":
        raise Failed(f"{browser.name}: the site was told {code}")
    person.types_the_pin_when_told()
    browser.click("#sign")
    both.look_at(both.page).wait("the question for the PIN", "return document.querySelector('#requests').textContent.includes('Un code est demandé')")
    # Without a browser the same is asked for at a terminal.
    asked = json.loads(both.place.ask_agent("request", "list", "--json"))["requests"][0]["request"]
    for number, document in enumerate(documents, 1):
        copy = both.place.folder / f"copy-{number}"
        both.place.ask_agent("request", "get", asked, str(number), "--output", copy)
        if copy.read_bytes() != document.read_bytes():
            raise Failed(f"{document.name}: another copy was given")
        copy.unlink()
    person.is_told()
    settled(both.look_at(both.site), "#lot", f"{len(documents)} documents signés")
    both.look_at(both.page)


def save_a_copy(both, document):
    """What is no text is looked at in another program: the copy is what would be signed, byte for byte."""
    browser = both.browser
    press_button(browser, f"Voir {document.name}")
    browser.wait("the document's kind", "return document.querySelector('#requests').textContent.includes('application/pdf')")
    press_button(browser, f"Enregistrer une copie de {document.name} pour la regarder")
    until = time.monotonic() + PATIENCE
    while True:
        saved = [file for file in both.place.folder.rglob(document.name) if file.stat().st_size]
        if saved and saved[0].read_bytes() == document.read_bytes():
            break
        if time.monotonic() > until:
            raise Failed(f"{browser.name}: no copy of {document.name} among the downloads: {saved}; {browser.text('#message')}")
        time.sleep(0.1)
    if browser.shows_downloads:
        wait_for_the_shown(both, document)


def wait_for_the_shown(both, document):
    """The browser shows the copy in a window of its own. Until that is complete it takes the keyboard from the page, at a moment of its choice."""
    browser = both.browser
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for window in set(browser.windows()) - {both.site, both.page}:
            try:
                browser.look_at(window)
                address = browser.script("return document.readyState === 'complete' ? decodeURI(location.href) : ''")
            except Failed:
                # The window changes its process on the way from its empty page to the file.
                continue
            if address.endswith(f"/{document.name}"):
                both.look_at(both.page)
                return
        time.sleep(0.1)
    raise Failed(f"{browser.name}: the copy is not shown")


def stop_a_mandate(both):
    """Opened by a program of the person, stopped on the page."""
    browser, place = both.browser, both.place
    place.person.types_the_pin()
    readers = json.loads(place.ask_agent("status", "--json"))["readers"]
    reader = [one["name"] for one in readers if one["card"]["kind"] == "cps3"][-1]
    place.ask_agent("mandate", "open", "--purpose", "Comptes rendus du matin", "--maximum-count", "20", "--reader", reader)
    browser.wait("the mandate", "return document.querySelector('#mandates').textContent.includes('20 / 20')")
    says(browser, "#mandates", "Comptes rendus du matin", "Temps restant")
    press_button(browser, "Arrêter le mandat « Comptes rendus du matin »")
    browser.wait("the mandate's end", "return document.querySelector('#mandates').textContent.includes('Terminé')")
    mandates = json.loads(place.ask_agent("mandate", "status", "--json"))["mandates"]
    if any("end" not in one for one in mandates):
        raise Failed(f"{browser.name}: stopped on the page, and open: {mandates}")


def revoke(both, origin):
    browser = both.browser
    press_button(browser, f"Take the rights of {origin} away")
    browser.wait("the grant's end", "return !document.querySelector('#grants').textContent.includes('this time')")
    both.look_at(both.site).click("#read")
    browser.wait("the refusal", "return document.querySelector('#problem-code').textContent === 'site-not-granted'")
    both.look_at(both.page)


def stranger(both, link):
    """A used link, and the page loaded anew, show nothing."""
    browser = both.browser
    for address in (link, link.split("#")[0]):
        browser.open("about:blank")
        browser.open(address)
        browser.wait("a page for strangers", "return document.querySelector('#message')?.textContent.includes('paraphe open')")
        if not browser.script("return document.querySelector('#sections').hidden"):
            raise Failed(f"{browser.name}: {address} was opened twice")


def speaks(browser, language):
    titles = browser.script("return [...document.querySelectorAll('h2')].map((title) => title.textContent)")
    if titles != TITLES[language]:
        raise Failed(f"{browser.name}: {titles}")


def says(browser, selector, *words):
    text = browser.text(selector)
    for word in words:
        if word not in text:
            raise Failed(f"{browser.name}: {selector} does not say {word!r}:\n{text}")


def focus(browser, selector):
    """Moves there by Tab, from the beginning of the page."""
    browser.script(BEGINNING)
    for _ in range(200):
        if browser.script("return document.activeElement === document.querySelector(arguments[0])", selector):
            return
        browser.press(TAB)
    raise Failed(f"{browser.name}: the Tab key does not reach {selector}")


def press_button(browser, name):
    """Finds the button by what a screen reader says, reaches it by Tab from the beginning of the page, presses it by
    Enter. What comes of it must be seen on the page before another window is looked at: Firefox loses a key whose window is left too soon."""
    browser.script(BEGINNING)
    for _ in range(200):
        browser.press(TAB)
        if browser.script("return document.activeElement.tagName === 'BUTTON'") and browser.label(browser.active()) == name:
            browser.press(ENTER)
            return
    raise Failed(f"{browser.name}: the Tab key reaches no button that is read as {name!r}")


def keyboard(browser):
    """Everything is reached by Tab in the page's order, is seen to have the focus, and has a name and a role; gives how many things there are."""
    time.sleep(0.5)
    browser.script(
        f"window.reachable = [...document.querySelectorAll({json.dumps(REACHABLE)})].filter((one) => one.checkVisibility());"
        + BEGINNING)
    count = browser.script("return window.reachable.length")
    for number in range(count):
        if number > 0:
            browser.press(TAB)
        here = browser.script("return window.reachable.indexOf(document.activeElement)")
        if here != number:
            what = browser.script("return document.activeElement.outerHTML.slice(0, 200)")
            raise Failed(f"{browser.name}: Tab number {number} leads to {here}: {what}")
        style = browser.script("const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement); return [outlineStyle, outlineWidth]")
        if style[0] == "none" or style[1] == "0px":
            raise Failed(f"{browser.name}: thing {number} does not show that it has the focus")
        element = browser.active()
        label, role = browser.label(element), browser.role(element)
        if not label or role not in ROLES:
            what = browser.script("return document.activeElement.outerHTML.slice(0, 200)")
            raise Failed(f"{browser.name}: read as {role!r} {label!r}: {what}")
    for section, title in zip(browser.find_all("section"), browser.find_all("h2"), strict=True):
        if browser.role(section) != "region" or browser.label(section) != browser.label(title):
            raise Failed(f"{browser.name}: a section is read as {browser.role(section)} {browser.label(section)!r}")
    return count
