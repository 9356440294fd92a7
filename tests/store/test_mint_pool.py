"""Several processes that mint: the same codes in the same order as one, and a run that survives the loss of one."""

import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.sscc import Sscc, make_sscc
from coldtrace.codes.token import decode_token
from coldtrace.goods.draw import WORTH_PROCESSES, OpenRun, draw_rest, open_run
from coldtrace.goods.mint import MintedCode
from coldtrace.goods.mint_pool import BATCH, MintPool, key_file_source
from coldtrace.goods.plan import Cartons, Identity, PalletLabel, Step, pieces, positions
from coldtrace.goods.refusals import MintWorkerLost
from coldtrace.parties import trust
from coldtrace.seal.keys import Ed25519Signer, load_public_key
from support.consignments import GTIN
from support.road import PORT, make_road

SEED = b"p" * 32
STEPS: list[Step] = [
    Cartons(count=BATCH + 7, gtin=GTIN, lot="L1", lot_id=1, pallet="P01", net_g=1_000_003),
    PalletLabel(pallet="P01", net_g=1_000_003),
    Cartons(count=2 * BATCH, gtin=None, lot_id=2, pallet="P02", net_g=1_000_000, identity=Identity.SSCC),
    Cartons(count=3, gtin=None, lot_id=3, pallet="P02", net_g=30),
    PalletLabel(pallet="P02", net_g=1_000_030),
]


def numbers() -> Iterator[Sscc]:
    return (make_sscc(extension=3, company_prefix="9521234", reference=reference) for reference in count(1))


def minted(pool: MintPool) -> list[MintedCode]:
    return list(pool.mint(pieces(STEPS, drawn=0, most=positions(STEPS)), numbers()))


def test_codes_come_back_in_order_each_once_and_each_verifies() -> None:
    signer = Ed25519Signer.from_seed(SEED)
    with MintPool(partial(Ed25519Signer.from_seed, SEED), host="trace.example.cn", processes=2) as pool:
        codes = minted(pool)
    assert [code.position for code in codes] == list(range(1, positions(STEPS) + 1))
    assert [code.lot_id for code in codes] == [
        *[1] * (BATCH + 7), None, *[2] * (2 * BATCH), *[3] * 3, None
    ]  # fmt: skip
    assert sum(code.net_g or 0 for code in codes if code.kind == "unit") == 1_000_003 + 1_000_030
    assert len({code.unit_id for code in codes}) == len(codes)
    ssccs = [code.unit_id.removeprefix("(00)") for code in codes if code.unit_id.startswith("(00)")]
    assert ssccs == [str(sscc) for sscc, _ in zip(numbers(), ssccs, strict=False)]
    key = load_public_key(signer.spki)
    for code in codes[:: BATCH // 4]:
        printed = parse_trace_code(code.uri)
        token = decode_token(printed.token or "")
        assert printed.unit_id == code.unit_id
        assert key.verify(token.signature, signing_input(token.header, printed.elements))


def test_a_worker_that_is_gone_is_a_refusal() -> None:
    with MintPool(os.abort, host="trace.example.cn", processes=1) as pool, pytest.raises(MintWorkerLost):
        minted(pool)


def test_a_large_run_is_the_same_with_several_processes(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    wanted = WORTH_PROCESSES + 5_000
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        key = trust.code_key(session, road.env, PORT, road.env.clock())
        steps = [Cartons(count=wanted - 1, gtin=GTIN, lot="L1"), PalletLabel(pallet="P01", net_g=1)]
        run = open_run(session, road.env, OpenRun(station_gln=PORT, steps=steps, kind="roll"))
    assert key_file_source(road.env.keyring, PORT, key.kid) is not None
    assert key_file_source(road.env.keyring, PORT, "00000000") is None
    told: list[int] = []
    done = draw_rest(sessions.begin, road.env, run.run_id, lambda drawn, wanted: told.append(drawn), processes=2)
    assert (done.drawn, done.wanted) == (wanted, wanted)
    assert told == [4_000, 14_000, 24_000, wanted]
    with sessions() as session:
        row = session.execute(
            text(
                "SELECT count(*) AS codes, count(DISTINCT serial) AS serials, min(position) AS first,"
                " max(position) AS last, count(DISTINCT position) AS positions, min(kid) AS kid, max(kid) AS kids,"
                " bool_and(kind = 'pallet') FILTER (WHERE position = :last) AS label FROM issued_code"
            ),
            {"last": wanted},
        ).one()
    assert tuple(row) == (wanted, wanted - 1, 1, wanted, wanted, key.kid, key.kid, True)
