"""How a request is written: every attack is bytes, so that nothing between this suite and the agent mends it."""

from dataclasses import dataclass, field


@dataclass
class Attack:
    """One attack."""

    name: str
    pieces: list
    # What the agent may answer: 0 is a connection that is closed without a word.
    allowed: tuple
    # The origin that may read the answer; everybody else gets no CORS header and no body.
    reader: str | None = None
    # The body that may be answered with; None: whatever a problem document says.
    silent: bool = True
    # Whether the request may come as far as the operation, which then refuses it.
    may_reach: bool = False
    connection: dict = field(default_factory=dict)


def request(host, lines, body=b"", method="POST", target="/v1/status", length=True, close=True):
    """A request with these header lines, in this order and no others than Host, Content-Length and Connection."""
    if isinstance(body, str):
        body = body.encode()
    head = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        head.append(f"Host: {host}")
    head.extend(lines)
    if length:
        head.append(f"Content-Length: {len(body)}")
    if close:
        head.append("Connection: close")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def good_lines(origin):
    """What a configured page's fetch carries."""
    return [
        f"Origin: {origin}",
        "Content-Type: application/json",
        "X-Paraphe: 1",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Dest: empty",
        "Sec-Fetch-Site: cross-site",
    ]


# What somebody would like to have done.
OPERATIONS = ("status", "card/read", "login", "sign", "events", "document/put")
