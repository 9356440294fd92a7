"""How long the device's certificate still counts, so that nobody is surprised by its end.

What is said after it is kept and marked `certificate_over`.  From 30 days before, `status` and `doctor` say what to
do, and the panel does so once a day.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from coldscan import cache
from coldscan.cache import Name
from coldtrace.clock import parse_utc
from coldtrace.errors import Lang, Words

WARNED_BEFORE: Final = timedelta(days=30)

_SOON: Final = Words(
    "本机证书 {day} 到期（还有 {days} 天）："
    "请管理员运行 coldtrace devices roll，再在本机用 coldscan enrol --again 换钥",
    "This device's certificate ends on {day}, in {days} days: have the administrator run coldtrace devices roll, then"
    " coldscan enrol --again here",
)
_OVER: Final = Words(
    "本机证书已于 {day} 到期，此后的记录会被标记："
    "请管理员运行 coldtrace devices roll，再在本机用 coldscan enrol --again 换钥",
    "This device's certificate ended on {day} and what it says since is marked: have the administrator run coldtrace"
    " devices roll, then coldscan enrol --again here",
)


@dataclass(frozen=True, kw_only=True)
class CertificateEnd:
    """When the certificate ends, and how long that is from now."""

    at: datetime
    left: timedelta

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended."""
        return self.left <= timedelta(0)

    @property
    def is_near(self) -> bool:
        """Tell whether it ends soon, or has ended: time to say so."""
        return self.left <= WARNED_BEFORE

    def say(self, lang: Lang) -> str:
        """Return what ends when, and what to do."""
        sentence = _OVER if self.is_over else _SOON
        return sentence.say(lang, day=self.at.date().isoformat(), days=max(0, self.left.days))


def certificate_end(connection: sqlite3.Connection, *, now: datetime) -> CertificateEnd | None:
    """Return the end of the enrolled certificate, seen from `now`; None without one."""
    naf = json.loads(cache.get(connection, Name.CERTIFICATE) or "{}").get("naf")
    if not isinstance(naf, str):
        return None
    at = parse_utc(naf)
    return CertificateEnd(at=at, left=at - now)
