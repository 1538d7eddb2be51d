"""The example site (tests/web-site) as a person uses it in a browser: waits for what it says, and the choice of a card."""

from webdriver import Failed


def settled(browser, selector, words):
    """Until the element says these words; a problem shown instead ends the wait."""
    condition = (
        f"if (!document.querySelector('#problem').hidden) return 'problem';"
        f"return document.querySelector({selector!r}).textContent.includes({words!r}) && 'settled'")
    if browser.wait(f"{selector}: {words}", condition) == "problem":
        raise Failed(f"{browser.name}: {selector}: the page shows a problem:\n{browser.text('#problem')}")


def choose(browser, kind):
    """The professional's card of this kind."""
    script = "return [...document.querySelectorAll('#professionals label')].findIndex(label => label.textContent.includes(arguments[0]))"
    index = browser.script(script, f"({kind})")
    browser.click(f"#professionals label:nth-of-type({index + 1}) input")
