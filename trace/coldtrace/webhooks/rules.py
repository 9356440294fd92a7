"""Signing as the Standard Webhooks specification has it, and addresses that may be told something: pure."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from coldtrace.webhooks.model import RETRY_AFTER
from coldtrace.webhooks.refusals import WebhookUrlUnusable

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
URL_CHARACTERS_MAX = 500


def new_secret(random: bytes) -> str:
    """Return a secret as it is shown once: 32 random bytes in base64 behind `whsec_`."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature: `v1,` and the HMAC-SHA256 of id, time and body in base64.

    The specification's own example:

    >>> signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...     timestamp=1614265330, body=b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("no secret of a webhook") from None
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def headers(secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a delivery: one signature for each secret that is good now."""
    timestamp = int(at.timestamp())
    signed = [signature(each, message_id=message_id, timestamp=timestamp, body=body) for each in secrets]
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signed)}


def next_try(now: datetime, *, tries: int, chance: int) -> datetime | None:
    """Return when a message is tried again after so many failed tries, None when that was the last one.

    `chance`, a byte, makes it up to a tenth later: what failed together does not come back together.

    >>> from datetime import UTC
    >>> at = datetime(2026, 12, 1, tzinfo=UTC)
    >>> next_try(at, tries=2, chance=0) - at, next_try(at, tries=10, chance=0)
    (datetime.timedelta(seconds=300), None)
    """
    if tries > len(RETRY_AFTER):
        return None
    wait = RETRY_AFTER[tries - 1]
    return now + wait + timedelta(seconds=wait.total_seconds() / 10 * chance / 255)


def checked_url(url: str, *, inside: Collection[str]) -> str:
    """Return an address that may be told something, in ASCII; raise WebhookUrlUnusable.

    Only https, but to the hosts that the setting names (`inside`).  No user, no fragment; that its host resolves to
    public addresses alone is looked at when it is called.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WebhookUrlUnusable(reason="malformed") from None
    if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise WebhookUrlUnusable(reason="malformed")
    if not host or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise WebhookUrlUnusable(reason="malformed")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_inside(url, inside)):
        raise WebhookUrlUnusable(reason="https")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return url
    if not is_public(str(literal)) and not is_inside(url, inside):
        raise WebhookUrlUnusable(reason="private")
    return url


def is_inside(url: str, inside: Collection[str]) -> bool:
    """Tell whether the setting names the host of an address, alone or with its port.

    >>> [is_inside(url, ["erp.corp:8080"]) for url in ("http://erp.corp:8080/x", "http://erp.corp/x")]
    [True, False]
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return host in inside or f"{host}:{port}" in inside


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public network: not private, loopback, link-local, metadata, multicast.

    >>> [is_public(each) for each in ("8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "::1")]
    [True, False, False, False, False, False]
    >>> [is_public(each) for each in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%eth0")]
    [False, False, False, False]
    >>> is_public("2606:4700:4700::1111"), is_public("64:ff9b::808:808")
    (True, True)
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in the clothes of an IPv6 one is judged as what it is.
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None or int(found) >> 32 == 0:
            return False
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved and not found.is_unspecified


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
