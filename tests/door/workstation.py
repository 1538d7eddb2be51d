"""A workstation with its user, and the hospital's record web site, in namespaces of their own: a network with the loopback addresses and
one public address and nothing else, and an /etc and a /var/lib that nobody else sees. Real programs all of them: the agent with simulated cards, the
reference record server, nginx in front of it.
"""

import json
import os
import shutil
import socket
import subprocess
import textwrap
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")) / "debug"
SITE = "dossier.simulateur.invalid"
ORIGIN = f"https://{SITE}"
# Another site of the hospital, from which its administrator wants nothing to reach the loopback.
REFUSED_SITE = "autre.simulateur.invalid"
REFUSED_ORIGIN = f"https://{REFUSED_SITE}"
# A site of somebody else, whose pages attack.
FOREIGN_SITE = "malveillant.simulateur.invalid"
FOREIGN_ORIGIN = f"https://{FOREIGN_SITE}"
# A public address by its range (RFC 5737), so that browsers treat the agent as another network's affair.
ADDRESS = "203.0.113.10"
AUDIENCE = "urn:paraphe:test:record-server"
CARDS = ["reception-nominative", "physician", "vitale-holder"]
PIN = "1234"
PORT = 47443
# The administrator knows the site.
SITE_CONFIGURED = f"""
[[site]]
origin = "{ORIGIN}"
record_server = "dossier"
"""


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def enter(folder):
    """Sets the namespaces up that the program was started in."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    etc = folder / "etc"
    etc.mkdir()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", etc)
    run("cp", "-a", "/etc/.", etc)
    run("mount", "--bind", etc, "/etc")
    run("umount", etc)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/var/lib")
    for place in ("chromium/policies", "opt/chrome/policies", "opt/edge/policies", "firefox/policies", "firefox-esr/policies"):
        shutil.rmtree(Path("/etc") / place, ignore_errors=True)
    with open("/etc/hosts", "a", encoding="utf-8") as hosts:
        hosts.write(f"{ADDRESS} {SITE} {REFUSED_SITE} {FOREIGN_SITE}\n")


class Workstation:
    """Everything that runs; `close` ends it."""

    def __init__(self, folder, configuration=""):
        self.folder = folder
        self.running = []
        for name in ("run", "state", "config", "pki"):
            (folder / name).mkdir(mode=0o700)
        self.person = Person(folder)
        self.configuration = folder / "config/config.toml"
        self.more_configuration = configuration
        self.configure()
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "LANG": "fr_FR.UTF-8",
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PCSCLITE_CSOCK_NAME": str(folder / "no-pcscd"),
        }
        self.environment.pop("DISPLAY", None)

    def configure(self, tls="tls"):
        self.configuration.write_text(textwrap.dedent(f"""\
            [tls]
            directory = "{self.folder / tls}"
            [[record_server]]
            name = "dossier"
            title = "Dossier de test"
            audience = "{AUDIENCE}"
            [pin_entry]
            method = "pinentry"
            program = "{self.person.program}"
            """) + self.more_configuration)

    def paraphe(self, *arguments):
        return run(PROGRAMS / "paraphe", "--config", self.configuration, *arguments, env=self.environment)

    def ask_agent(self, *arguments):
        """A command that the running agent carries out."""
        return run(PROGRAMS / "paraphe", *arguments, env=self.environment)

    def start(self, name, *command, **options):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stderr=log, **options)
        self.running.append(process)
        return process

    def install_hospital(self):
        """The hospital's administrator was here first."""
        folder = self.folder / "web-site"
        folder.mkdir()
        install_hospital_policies(hospital_certificates(folder))

    def start_agent(self, cards=CARDS, tls="tls"):
        """With these cards in its readers, and the certificate of this folder; one of its own is in no browser's policies."""
        self.configure(tls)
        if tls != "tls":
            self.paraphe("trust", "init")
        cards = [part for card in cards for part in ("--soft-card", card)]
        options = ["--soft-pki", self.folder / "pki", *cards]
        self.agent = self.start(
            "agent", PROGRAMS / "paraphe", "--config", self.configuration, *options, "serve",
            stdout=subprocess.DEVNULL, env=self.environment)
        until = time.monotonic() + 240
        while not (self.folder / "run/paraphe/agent.sock").exists():
            if self.agent.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the agent does not run:\n{(self.folder / 'agent.log').read_text()}")
            time.sleep(0.05)

    def stop_agent(self):
        self.agent.terminate()
        self.agent.wait()
        self.running.remove(self.agent)

    def start_record_server(self):
        server = self.start(
            "record-server", PROGRAMS / "paraphe-record-server", "--data", self.folder / "record-server",
            "--trust", self.folder / "pki", "--origin", ORIGIN, "--audience", AUDIENCE, "--accept-test",
            "--self-signed", self.folder / "record-server-tls", stdout=subprocess.PIPE)
        words = server.stdout.readline().decode().split()
        if words[:1] != ["ready"]:
            raise SystemExit(f"the record server does not run:\n{(self.folder / 'record-server.log').read_text()}")
        self.start_web_site(words[1])

    def start_web_site(self, upstream):
        folder = self.folder / "web-site"
        (folder / "nginx.conf").write_text(textwrap.dedent(f"""\
            user root;
            daemon off;
            pid {folder}/nginx.pid;
            error_log stderr warn;
            events {{}}
            http {{
                access_log off;
                client_body_temp_path {folder}/body;
                proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi;
                uwsgi_temp_path {folder}/uwsgi;
                scgi_temp_path {folder}/scgi;
                client_max_body_size 10m;
                types {{ text/html html; text/css css; text/javascript js; }}
                server {{
                    listen {ADDRESS}:443 ssl;
                    server_name {SITE} {REFUSED_SITE};
                    ssl_certificate {folder}/site.pem;
                    ssl_certificate_key {folder}/site.key;
                    add_header Content-Security-Policy "default-src 'self'; img-src 'self' data:; connect-src 'self' https://127.0.0.1:{PORT} http://127.0.0.1:{PORT}; frame-ancestors 'none'";
                    location / {{ root {PROJECT}/tests/web-site; }}
                    location /readme/ {{
                        alias {folder}/readme/;
                        add_header Content-Security-Policy "default-src 'self'; script-src 'self' 'unsafe-inline'; connect-src 'self' https://127.0.0.1:{PORT} http://127.0.0.1:{PORT}";
                    }}
                    location /paraphe/ {{ alias {PROJECT}/protocol/js/src/; }}
                    location /v1/ {{ proxy_pass {upstream}; proxy_http_version 1.1; proxy_ssl_protocols TLSv1.3; }}
                }}
                server {{
                    listen {ADDRESS}:443 ssl;
                    server_name {FOREIGN_SITE};
                    ssl_certificate {folder}/site.pem;
                    ssl_certificate_key {folder}/site.key;
                    root {PROJECT}/tests/attacks/page;
                }}
            }}
            """))
        (folder / "readme").mkdir()
        self.start("nginx", "nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf", stdout=subprocess.DEVNULL)
        wait_for_port(ADDRESS, 443)

    def close(self):
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            process.wait()


