"""The text of a trust list, printed one way and read with every member checked (docs/formats/trust-list.md).

Times are UTC: `2026-11-01T00:00:00.000Z`, with or without the fraction, or a bare date, which means 00:00 of
that day for a beginning and the end of that day for an end.
"""

import re
from datetime import datetime, timedelta

from coldtrace import clock
from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, b64, un_std_b64, unb64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.members import Members
from coldtrace.seal.public_key import ALGORITHMS, MalformedKey, key_id, kid, load_public_key
from coldtrace.seal.trust_entries import (
    STATES,
    STATION_STATES,
    USES,
    Allow,
    Cut,
    LogEntry,
    Station,
    TrustedKey,
    TrustList,
)
from coldtrace.seal.vkey import LOG_KIND, WITNESS_KIND, MalformedVkey, Vkey, parse_vkey

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{3})?Z)?", re.ASCII)


class MalformedTrustList(Refusal):
    """The text is no trust list; `where` says which member."""

    code = "malformed_trust_list"
    title = Words("信任列表有误", "Malformed trust list")
    detail = Words(
        "信任列表在 {where} 处不符合格式；请重新下载。",
        "The trust list is not as the format says at {where}; fetch it again.",
    )


def print_list(trust: TrustList) -> str:
    """Return the JCS text to sign."""
    return print_canonical(
        {
            "v": 1,
            "net": b64(trust.net),
            "seq": trust.seq,
            "issued": clock.format_utc(trust.issued),
            "expires": clock.format_utc(trust.expires),
            "hosts": list(trust.hosts),
            "stations": [
                {"id": s.id, "name": s.name, "gln": s.gln, "gcp": list(s.gcp), "status": s.status}
                for s in trust.stations
            ],
            "keys": [_print_key(each) for each in trust.keys],
            "logs": [_print_log(each) for each in trust.logs],
            "cuts": [{"key": b64(c.key), "origin": c.origin, "size": c.size} for c in trust.cuts],
        }
    )


def read_list(value: object, *, bare: bool) -> TrustList:
    """Return the list of a parsed JSON object; raise MalformedTrustList.

    A signed list has every member (`cuts` may be left out).  A `bare` one, as an integrator may write by hand,
    may leave out `net`, `stations`, `logs`, and what follows from a key.  Members of the list that v1 does not
    know are ignored, so that later lists can say more; a member that takes trust away needs a new `v`.  Unknown
    members of a key, a log or a cut are refused.
    """
    members = Members(value, where="", refusal=MalformedTrustList)
    if members.number("v") != 1:
        raise members.refuse("v")
    issued, expires = _time(members, "issued"), _time(members, "expires", end=True)
    if issued is None or expires is None or expires <= issued:
        raise members.refuse("expires")
    return TrustList(
        net=b"" if bare and not members.has("net") else members.data("net", length=32),
        seq=members.number("seq", at_least=1),
        issued=issued,
        expires=expires,
        hosts=tuple(host.lower() for host in members.texts("hosts")),
        stations=tuple(_station(each, bare=bare) for each in _objects(members, "stations", optional=bare)),
        keys=tuple(_key(each, bare=bare) for each in members.objects("keys")),
        logs=tuple(_log(each) for each in _objects(members, "logs", optional=bare)),
        cuts=tuple(_cut(each) for each in _objects(members, "cuts", optional=True)),
    )


def _objects(members: Members, name: str, *, optional: bool) -> list[Members]:
    return [] if optional and not members.has(name) else members.objects(name)


def _station(members: Members, *, bare: bool) -> Station:
    status = "active" if bare and not members.has("status") else members.text("status")
    if status not in STATION_STATES:
        raise members.refuse("status")
    return Station(
        id=members.text("id"),
        name=members.text("name"),
        gln=members.text("gln") if members.has("gln") else None,
        gcp=() if bare and not members.has("gcp") else members.texts("gcp"),
        status=status,
    )


