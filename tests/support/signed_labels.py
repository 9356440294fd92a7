"""Labels whose codes are really signed, with the trust list that vouches for them; no database."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coldtrace.codes.short_code import format_short_code, new_serial
from coldtrace.codes.sign import sign_code
from coldtrace.codes.sscc import make_sscc
from coldtrace.labels.content import LabelContent
from coldtrace.labels.seal_check import SealCheck
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, kid
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_entries import Allow, trusted_key
from coldtrace.seal.trust_list import TrustList, sign_trust_list
from coldtrace.seal.trust_text import print_list
from support.label_cases import GLN, GTIN, carton, pallet, place

ROOT, STATION = Ed25519Signer.from_seed(bytes(32)), Ed25519Signer.from_seed(b"station key of these tests......"[:32])
AT = datetime(2026, 11, 20, tzinfo=UTC)
HOST = "trace.example.cn"


def seals(
    *, st: str = "active", hosts: tuple[str, ...] = (HOST,), at: datetime = AT, allow: Allow | None = None
) -> SealCheck:
    """Return the signature check under a list that names the station key with this state."""
    root = write_root(roots={"r1": ROOT.spki}, threshold=1)
    trust = TrustList(
        net=root.net,
        seq=1,
        issued=AT - timedelta(days=1),
        expires=AT + timedelta(days=6),
        hosts=hosts,
        stations=(),
        keys=(
            trusted_key(
                use="code",
                spki=STATION.spki,
                print_from=AT - timedelta(days=30),
                print_until=AT + timedelta(days=7),
                accept_until=AT + timedelta(days=700),
                st=st,
                allow=allow,
            ),
        ),
    )
    return SealCheck(trust_list=json.dumps(sign_trust_list(print_list(trust), {"r1": ROOT})), root=root.text, at=at)


def uri(*elements: tuple[str, str]) -> str:
    """Return the signed code of these elements."""
    return sign_code(host=HOST, elements=elements, algorithm=1, kid=kid(STATION.spki), sign=STATION.sign)


def signed_carton(number: int = 1) -> LabelContent:
    """Return the `number`-th carton, the same at every call."""
    lot = f"L2409A{number % 3}"
    chance = iter(range(1_000_000))
    serial = new_serial(lambda size: sha256(f"{number} {next(chance)}".encode())[:size])
    elements = (("01", GTIN), ("10", lot), ("21", serial))
    return replace(
        carton(),
        uri=uri(*elements),
        gs1_text="".join(f"({ai}){value}" for ai, value in elements),
        lot=lot,
        short_code=format_short_code(serial),
    )


def signed_cartons(count: int) -> Iterator[LabelContent]:
    """Yield so many cartons of three lots."""
    return map(signed_carton, range(1, count + 1))


def signed_pallet() -> LabelContent:
    """Return a pallet."""
    sscc = make_sscc(extension=3, company_prefix="9506000", reference=1)
    return replace(pallet(sscc), uri=uri(("00", sscc)))


def signed_place() -> LabelContent:
    """Return a dock door."""
    return replace(place(), uri=uri(("414", GLN), ("254", "D03")))