class Person:
    """A pinentry program in whose place a person would sit: types the PIN, says yes; what they were shown is kept."""

    def __init__(self, folder):
        self.program = folder / "pinentry"
        self.shown = folder / "shown.txt"
        self.shown.touch()
        self.told = folder / "told"
        self.types_the_pin()

    def types_the_pin(self):
        # A yes that comes at once was not read, and is asked for again.
        self.answers(f'echo "D {PIN}"; echo "OK"', 'sleep 3; echo "OK"')

    def types_the_pin_when_told(self):
        """Lets the window wait until `is_told`."""
        self.told.unlink(missing_ok=True)
        self.answers(f'until [ -e {self.told} ]; do sleep 0.1; done; echo "D {PIN}"; echo "OK"', 'sleep 3; echo "OK"')

    def is_told(self):
        self.told.touch()

    def does_nothing(self):
        """Somebody who does not look at the window."""
        nothing = "while :; do sleep 0.1; done"
        self.answers(nothing, nothing)

    def says_no(self):
        cancelled = 'echo "ERR 83886179 Operation cancelled"'
        self.answers(cancelled, cancelled)

    def answers(self, pin, confirmation):
        self.program.write_text(textwrap.dedent(f"""\
            #!/bin/sh
            echo "OK"
            while read -r command rest; do
                case "$command" in
                SETDESC) printf '%s\\n' "$rest" >>{self.shown}; echo "OK" ;;
                GETPIN) {pin} ;;
                CONFIRM) {confirmation} ;;
                BYE) echo "OK"; exit ;;
                *) echo "OK" ;;
                esac
            done
            """))
        self.program.chmod(0o700)

    def was_shown(self):
        return self.shown.read_text(encoding="utf-8")


def hospital_certificates(folder):
    """The hospital's own authority, and its site's certificate; gives the authority's."""
    root, key = folder / "hospital-root.pem", folder / "hospital-root.key"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
    run("openssl", "req", "-x509", "-days", "30", *new_key, "-subj", "/CN=Autorite interne inventee", "-keyout", key, "-out", root,
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    run("openssl", "req", "-x509", "-days", "30", *new_key, "-subj", f"/CN={SITE}", "-CA", root, "-CAkey", key,
        "-keyout", folder / "site.key", "-out", folder / "site.pem", "-addext", f"subjectAltName=DNS:{SITE},DNS:{REFUSED_SITE},DNS:{FOREIGN_SITE}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    key.unlink()
    return root


def install_hospital_policies(root):
    """What the hospital's administrator had installed before Paraphe came: the hospital's own authority, and a refusal. Firefox has no policy
    for that one."""
    chromium = Path("/etc/chromium/policies/managed")
    chromium.mkdir(parents=True)
    lines = root.read_text().splitlines()
    (chromium / "hospital.json").write_text(json.dumps({
        "CACertificates": ["".join(lines[1:-1])], "LoopbackNetworkBlockedForUrls": [REFUSED_ORIGIN]}))
    firefox = Path("/etc/firefox/policies")
    firefox.mkdir(parents=True)
    policies = {"policies": {"Certificates": {"Install": [str(root)]}}}
    (firefox / "policies.json").write_text(json.dumps(policies))


def wait_for_port(address, port):
    until = time.monotonic() + 240
    while True:
        try:
            socket.create_connection((address, port), timeout=5).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
