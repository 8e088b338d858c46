"""An authority of the tests and what it signs, made by the program openssl: real certificates for real handshakes."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.required import ServerMissing

__all__ = ["Authority", "Signed"]

_SETTINGS = """\
[ca]
default_ca = tests
[tests]
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
policy = policy
copy_extensions = copy
x509_extensions = leaf
[policy]
commonName = supplied
[leaf]
basicConstraints = critical, CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
prompt = no
[name]
CN = tests
"""
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """How a server shows it."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert, self.key)
        return context


class Authority:
    """Signs for names of its own. Raises `ServerMissing` without openssl."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            raise ServerMissing("openssl is missing (Debian and Ubuntu: apt install openssl)")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings").write_text(_SETTINGS)
        (folder / "index.txt").touch()
        self.ca = folder / "ca.pem"
        uses = ("basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign")
        added = [word for use in uses for word in ("-addext", use)]
        where = ("-keyout", "ca.key", "-out", "ca.pem")
        self._run("req", "-x509", *_CURVE, *where, "-days", "30", "-subj", "/CN=Authority of the tests", *added)

    def sign(self, *names: str, until: str = "20990101000000Z") -> Signed:
        """A certificate for these names (`DNS:…`, `IP:…`), valid from 2020 on."""
        number = len(list(self.folder.glob("*.csr")))
        alternatives = ",".join(name if ":" in name else f"DNS:{name}" for name in names)
        key, request, cert = (f"{number}.{ending}" for ending in ("key", "csr", "pem"))
        self._run(
            "req", *_CURVE, "-keyout", key, "-out", request, "-config", "settings",
            "-addext", f"subjectAltName={alternatives}",
        )  # fmt: skip
        signing = ("-keyfile", "ca.key", "-cert", "ca.pem", "-in", request, "-out", cert, "-notext")
        self._run("ca", "-batch", "-config", "settings", *signing, "-startdate", "20200101000000Z", "-enddate", until)
        return Signed(self.folder / cert, self.folder / key)

    def _run(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
