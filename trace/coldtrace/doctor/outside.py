"""What lies around the service: its public host, its printers, its mail server.  Nothing is changed or sent there."""

import http.client
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from coldtrace.doctor.model import Finding, Outcome
from coldtrace.doctor.rules import certificate_finding, clock_finding
from coldtrace.errors import Words
from coldtrace.settings import Printer, Settings

PATIENCE_S = 5.0
DATE_PRECISION_S = 1.0
"""The header Date has whole seconds."""

Clock = Callable[[], datetime]


def public_host_findings(settings: Settings, *, clock: Clock, context: ssl.SSLContext | None = None) -> list[Finding]:
    """Look at the host that is printed in codes: the days of its certificate, and its clock."""
    host = settings.public_host
    if settings.env == "development":
        says = Words(f"{host} 是开发用域名，不检查", f"{host} is the host of a development start: not looked at")
        return [
            Finding(thing=thing, outcome=Outcome.NOT_CHECKED, says=says) for thing in ("public_host", "public_clock")
        ]
    name, _, port = host.partition(":")
    line = http.client.HTTPSConnection(
        name, int(port or 443), timeout=PATIENCE_S, context=context or ssl.create_default_context()
    )
    try:
        line.connect()
        certificate = line.sock.getpeercert() if isinstance(line.sock, ssl.SSLSocket) else None
        before = clock()
        line.request("GET", "/healthz", headers={"Accept": "application/json"})
        said = line.getresponse().headers.get("Date")
        after = clock()
    except ssl.SSLCertVerificationError as error:
        return _no_host(Outcome.FAILED, host, error.verify_message, _RENEW)
    except (OSError, http.client.HTTPException) as error:
        return _no_host(Outcome.LOOK, host, reason_of(error), _REACH)
    finally:
        line.close()
    assert certificate is not None, "the context verifies"
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return [certificate_finding(host, ends=ends, now=after), _date_finding(said, before=before, after=after)]


_RENEW = Words("请检查反向代理上的证书与证书链。", "Look at the certificate and its chain at the reverse proxy.")
_REACH = Words(
    "从本机无法访问公开域名：若从外部可以访问，可不理会；否则请检查 DNS、防火墙与反向代理。",
    "This machine cannot reach the public host. If others can, let it be; else look at DNS, firewall and proxy.",
)


def _no_host(outcome: Outcome, host: str, reason: str, do: Words) -> list[Finding]:
    says = Words(f"{host}：{reason}", f"{host}: {reason}")
    return [
        Finding(thing="public_host", outcome=outcome, says=says, do=do),
        Finding(thing="public_clock", outcome=Outcome.NOT_CHECKED, says=says),
    ]


def _date_finding(said: str | None, *, before: datetime, after: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(said or "").astimezone(UTC)
    except ValueError:
        says = Words("该域名的应答没有 Date", "the host's answer has no Date")
        return Finding(thing="public_clock", outcome=Outcome.NOT_CHECKED, says=says)
    return clock_finding("public_clock", before=before, theirs=theirs, after=after, precision_s=DATE_PRECISION_S)


def printer_findings(printers: Sequence[Printer] | None) -> list[Finding]:
    """Connect to every printer of the settings, all at once; nothing is printed."""
    if not printers:
        says = Words("未设置打印机（COLDTRACE_PRINTERS）", "none is set (COLDTRACE_PRINTERS)")
        return [Finding(thing="printers", outcome=Outcome.NOT_CHECKED, says=says)]
    with ThreadPoolExecutor(max_workers=min(len(printers), 16)) as pool:
        return list(pool.map(_printer_finding, printers))


def _printer_finding(printer: Printer) -> Finding:
    where = f"{printer.name} {printer.host}:{printer.port}"
    try:
        socket.create_connection((printer.host, printer.port), timeout=PATIENCE_S).close()
    except OSError as error:
        return Finding(
            thing="printers",
            outcome=Outcome.LOOK,
            says=Words(f"{where}：无法连接（{reason_of(error)}）", f"{where}: no connection ({reason_of(error)})"),
            do=Words(
                "请检查打印机电源、网线与地址（COLDTRACE_PRINTERS）。",
                "Look at the printer's power and cable, and at its address (COLDTRACE_PRINTERS).",
            ),
        )
    return Finding(thing="printers", outcome=Outcome.PASSED, says=Words(f"{where}：可连接", f"{where}: answers"))


def mail_finding(smtp_url: str | None) -> Finding:
    """Greet the mail server, with TLS where it offers it; nobody signs in and no letter is sent."""
    if smtp_url is None:
        says = Words(
            "未设置邮件服务器（COLDTRACE_SMTP_URL）：链接显示给邀请人",
            "none is set (COLDTRACE_SMTP_URL): links are shown",
        )
        return Finding(thing="mail", outcome=Outcome.NOT_CHECKED, says=says)
    parts = urlsplit(smtp_url)
    implicit = parts.scheme == "smtps"
    host, port = parts.hostname or "", parts.port or (465 if implicit else 25)
    where = f"{host}:{port}"
    context = ssl.create_default_context()
    try:
        client: smtplib.SMTP = (
            smtplib.SMTP_SSL(host, port, timeout=PATIENCE_S, context=context)
            if implicit
            else smtplib.SMTP(host, port, timeout=PATIENCE_S)
        )
        with client:
            client.ehlo()
            if not implicit and (parts.username or client.has_extn("starttls")):
                client.starttls(context=context)
                client.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            thing="mail",
            outcome=Outcome.FAILED,
            says=Words(f"{where}：{reason_of(error)}", f"{where}: {reason_of(error)}"),
            do=Words(
                "请检查 COLDTRACE_SMTP_URL 与该服务器；信件会留在队列中重试。",
                "Look at COLDTRACE_SMTP_URL and at that server; letters wait and are tried again.",
            ),
        )
    return Finding(thing="mail", outcome=Outcome.PASSED, says=Words(f"{where}：可连接", f"{where}: answers"))


def reason_of(error: Exception) -> str:
    """Return why in a few words: what the system says, never an address with a password in it."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
