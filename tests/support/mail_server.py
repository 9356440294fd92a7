"""A mail server on a real socket: keeps what it is given, offers STARTTLS and AUTH when asked, or says no."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "platform", "s&cret/@ word"


@dataclass
class MailServer:
    """What arrived: letters with the envelope's recipients, and whether the wire was encrypted."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    answer: str = "250 kept"
    """What it says to a letter; anything but 250 keeps none."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a letter."""
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            letter = BytesParser(policy=default).parsebytes(content)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.recipients.append(list(envelope.rcpt_tos))
            self.encrypted.append(session.ssl is not None)
            self.signed_in.append(bool(session.authenticated))
        return self.answer


@contextmanager
def mail_server(*, tls: Path | None = None, implicit: bool = False, password: bool = False) -> Iterator[MailServer]:
    """Give a server; with the folder `tls` it offers STARTTLS, or with `implicit` speaks TLS from the first byte."""
    kept = MailServer()
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "server.pem", tls / "server.key")
    more: dict[str, Any] = {}
    if context is not None and not implicit:
        more |= {"tls_context": context, "require_starttls": True}
    if password:
        more |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": not implicit}
    if implicit:
        more |= {"ssl_context": context}
    controller = _OnAnyPort(kept, hostname="127.0.0.1", port=0, ready_timeout=20, **more)
    controller.start()
    try:
        kept.port = controller.port
        yield kept
    finally:
        controller.stop()


class _OnAnyPort(Controller):
    """A controller that asks for port 0 and then calls itself where it really listens."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server), "started just now"
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def make_certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 that is its own authority; return its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.cn")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "server.pem"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)
