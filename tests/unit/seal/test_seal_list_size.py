"""How large a trust list is on the wire: 3,000 code keys stay under 200 kB, compressed as the service does."""

import gzip
import json
from datetime import timedelta

from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.trust_entries import Station, TrustedKey, TrustList, trusted_key
from coldtrace.seal.trust_list import print_list, sign_trust_list
from support.tlog_vectors import NOW

STATIONS, MONTHS = 100, 30


def monthly(station: int, month: int) -> TrustedKey:
    """Return the key that a station had in a month; its windows begin on a day of its own, and are whole days."""
    seed = sha256(f"station {station} month {month}".encode())
    made = NOW.replace(hour=0) - timedelta(days=30 * month + seed[0] % 30)
    return trusted_key(
        use="code",
        spki=Ed25519Signer.from_seed(seed).spki,
        stn=f"95212340{station:05d}",
        scope=("01", "00:9521234", "414", "U"),
        print_from=made - timedelta(days=1),
        print_until=made + timedelta(days=38),
        accept_until=made + timedelta(days=769),
        st="active" if month == 0 else "verify-only",
    )


def test_three_thousand_random_keys_fit_into_200_kb() -> None:
    keys = tuple(monthly(station, month) for station in range(STATIONS) for month in range(MONTHS))
    stations = tuple(
        Station(
            id=f"95212340{at:05d}", name=f"口岸冷库{at}号", gln=f"95212340{at:05d}", gcp=("9521234",), status="active"
        )
        for at in range(STATIONS)
    )
    trust = TrustList(
        net=bytes(32),
        seq=412,
        issued=NOW,
        expires=NOW + timedelta(days=7),
        hosts=("trace.example.cn",),
        stations=stations,
        keys=keys,
    )
    envelope = json.dumps(sign_trust_list(print_list(trust), {"r1": Ed25519Signer.generate()}), ensure_ascii=False)
    plain = envelope.encode()
    zipped = gzip.compress(plain, compresslevel=9, mtime=0)
    print(f"trust list of {len(keys)} random keys: {len(plain):,} bytes, {len(zipped):,} with gzip")
    assert len(keys) == 3_000
    assert len(zipped) < 200_000
