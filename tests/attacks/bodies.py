"""Bodies of the configured site that must not be taken for a request: too long, cut, slow, and JSON that two readers would read differently (RFC 8259,
RFC 7493)."""

from shapes import Attack, good_lines, request

REFUSED = (400, 422)


def json_bodies():
    deep = 100_000
    return {
        "a list": b"[]", "a string": b'"{}"', "a number": b"1", "true": b"true", "null": b"null",
        "a key twice": b'{"reader":"a","reader":"b"}', "a key twice, once escaped": b'{"reader":"a","\\u0072eader":"b"}',
        "an unknown key": b'{"reeder":"a"}', "the prototype": b'{"__proto__":{"reader":"a"}}', "a PIN": b'{"pin":"1234"}',
        "another type": b'{"reader":1}', "another type, deep": b'{"reader":{"a":[{"b":1}]}}',
        "depth 17": b'{"a":' * 17 + b"1" + b"}" * 17, "depth 100,000 of lists": b"[" * deep, "depth 100,000 of objects": b'{"a":' * deep,
        "depth 100,000, closed": b"[" * deep + b"]" * deep, "10,000 keys": b"{" + b",".join(b'"k%d":1' % number for number in range(10_000)) + b"}",
        "not UTF-8": b'{"reader":"\xff"}', "overlong UTF-8": b'{"reader":"\xc0\xaf"}', "half a surrogate in UTF-8": b'{"reader":"\xed\xa0\x80"}',
        "half a surrogate, escaped": b'{"reader":"\\ud800"}', "UTF-16": '{"reader":"a"}'.encode("utf-16"), "a byte order mark": b"\xef\xbb\xbf{}",
        "a control character": b'{"reader":"a\x01"}', "a line end in a string": b'{"reader":"a\n"}', "NUL": b'{"reader":"a"}\x00',
        "a comma at the end": b'{"reader":"a",}', "a comment": b'{/*x*/"reader":"a"}', "a comment after": b"{}//x", "two documents": b"{}{}",
        "a document after a line": b'{}\n{"reader":"a"}', "single quotes": b"{'reader':'a'}", "no quotes": b"{reader:1}", "NaN": b'{"reader":NaN}',
        "Infinity": b'{"reader":Infinity}', "a huge number": b'{"reader":1e999999}', "a long number": b'{"reader":' + b"9" * 50_000 + b"}",
        "hexadecimal": b'{"reader":0x10}', "a leading zero": b'{"reader":01}', "a plus": b'{"reader":+1}', "a bad escape": b'{"reader":"\\x41"}',
        "a form": b"reader=a", "a multipart": b'--b\r\n\r\n{}\r\n--b--', "XML": b"<reader>a</reader>", "a callback": b"f({})", "a prefix": b")]}',\n{}",
        "unclosed": b'{"reader":"a"', "half a string": b'{"reader":"a', "a name of 60,000": b'{"' + b"a" * 60_000 + b'":1}',
    }


def attacks(target):
    ours = f"127.0.0.1:{target.port}"
    good = good_lines(target.site)
    for name, body in json_bodies().items():
        for operation in ("card/read", "vitale/read"):
            raw = request(ours, good, body, target=f"/v1/{operation}")
            # Read by the operation itself, which does nothing with it.
            yield Attack(f"JSON, {name} at {operation}", [raw], REFUSED, target.site, silent=False, may_reach=True)
    for length in (1 << 22, 1 << 30, (1 << 63) - 1, (1 << 64) - 1):
        lines = [*good, f"Content-Length: {length}"]
        raw = request(ours, lines, b"", length=False)
        yield Attack(f"a body announced as {length} bytes", [raw], (413, 431), target.site, silent=False)
        lines = [*good_lines("https://evil.example"), f"Content-Length: {length}"]
        yield Attack(f"a stranger's body announced as {length} bytes", [request(ours, lines, b"", length=False), b"x" * 100_000], (403, 431))


def slow(target):
    """Each takes the agent's own patience; they are run at once."""
    ours = f"127.0.0.1:{target.port}"
    good = good_lines(target.site)
    whole = request(ours, good, "{}")
    yield Attack("a head that never ends", [whole[:60]], (408, 0), target.site, silent=False)
    yield Attack("a head of which nothing comes", [], (408, 0), target.site, silent=False)
    yield Attack("a body that never ends", [whole[:-1]], (408,), target.site, silent=False)
    longer = request(ours, [*good, "Content-Length: 2000000"], b"{" + b" " * 100_000, length=False)
    yield Attack("a long body that stops", [longer], (408,), target.site, silent=False)
    stranger = request(ours, good_lines("https://evil.example"), "{}")
    yield Attack("a stranger's body that never ends", [stranger[:-1]], (403,))
