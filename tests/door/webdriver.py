"""Chromium and Firefox ESR as Debian ships them, driven by WebDriver commands (W3C WebDriver): Chromium through Debian's chromedriver,
Firefox through the Marionette port that it has built in. Standard library only.

The browsers are unmodified. On their command lines: headless, a fresh profile, the driver's own port, and for Chromium `--no-sandbox`
where root runs it, which it refuses otherwise. Firefox's `remote.prefs.recommended` is off, so that being driven changes no preference of
it but two: `dom.file.createInChild`, by which the driver fills a file input in place of the file dialog, and
`browser.download.alwaysOpenPanel`, as the list of downloads would take the keyboard from the page whenever a download ends.
"""

import base64
import http.client
import json
import os
import socket
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 120
# The code points that WebDriver has for keys.
TAB, ENTER, SPACE = "\ue004", "\ue007", " "


class Failed(Exception):
    """The driver refused a command, or what was waited for did not come."""


class Browser:
    """What both have in common: the commands of W3C WebDriver by name."""

    def command(self, name, **parameters):
        raise NotImplementedError

    def open(self, url):
        self.command("Navigate", url=url)

    def try_to_open(self, url):
        """Where the answer may be none, or one that the browser does not show."""
        try:
            self.open(url)
        except Failed:
            pass

    def find(self, selector):
        found = self.command("FindElement", using="css selector", value=selector)
        return found[ELEMENT]

    def click(self, selector):
        """A click of the person: it counts as a gesture."""
        self.command("ElementClick", id=self.find(selector))

    def type(self, selector, text):
        self.command("ElementSendKeys", id=self.find(selector), text=text)

    def script(self, text, *arguments):
        return self.command("ExecuteScript", script=text, args=list(arguments))

    def promise(self, text, *arguments):
        """The result of an expression that is a promise."""
        body = f"const done = arguments[arguments.length - 1]; ({text}).then(done, (error) => done(`failed: ${{error}}`))"
        return self.command("ExecuteAsyncScript", script=body, args=list(arguments))

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait(self, what, condition):
        """Until the script `condition` gives something true, which is the result."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            value = self.script(condition)
            if value:
                return value
            time.sleep(0.1)
        raise Failed(f"{self.name}: {what}: not within {PATIENCE} s; the page says:\n{self.text('body')}")

    def press(self, key):
        """A key of the keyboard, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.command("PerformActions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def active(self):
        """The element that has the focus."""
        return self.command("GetActiveElement")[ELEMENT]

    def find_all(self, selector):
        return [found[ELEMENT] for found in self.command("FindElements", using="css selector", value=selector)]

    def label(self, element):
        """What a screen reader calls it."""
        return self.command("GetComputedLabel", id=element)

    def role(self, element):
        """What a screen reader says it is."""
        return self.command("GetComputedRole", id=element)

    def window(self):
        return self.command("GetWindowHandle")

    def new_window(self):
        return self.command("NewWindow", type="tab")["handle"]

    def windows(self):
        return self.command("GetWindowHandles")

    def look_at(self, window):
        self.command("SwitchToWindow", handle=window)

    def screenshot(self, path):
        self.command("SetWindowRect", width=1000, height=1400)
        path.write_bytes(base64.b64decode(self.command("TakeScreenshot")))


class Chromium(Browser):
    """Through chromedriver, which starts it."""

    name = "chromium"
    shows_downloads = False

    def __init__(self, folder):
        log = open(folder / "chromedriver.log", "wb")
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)})
        for line in self.driver.stdout:
            words = line.decode().rstrip().rstrip(".").split(" ")
            if "started" in words:
                self.port = int(words[-1])
                break
        arguments = ["--headless=new", f"--user-data-dir={folder / 'chromium-profile'}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"args": arguments}
        self.session = None
        answer = self.request("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.session = answer["sessionId"]
        self.version = answer["capabilities"]["browserVersion"]

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json; charset=utf-8"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{self.name}: {method} {path}: {value['error']}: {value['message']}")
        return value

    def command(self, name, **parameters):
        element = parameters.pop("id", None)
        method, path = {
            "Navigate": ("POST", "url"),
            "FindElement": ("POST", "element"),
            "ElementClick": ("POST", f"element/{element}/click"),
            "ElementSendKeys": ("POST", f"element/{element}/value"),
            "ExecuteAsyncScript": ("POST", "execute/async"),
            "ExecuteScript": ("POST", "execute/sync"),
            "FindElements": ("POST", "elements"),
            "GetActiveElement": ("GET", "element/active"),
            "GetComputedLabel": ("GET", f"element/{element}/computedlabel"),
            "GetComputedRole": ("GET", f"element/{element}/computedrole"),
            "GetWindowHandle": ("GET", "window"),
            "GetWindowHandles": ("GET", "window/handles"),
            "NewWindow": ("POST", "window/new"),
            "PerformActions": ("POST", "actions"),
            "SwitchToWindow": ("POST", "window"),
            "SetWindowRect": ("POST", "window/rect"),
            "TakeScreenshot": ("GET", "screenshot"),
        }[name]
        body = parameters if method == "POST" else None
        return self.request(method, f"/session/{self.session}/{path}", body)

    def close(self):
        try:
            if self.session:
                self.request("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait()


class Firefox(Browser):
    """Through Marionette: JSON arrays over TCP, each preceded by its length."""

    name = "firefox"
    # A PDF is shown at once in a window of its own.
    shows_downloads = True
    PORT = 2828

    def __init__(self, folder):
        profile = folder / "firefox-profile"
        profile.mkdir()
        preferences = {
            "marionette.port": self.PORT, "remote.prefs.recommended": False, "dom.file.createInChild": True,
            "browser.download.alwaysOpenPanel": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (profile / "user.js").write_text("".join(lines))
        log = open(folder / "firefox.log", "wb")
        self.process = subprocess.Popen(
            ["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", str(profile)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": str(folder)})
        self.stream = self.connect()
        self.last = 0
        self.receive()
        answer = self.send("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self.version = answer["capabilities"]["browserVersion"]

    def connect(self):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.PORT), timeout=PATIENCE)
            except ConnectionRefusedError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self.bytes(1)
        return json.loads(self.bytes(int(length[:-1])))

    def bytes(self, count):
        data = b""
        while len(data) < count:
            piece = self.stream.recv(count - len(data))
            if not piece:
                raise Failed("firefox: the connection ended")
            data += piece
        return data

    def send(self, name, parameters):
        self.last += 1
        message = json.dumps([0, self.last, name, parameters]).encode()
        self.stream.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.receive()
        if error:
            raise Failed(f"firefox: {name}: {error['error']}: {error['message']}")
        return result

    def command(self, name, **parameters):
        if name == "TakeScreenshot":
            parameters = {"full": False}
        result = self.send(f"WebDriver:{name}", parameters)
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def close(self):
        try:
            self.send("Marionette:Quit", {"flags": ["eForceQuit"]})
        except (Failed, OSError):
            self.process.terminate()
        self.process.wait()


BROWSERS = {browser.name: browser for browser in (Chromium, Firefox)}