def _key(members: Members, *, bare: bool) -> TrustedKey:
    alg, spki = members.text("alg"), _spki(members)
    try:
        if alg not in ALGORITHMS or load_public_key(spki).alg != alg:
            raise members.refuse("alg")
    except MalformedKey:
        raise members.refuse("spki") from None
    key = TrustedKey(
        kid=members.text("kid"),
        id=members.data("id", length=32) if members.has("id") else key_id(spki),
        use="code" if bare and not members.has("use") else members.text("use"),
        alg=alg,
        spki=spki,
        stn=members.text("stn") if members.has("stn") else None,
        scope=() if bare and not members.has("scope") else members.texts("scope"),
        print_from=_time(members, "print_from"),
        print_until=_time(members, "print_until", end=True),
        accept_until=_time(members, "accept_until", end=True),
        st="active" if bare and not members.has("st") else members.text("st"),
        allow=_allow(members),
    )
    # The ids follow from the key; a list that says otherwise would make verifiers disagree about who signed.
    for name, good in (
        ("kid", key.kid == kid(spki)),
        ("id", key.id == key_id(spki)),
        ("use", key.use in USES),
        ("st", key.st in STATES),
        ("allow", key.allow is None or (key.is_revoked and key.use == "code")),
    ):
        if not good:
            raise members.refuse(name)
    members.close()
    return key


def _allow(members: Members) -> Allow | None:
    if not members.has("allow"):
        return None
    said = members.inner("allow")
    allow = Allow(sha256=said.data("sha256", length=32), units=said.number("units"))
    said.close()
    return allow


def _spki(members: Members) -> bytes:
    text = members.text("spki")
    for read in (unb64, un_std_b64):  # OpenSSL and Java print the padded standard alphabet.
        try:
            return read(text)
        except MalformedBase64:
            continue
    raise members.refuse("spki")


def _log(members: Members) -> LogEntry:
    log = LogEntry(
        origin=members.text("origin"),
        vkey=_vkey(members, members.text("vkey"), "vkey", LOG_KIND),
        witnesses=tuple(_vkey(members, text, "witnesses", WITNESS_KIND) for text in members.texts("witnesses")),
        quorum=members.number("quorum"),
    )
    if log.vkey.name != log.origin:
        raise members.refuse("vkey")
    # One witness listed twice, or under two names with one key, would be a quorum of itself.
    names, keys = {each.name for each in log.witnesses}, {each.spki for each in log.witnesses}
    if len(names) < len(log.witnesses) or len(keys) < len(log.witnesses) or log.vkey.spki in keys:
        raise members.refuse("witnesses")
    if log.quorum > len(log.witnesses):
        raise members.refuse("quorum")
    members.close()
    return log


def _vkey(members: Members, text: str, name: str, kind: int) -> Vkey:
    try:
        vkey = parse_vkey(text)
    except MalformedVkey:
        raise members.refuse(name) from None
    if vkey.kind != kind:
        raise members.refuse(name)
    return vkey


def _cut(members: Members) -> Cut:
    cut = Cut(key=members.data("key", length=32), origin=members.text("origin"), size=members.number("size"))
    members.close()
    return cut


def _time(members: Members, name: str, *, end: bool = False) -> datetime | None:
    if not members.has(name):
        return None
    text = members.text(name)
    if not _TIME.fullmatch(text):
        raise members.refuse(name)
    try:
        if len(text) > 10:
            return clock.parse_utc(text)
        return clock.parse_utc(f"{text}T00:00:00Z") + timedelta(days=1 if end else 0)
    except (ValueError, OverflowError):
        raise members.refuse(name) from None


def _print_key(key: TrustedKey) -> dict[str, object]:
    def time(moment: datetime | None) -> str | None:
        return None if moment is None else clock.format_utc(moment)

    printed: dict[str, object] = {
        "kid": key.kid,
        "use": key.use,
        "alg": key.alg,
        "spki": b64(key.spki),
        "stn": key.stn,
        "scope": list(key.scope),
        "print_from": time(key.print_from),
        "print_until": time(key.print_until),
        "accept_until": time(key.accept_until),
        "st": key.st,
    }
    if key.allow is not None:
        printed["allow"] = {"sha256": b64(key.allow.sha256), "units": key.allow.units}
    return printed


def _print_log(log: LogEntry) -> dict[str, object]:
    return {
        "origin": log.origin,
        "vkey": log.vkey.text(),
        "witnesses": [each.text() for each in log.witnesses],
        "quorum": log.quorum,
    }
