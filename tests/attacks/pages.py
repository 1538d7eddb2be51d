"""What a page of another site can make a browser send, without and with a preflight (Fetch and HTML standards), as Chromium and Firefox write it.
Of all these, a form at the top level arrives from an unmodified browser without anybody's permission."""

from shapes import OPERATIONS, Attack, request

EVIL = "https://evil.example"


def browser(mode, dest, site="cross-site", origin=EVIL, user=False):
    lines = [
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "Accept: */*",
        "Accept-Language: fr-FR,fr;q=0.9",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Sec-Fetch-Mode: {mode}",
        f"Sec-Fetch-Dest: {dest}",
        f"Sec-Fetch-Site: {site}",
        "Referer: https://evil.example/",
    ]
    if origin is not None:
        lines.insert(0, f"Origin: {origin}")
    if user:
        lines.append("Sec-Fetch-User: ?1")
    return lines


BODIES = {
    "application/x-www-form-urlencoded": b"%7B%22a%22%3A%22=%22%7D",
    "text/plain": b'{"profile":"dsg","a":"=\r\n"}',
    "multipart/form-data; boundary=b": b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{}\r\n--b--\r\n',
    "text/plain; application/json": b"{}",
    "text/plain,application/json": b"{}",
    "application/json": b"{}",
    "application/json; charset=utf-8": b"{}",
    "application/json+x": b"{}",
}


def attacks(target):
    host = f"127.0.0.1:{target.port}"
    for operation in OPERATIONS:
        path = f"/v1/{operation}"

        def sent(name, lines, body=b"", method="GET", target_path=path, length=None):
            has_body = bool(body) if length is None else length
            raw = request(host, lines, body, method, target_path, length=has_body or method == "POST")
            return Attack(f"{name} at {operation}", [raw], (403,))

        yield sent("fetch GET", browser("cors", "empty"))
        yield sent("fetch no-cors GET", browser("no-cors", "empty", origin=None))
        for kind, lines in {
            "img": browser("no-cors", "image", origin=None),
            "script": browser("no-cors", "script", origin=None),
            "stylesheet": browser("no-cors", "style", origin=None),
            "video": browser("no-cors", "video", origin=None),
            "font": browser("cors", "font"),
            "module script": browser("cors", "script"),
            "object": browser("navigate", "object", origin=None),
            "iframe": browser("navigate", "iframe", origin=None),
            "link in the same window": browser("navigate", "document", origin=None, user=True),
            "window.open": browser("navigate", "document", origin=None),
            "EventSource": [*browser("cors", "empty"), "Accept: text/event-stream", "Cache-Control: no-cache"],
            "prefetch": [*browser("no-cors", "empty", origin=None), "Sec-Purpose: prefetch"],
            "service worker": browser("same-origin", "serviceworker", origin=None),
            "same-site guess": browser("cors", "empty", site="same-origin"),
            "address bar": browser("navigate", "document", site="none", origin=None, user=True),
        }.items():
            yield sent(kind, lines)
            yield sent(f"{kind} with a query", lines, target_path=f"{path}?callback=x")
        for media_type, body in BODIES.items():
            typed = [f"Content-Type: {media_type}"]
            yield sent(f"fetch no-cors POST {media_type}", [*browser("no-cors", "empty"), *typed], body, "POST")
            yield sent(f"fetch POST {media_type}", [*browser("cors", "empty"), *typed, "X-Paraphe: 1"], body, "POST")
            yield sent(f"beacon {media_type}", [*browser("no-cors", "empty"), *typed, "Priority: u=6"], body, "POST")
            yield sent(f"form in an iframe {media_type}", [*browser("navigate", "iframe"), *typed], body, "POST")
            yield sent(f"form, top level {media_type}", [*browser("navigate", "document", user=True), *typed], body, "POST")
            yield sent(f"form of a sandbox {media_type}", [*browser("navigate", "document", origin="null"), *typed], body, "POST")
        for method in ("HEAD", "PUT", "PATCH", "DELETE", "POST", "TRACE"):
            asked = [f"Access-Control-Request-Method: {method}", "Access-Control-Request-Headers: content-type,x-paraphe"]
            yield sent(f"preflight for {method}", [*browser("cors", "empty"), *asked], method="OPTIONS")
            private = [*asked, "Access-Control-Request-Private-Network: true", "Access-Control-Request-Local-Network: true"]
            yield sent(f"preflight for {method} on the local network", [*browser("cors", "empty"), *private], method="OPTIONS")
            if method != "POST":
                yield sent(f"fetch {method}", browser("cors", "empty"), method=method)
        upgrade = ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        for name, lines in {
            "WebSocket (Chromium)": [f"Origin: {EVIL}"],
            "WebSocket (Firefox)": browser("websocket", "empty"),
            "WebSocket of a sandbox": ["Origin: null"],
        }.items():
            raw = request(host, [*lines, "Upgrade: websocket", "Connection: Upgrade", *upgrade], b"", "GET", path, length=False, close=False)
            yield Attack(f"{name} at {operation}", [raw], (403,))
