"""How long filters take: seconds for `coldtrace bench codes`, of throw-away keys and made-up units, in one process."""

import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from coldtrace import clock
from coldtrace.codes.sign import sign_code
from coldtrace.seal.filter import check_filter, map_filter
from coldtrace.seal.filter_build import build_stop_filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.filter_measure import random_items
from coldtrace.seal.keys import Ed25519Signer, key_id, kid
from coldtrace.seal.trust_list import TrustList, trusted_key
from coldtrace.verify.held_filters import HeldFilters

_HOST, _GTIN = "trace.example.cn", "09521234543213"
_ISSUED = datetime(2026, 11, 28, tzinfo=UTC)
_CODES = 200


@dataclass(frozen=True, kw_only=True)
class FilterTimes:
    """Of a filter of so many voided units: to build it, to open and check the file, and a verdict without and with it
    (medians), in seconds; and the first verdict of a process, with opening and checking the file."""

    entries: int
    size_bytes: int
    build_s: float
    open_s: float
    verdict_without_s: float
    verdict_with_s: float
    verdict_cold_s: float


def filter_times(entries: int) -> FilterTimes:
    """Build a filter of `entries` voided units and judge codes with it."""
    station, status = (Ed25519Signer.generate() for _ in range(2))
    trust = TrustList(
        net=bytes(32),
        seq=1,
        issued=_ISSUED,
        expires=_ISSUED + timedelta(days=7),
        hosts=(_HOST,),
        stations=(),
        keys=(trusted_key(use="code", spki=station.spki), trusted_key(use="status", spki=status.spki)),
    )
    started = time.perf_counter()
    file = build_stop_filter(
        partial(random_items, FilterKind.REVOKED_UNITS, entries, 1),
        kind=FilterKind.REVOKED_UNITS,
        net=trust.net,
        seq=1,
        issued=_ISSUED,
        expires=trust.expires,
        signer_id=key_id(status.spki),
        signer=status,
        random=clock.random_bytes,
    )
    build_s = time.perf_counter() - started
    serials = [item.partition("(21)")[2] for item in random_items(FilterKind.REVOKED_UNITS, _CODES, 2)]
    codes = [
        sign_code(
            host=_HOST,
            elements=(("01", _GTIN), ("21", serial)),
            algorithm=1,
            kid=kid(station.spki),
            sign=station.sign,
        )
        for serial in serials
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "filter.ccf1"
        path.write_bytes(file)
        started = time.perf_counter()
        held = _open(path, trust)
        open_s = time.perf_counter() - started
        started = time.perf_counter()
        _open(path, trust).judge(codes[0], trust=trust, now=_ISSUED)
        cold_s = time.perf_counter() - started
    return FilterTimes(
        entries=entries,
        size_bytes=len(file),
        build_s=build_s,
        open_s=open_s,
        verdict_without_s=_verdict_s(HeldFilters(), codes, trust),
        verdict_with_s=_verdict_s(held, codes, trust),
        verdict_cold_s=cold_s,
    )


def _open(path: Path, trust: TrustList) -> HeldFilters:
    filter = map_filter(path)
    check_filter(filter, trust)
    return HeldFilters.of([filter])


def _verdict_s(held: HeldFilters, codes: list[str], trust: TrustList) -> float:
    times = []
    for code in codes:
        started = time.perf_counter()
        held.judge(code, trust=trust, now=_ISSUED)
        times.append(time.perf_counter() - started)
    return statistics.median(times)
