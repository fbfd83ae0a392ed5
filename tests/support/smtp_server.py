"""A local SMTP server: STARTTLS with a certificate of its own, login, and refusals on demand."""

from __future__ import annotations

import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """What arrived.

    Attributes:
        port: where it listens.
        certificate: what a client has to trust.
        mails: recipients and text of every mail taken.
        was_encrypted: whether the last mail came over TLS.
        answers: given instead of success, by the first word of a command.
    """

    port: int = 0
    certificate: Path = Path()
    mails: list[tuple[list[str], str]] = field(default_factory=list)
    was_encrypted: bool = False
    offers_tls: bool = True
    answers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving_mail(folder: Path) -> Iterator[MailServer]:
    state = MailServer()
    state.certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(state.certificate, key)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            is_encrypted, recipients = False, []
            while line := self.rfile.readline().decode().strip():
                verb = line.split(":")[0].upper().split(" ")[0]
                if verb == "EHLO":
                    offers = ["STARTTLS"] if state.offers_tls and not is_encrypted else []
                    for name in ["here", *offers]:
                        self._say(f"250-{name}")
                    self._say("250 AUTH PLAIN LOGIN")
                elif verb in state.answers:
                    self._say(state.answers[verb])
                elif verb == "STARTTLS":
                    self._say("220 go on")
                    self.request = context.wrap_socket(self.request, server_side=True)
                    self.rfile = self.request.makefile("rb")
                    self.wfile = self.request.makefile("wb", 0)
                    is_encrypted = True
                elif verb == "AUTH":
                    self._say("235 welcome")
                elif verb == "RCPT":
                    recipients.append(line.split("<")[1].split(">")[0])
                    self._say("250 ok")
                elif verb == "DATA":
                    self._say("354 go on")
                    text = b""
                    while not text.endswith(b"\r\n.\r\n"):
                        text += self.rfile.readline()
                    state.mails.append((recipients, text.decode()))
                    state.was_encrypted = is_encrypted
                    self._say("250 taken")
                else:
                    self._say("250 ok")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:  # a client that hangs up is part of the play
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
