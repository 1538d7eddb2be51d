"""How bytes can be read in two ways: hosts of rebinding, headers twice or folded, lengths that contradict each other, requests hidden behind another
(RFC 9110, RFC 9112 section 11.2). Everything here comes with the configured origin, so that only the check in question can refuse it."""

from shapes import Attack, good_lines, request

CLOSED_OR_REFUSED = (0, 400)


def hosts(target):
    port = target.port
    good = good_lines(target.site)
    for host in (
        "", "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}", f"127.0.0.1:0{port}", f"127.0.0.2:{port}", f"127.1:{port}", f"0.0.0.0:{port}",
        f"0x7f000001:{port}", f"2130706433:{port}", f"017700000001:{port}", f"LOCALHOST:{port}", f"localhost.:{port}", f"agent.localhost:{port}",
        f"localhost.evil.example:{port}", "evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", f"127-0-0-1.evil.example:{port}",
        "[::1]", f"[::1]:{port + 1}", f"::1:{port}", f"[0:0:0:0:0:0:0:1]:{port}", f"[::ffff:127.0.0.1]:{port}", f"[::]:{port}", f"user@127.0.0.1:{port}",
        f"127.0.0.1:{port}, evil.example", f"127.0.0.1:{port}/", f"127.0.0.1:{port}#", f"127.0.0.1:{port}\\evil.example", f"127.0.0.1 :{port}",
        target.site.removeprefix("https://"),
    ):
        # The browser of a rebound page names that host in TLS as well, and would refuse our certificate; an attacker's program does not.
        name = host.split(":")[0] if "." in host and host[0].isalpha() and not set(",@ ") & set(host) else None
        connection = {"server_name": name, "verify": False} if name else {}
        yield Attack(f"Host {host[:60]!r}", [request(host, good, "{}")], (421, 400), connection=connection)
        yield Attack(f"rebound, Host {host[:60]!r}", [request(host, good[1:], "{}")], (421, 400), connection=connection)
    ours = f"127.0.0.1:{port}"
    yield Attack("no Host", [request(None, good, "{}")], (421, 400))
    yield Attack("Host twice", [request(ours, [f"Host: {ours}", *good], "{}")], (421, 400))
    yield Attack("a foreign Host besides", [request(ours, ["Host: evil.example", *good], "{}")], (421, 400))
    for absolute in (f"https://evil.example/v1/status", f"https://{ours}/v1/status", f"http://{ours}/v1/status"):
        yield Attack(f"absolute target {absolute}", [request(ours, good, "{}", target=absolute)], (421, 400))
    forwarded = ["X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Host: evil.example"]
    yield Attack("a Host behind forwarded ones", [request("evil.example", [*forwarded, *good], "{}")], (421, 400))


def headers(target):
    ours = f"127.0.0.1:{target.port}"
    good = good_lines(target.site)

    def told(name, lines, allowed, **how):
        return Attack(name, [request(ours, lines, how.pop("body", "{}"), **how)], allowed, target.site, silent=False)

    for line in good[1:]:
        yield told(f"twice: {line}", [*good, line], (400, 403, 415))
    for name in ("Accept-Language", "User-Agent", "X-A", "Cookie", "X-Paraphe-Queue", "Referer"):
        yield told(f"{name} twice", [*good, f"{name}: a", f"{name}: b"], (400,))
    for folded in ("X-A: a\r\n b", "X-A: a\r\n\tb", f"Origin: {target.site}\r\n .evil.example", "Content-Type: application/json\r\n ;x"):
        yield told(f"folded: {folded!r}", [*good[1:], folded] if "Origin" in folded else [*good, folded], (400, 403, 415))
    for bad in (
        "X-A : a", " X-A: a", "X A: a", "X-A", ": a", "X-A\x00: a", "X-A: a\x00b", "X-A: a\rb", "X-A:\x7f", "\u00e9: a", "X-A\x0b: a", "(X): a",
    ):
        yield told(f"malformed header {bad!r}", [*good, bad], (400, 0))
    yield told("65 headers", [*good, *(f"X-{number}: a" for number in range(65))], (400, 431))
    yield told("a header of 20,000 bytes", [*good, "X-A: " + "a" * 20_000], (400, 431, 0))
    yield told("a target of 20,000 bytes", good, (400, 414, 431, 0), target="/v1/" + "a" * 20_000)
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "PRI", "BREW"):
        yield told(f"method {method}", good, (405, 400, 421, 403, 404), method=method)
    for path in (
        "/", "/v1", "/v1/", "/v1/status/", "/v1//status", "//v1/status", "/v1/./status", "/v1/x/../status", "/v1/%73tatus", "/v1/card%2fread",
        "/v1/card%2Fread", "/v1/status?x", "/v1/status?", "/v1/status;x", "/v1/status%00", "/v1/status%20", "/V1/status", "/v1/STATUS", "/v2/status",
        "/status", "/v1/status\\", "/v1/..%2fv1/status", "*", "v1/status", "/metrics", "/health", "/info", "/favicon.ico",
        "/.well-known/security.txt", "/v1/pin/verify", "/v1/raw/sign", "/v1/sign/hash",
    ):
        yield told(f"target {path!r}", good, (400, 404, 421), target=path)
    for media_type in (
        "text/plain", "application/json;", "application/json; charset=utf-8", "Application/JSON", "application/json,text/plain", "application/jsonx", "*/*", "",
    ):
        yield told(f"Content-Type {media_type!r}", [good[0], f"Content-Type: {media_type}", *good[2:]], (415,))
    for marker in ("0", "true", "", "1 1", "01", "1,1"):
        yield told(f"X-Paraphe {marker!r}", [*good[:2], f"X-Paraphe: {marker}", *good[3:]], (400,))
    yield told("no X-Paraphe", [*good[:2], *good[3:]], (400,))
    for name, value in (
        ("Mode", "navigate"), ("Mode", "no-cors"), ("Mode", "websocket"), ("Mode", "same-origin"), ("Dest", "document"), ("Dest", "iframe"), ("Dest", "script"),
        ("Site", "none"), ("Site", "same-origin"), ("User", "?1"),
    ):
        lines = [line for line in good if not line.startswith(f"Sec-Fetch-{name}")] + [f"Sec-Fetch-{name}: {value}"]
        yield Attack(f"Sec-Fetch-{name}: {value}", [request(ours, lines, "{}")], (403,))


