"""The agent that is attacked: its HTTPS port as an attacker reaches it (raw bytes over TLS, RFC 8446 and RFC 9112), and its Unix socket, where it
tells how many requests reached an operation."""

import json
import os
import socket
import ssl
from dataclasses import dataclass

# Longer than any limit of the agent.
PATIENCE = 90
# Longest answer that is read, bytes.
LONGEST = 1 << 20


@dataclass
class Answer:
    """What came back until the agent closed."""

    raw: bytes

    @property
    def status(self):
        """The status of the first answer; 0 where the agent closed without one."""
        words = self.raw.split(b" ", 2)
        return int(words[1]) if len(words) > 2 and words[0] == b"HTTP/1.1" else 0

    @property
    def head(self):
        return self.raw.split(b"\r\n\r\n", 1)[0].lower()

    @property
    def body(self):
        return self.raw.split(b"\r\n\r\n", 1)[1] if b"\r\n\r\n" in self.raw else b""

    @property
    def answers(self):
        """How many answers came, on this one connection."""
        return self.raw.count(b"HTTP/1.1 ")


class Target:
    """A running agent."""

    def __init__(self, port, root, agent_socket, site):
        self.port = port
        self.root = root
        self.agent_socket = agent_socket
        self.site = site

    def connect(self, address="127.0.0.1", server_name=None, verify=True):
        """A TLS connection, with the workstation's own root and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["http/1.1"])
        context.load_verify_locations(self.root)
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection((address, self.port), timeout=PATIENCE)
        try:
            return context.wrap_socket(plain, server_hostname=server_name or address)
        except BaseException:
            plain.close()
            raise

    def exchange(self, *pieces, **how):
        """Sends bytes, reads until the agent closes."""
        try:
            connection = self.connect(**how)
        except (ssl.SSLError, ConnectionError):
            return Answer(b"")
        with connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except (ssl.SSLError, ConnectionError):
                pass
            return Answer(read_all(connection))

    def performed(self):
        """How many requests reached an operation through the HTTPS door since the agent started."""
        return self.count("requests_performed")

    def count(self, what):
        """One of the agent's own counts of its HTTPS door since it started."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self.agent_socket)
            connection.sendall(
                b"POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"
            )
            answer = Answer(read_all(connection))
        if answer.status != 200:
            raise SystemExit(f"attacks: the agent does not tell its status: {answer.raw!r}")
        doors = json.loads(answer.body)["doors"]
        https = [door for door in doors if door["name"] == "https"]
        return https[0][what] if https else 0


def read_all(connection):
    received = b""
    try:
        while len(received) < LONGEST:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    except TimeoutError:
        raise SystemExit(f"attacks: the agent kept a connection open for {PATIENCE} s") from None
    except (ssl.SSLError, ConnectionError):
        # Closed without a word, or while we wrote.
        pass
    return received


def default_socket():
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    return os.path.join(runtime, "paraphe/agent.sock")


def default_root():
    """The user's own root, where there is one; else the machine's (`paraphe trust install`)."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    own = os.path.join(state, "paraphe/tls/root.pem")
    return own if os.path.exists(own) else "/var/lib/paraphe/tls/root.pem"
