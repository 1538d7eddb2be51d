"""A page of another site in a real browser: everything that it can make the browser send (page/attack.js), from wherever the page is served, and
what no page needs a script for: forms over the whole window, links, names that lead to the loopback (`*.localhost`, as DNS rebinding
would have them)."""

import http.server
import threading
import time
from pathlib import Path

from shapes import OPERATIONS

PAGE = Path(__file__).resolve().parent / "page"
# What a page may learn: that a request was sent, and nothing of its answer.
HARMLESS = {"nothing", "opaque"}


def attack(target, browser, page, failures):
    """Opens the page at this address and lets it try; gives the numbers of attempts, of those that reached the door, and of those that
    reached an operation."""
    own = f"https://127.0.0.1:{target.port}"
    urls = [f"{own}/v1/{operation}" for operation in OPERATIONS]
    urls += [f"https://{host}:{target.port}/v1/status" for host in ("localhost", "[::1]", "rebound.localhost")]
    urls += [f"{own}/", f"{own}/page.js", f"{own}/v1/page/enter"]
    performed, refused = target.count("requests_performed"), target.count("requests_refused")
    browser.open(page)
    learned = browser.promise("attack(arguments[0])", urls)
    for name, what in learned:
        if what not in HARMLESS:
            failures.append(f"{browser.name} at {page}: {name}: {what[:200]}")
    count = len(learned)
    for url in urls[:2]:
        for media_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
            # The page before may still be on its way.
            browser.try_to_open(page)
            browser.open(page)
            browser.script("leave(...arguments)", url, media_type)
            time.sleep(0.1)
            count += 1
    for url in (f"http://rebound.localhost:{target.port}/v1/status", f"http://127.0.0.1:{target.port}/v1/status", *urls[: len(OPERATIONS)]):
        browser.try_to_open(url)
        count += 1
    reached = target.count("requests_performed") - performed
    if reached:
        failures.append(f"{browser.name} at {page}: {reached} requests reached an operation")
    return count, target.count("requests_refused") - refused, reached


class Files(http.server.SimpleHTTPRequestHandler):
    """The page's files, without a word about who asked."""

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=PAGE)

    def log_message(self, *_):
        pass


class served:
    """The page at an address of the loopback, a port beside the agent's: no permission for other networks stands between them."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
