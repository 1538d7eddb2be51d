"""Origins that are not the configured one, and look like it (RFC 6454, WHATWG URL): only the exact string may pass."""

from shapes import Attack, good_lines, request


def foreign(site):
    """At least 60 strings for the header Origin that are not `site`, which is https without a port."""
    host = site.removeprefix("https://").split(":")[0]
    first, rest = host.split(".", 1)
    # Cyrillic and Greek letters that look like Latin ones, as a browser writes them and as it never does.
    homoglyph = host.replace("o", "\u043e").replace("a", "\u0430").replace("e", "\u0435")
    if homoglyph == host:
        homoglyph = "\u03b1" + host
    puny = ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode()
        for label in homoglyph.split(".")
    )
    return [
        "", " ", "null", "NULL", "undefined", "*", "https", "https:", "https://", "https:///",
        "https://evil.example", "http://evil.example", "https://evil.example:443",
        host, f"//{host}", f"http://{host}", f"HTTPS://{host}", f"Https://{host}",
        f"https:{host}", f"https:/{host}", f"https:\\\\{host}", f"https:///{host}",
        f"wss://{host}", f"ws://{host}", f"ftp://{host}", "file://", f"file://{host}", "data:",
        f"blob:https://{host}", "about:blank", "javascript:alert(1)", f"view-source:https://{host}",
        f"chrome-extension://{host}", f"moz-extension://{host}", f"app://{host}", f"resource://{host}",
        f"https://{host}/", f"https://{host}/x", f"https://{host}?", f"https://{host}#", f"https://{host}\\",
        f"https://{host}:", f"https://{host}:443", f"https://{host}:0443", f"https://{host}:80",
        f"https://{host}:8443", f"https://{host}:65536", f"https://{host}:-1", f"https://{host}.",
        f"https://{host}..", f"https://.{host}", f"https://{host.upper()}", f"https://{host.capitalize()}",
        f"https://{host[:-1]}", f"https://{host}x", f"https://x{host}", f"https://x.{host}", f"https://{host[1:]}",
        f"https://{host.replace('.', '-')}", f"https://{host.replace('.', 'x')}", f"https://{host.replace('.', '%2e')}",
        f"https://{host.replace('.', ',')}", "https://" + host.replace(".", "\u3002"), f"https://{host}.evil.example",
        f"https://{host}-evil.example", f"https://evil.example.{host}", f"https://evil{host}", f"https://{host}@evil.example",
        f"https://user@{host}", f"https://user:word@{host}", f"https://evil.example/https://{host}",
        f"https://evil.example#{host}", f"https://evil.example?https://{host}", f"https://evil.example\\@{host}",
        f"https://*.{rest}", f"https://{rest}", f"https://{first}", f"https://{rest.split('.')[-1]}",
        "https://127.0.0.1", "https://localhost", "https://[::1]", "https://0.0.0.0", "http://127.0.0.1", "http://localhost",
        f"https://{host} https://evil.example", f"https://evil.example https://{host}", f"https://{host},https://evil.example",
        f"https://evil.example, https://{host}", f"https://{host}, https://{host}", f"https://{host};", f'"https://{host}"',
        f"'https://{host}'", f"<https://{host}>", f"https://{host}\t", f"\thttps://{host}x", f"https://{host}\u00a0",
        f"https://{host}\u200b", f"https://{host}%00", f"https://{host}%20", f"https://{puny}", f"https://{homoglyph}",
        f"https://xn--{host}", f"https://{host}\u00e9", "https://" + "a" * 4000, f"https://{'a.' * 200}{host}",
    ]


def attacks(target):
    host = f"127.0.0.1:{target.port}"
    strings = foreign(target.site)
    assert len(set(strings)) >= 60
    for origin in strings:
        # Spaces around a value are not part of it (RFC 9110 section 5.5).
        if origin.strip(" \t") == target.site:
            continue
        for method in ("POST", "OPTIONS", "GET"):
            lines = good_lines(origin)
            if method == "OPTIONS":
                lines = [lines[0], "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,x-paraphe"]
            yield Attack(f"{method} from origin {origin[:60]!r}", [request(host, lines, "{}", method)], (403, 400))
    for name, lines in (
        ("no origin", good_lines("x")[1:]),
        ("the same origin twice", [f"Origin: {target.site}", *good_lines(target.site)]),
        ("a foreign origin after ours", [*good_lines(target.site), "Origin: https://evil.example"]),
        ("a foreign origin before ours", ["Origin: https://evil.example", *good_lines(target.site)]),
        ("another spelling of the header", [*good_lines(target.site), "oRIGIN: null"]),
        ("the origin as referer only", [f"Referer: {target.site}/", *good_lines("x")[1:]]),
        ("the origin as forwarded", [f"X-Forwarded-Host: {target.site}", f"X-Origin: {target.site}", *good_lines("https://evil.example")]),
    ):
        yield Attack(name, [request(host, lines, "{}")], (403,))