def smuggling(target):
    ours = f"127.0.0.1:{target.port}"
    good = good_lines(target.site)
    # What must not be done: a request of the configured site, complete, where a body or nothing should be.
    hidden = request(ours, good, "{}")
    evil = good_lines("https://evil.example")

    def raw(name, lines, rest, allowed=(400, 411, 413, 403, 0)):
        return Attack(name, [request(ours, lines, b"", length=False, close=False) + rest], allowed, target.site, silent=False)

    for name, lines in (
        ("a foreign origin", evil),
        ("no marker", [good[0], good[1]]),
        ("a form", [good[0], "Content-Type: text/plain"]),
        ("a navigation", [*good[:3], "Sec-Fetch-Mode: navigate"]),
        ("a header twice", [*good, "X-A: 1", "X-A: 2"]),
    ):
        refused = request(ours, lines, hidden, close=False)
        yield Attack(f"a request in the body of {name}", [refused], (400, 403, 415), None if lines is evil else target.site, silent=False)
        yield Attack(f"a request after {name}", [request(ours, lines, "{}", close=False), hidden], (400, 403, 415), None if lines is evil else target.site, silent=False)
    for coding in (
        "chunked", "Chunked", " chunked", "\tchunked", "chunked ", "xchunked", "chunked, identity", "identity, chunked", "gzip, chunked", "identity", "\x0bchunked",
        "chunked\x00", '"chunked"', "chunked;q=1", "",
    ):
        chunks = b"2\r\n{}\r\n0\r\n\r\n"
        yield raw(f"Transfer-Encoding {coding!r}", [*good, f"Transfer-Encoding: {coding}"], chunks + hidden)
        yield raw(f"Transfer-Encoding {coding!r} after a length", [*good, "Content-Length: 2", f"Transfer-Encoding: {coding}"], b"{}" + hidden)
        yield raw(f"Transfer-Encoding {coding!r} before a length", [*good, f"Transfer-Encoding: {coding}", f"Content-Length: {len(chunks)}"], chunks + hidden)
    for line in ("Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", "X: x\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked"):
        yield raw(f"{line!r} and a length of 0", [*good, line, "Content-Length: 0"], b"2\r\n{}\r\n0\r\n\r\n" + b"GARBAGE")
    yield raw("two transfer codings", [*good, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"], b"0\r\n\r\n" + hidden)
    for length in ("+2", "-2", "2,2", "2, 2", "0x2", "2.0", "2e0", " ", "two", "2\x0b", "18446744073709551616", "99999999999999999999999", "9223372036854775808", "\u0662"):
        yield raw(f"Content-Length {length!r}", [*good, f"Content-Length: {length}"], b"{}", (400, 411, 413, 431, 0))
    yield raw("two lengths", [*good, "Content-Length: 2", "Content-Length: 3"], b"{}" + hidden)
    yield raw("no length", good, hidden)
    yield raw("no length and an expectation", [*good, "Expect: 100-continue"], hidden)
    for version in ("HTTP/0.9", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "http/1.1", "HTTP/1.1 HTTP/1.1", "", "XTTP/1.1", "HTTP/11"):
        spelt = request(ours, good, "{}").replace(b" HTTP/1.1\r\n", f" {version}\r\n".encode(), 1)
        yield Attack(f"version {version!r}", [spelt], (400, 505, 0), silent=False)
    yield Attack("HTTP/2 with prior knowledge", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"], (400, 505, 0))
    upgrade = [*good, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    yield raw("upgrade to h2c without a length", upgrade, b"")
    for garbage in (b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"GET / \r\n\r\n", b"\r\n" * 5000, b"\xff" * 30_000, b"POST\t/v1/status\tHTTP/1.1\r\n\r\n", b"{}" * 20_000):
        yield Attack(f"garbage {garbage[:12]!r}", [garbage + b"\r\n\r\n"], (400, 404, 405, 414, 421, 431, 505, 0), silent=False)


def attacks(target):
    yield from hosts(target)
    yield from headers(target)
    yield from smuggling(target)
