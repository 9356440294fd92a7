"""Code runs in pieces: no gap, no double, never over the quota, whoever draws and whenever."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.clock import new_id
from coldtrace.codes.sscc import highest_reference, make_sscc
from coldtrace.errors import Refusal
from coldtrace.goods import run_labels, run_store, service, work
from coldtrace.goods.draw import CHUNK, OpenRun, draw_next, draw_rest, open_run
from coldtrace.goods.plan import Cartons
from coldtrace.goods.refusals import (
    CodeQuotaSpent,
    DeclarationImported,
    KeyOutOfScope,
    RunUnfinished,
    RunUnknown,
    SsccSpent,
)
from coldtrace.goods.service import OpenConsignment, OpenedConsignment
from coldtrace.goods.sscc_draw import draw_ssccs
from coldtrace.interop.imports import undo_import
from coldtrace.parties import store as parties_store
from coldtrace.parties.refusals import NoCodeKey
from coldtrace.parties.signing_keys import NewKey, rotate
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import Verdict, verify_code
from support.consignments import packing_list
from support.road import PORT, Road, at_site, make_road

BIG = 2_100
"""Cartons on each of two pallets: three pieces."""


def opening(*, pallets: int = 2, cartons: int = BIG, declaration: str = "020220261000000123") -> OpenConsignment:
    return OpenConsignment(
        packing=packing_list(pallets=pallets, cartons=cartons, declaration=declaration),
        station_gln=None,
        scope=EVERYTHING,
        source_name="装箱单.xlsx",
        source_hash=declaration.encode().ljust(32),
        normalised=[],
        warnings=[],
    )


def opened(road: Road, **sizes: int) -> OpenedConsignment:
    return service.open_consignment(road.session, road.env, opening(**sizes))  # type: ignore[arg-type]


def quota(road: Road, codes: int | None) -> None:
    road.session.execute(text("UPDATE site SET codes_per_day = :n WHERE gln = :g"), {"n": codes, "g": PORT})


def kept(session: Session) -> Sequence[tuple[int, str, str, str | None]]:
    rows = session.execute(text("SELECT position, kind, pallet, serial FROM issued_code ORDER BY position"))
    return [(row.position, row.kind, row.pallet, row.serial) for row in rows]


def whole_and_single(session: Session, *, pallets: int, cartons: int) -> None:
    """Every position once, every serial once, every pallet complete with its own label last."""
    codes = kept(session)
    assert [position for position, *_ in codes] == list(range(1, pallets * (cartons + 1) + 1))
    serials = [serial for _, kind, _, serial in codes if kind == "unit"]
    assert len(set(serials)) == pallets * cartons
    assert [(kind, pallet) for _, kind, pallet, _ in codes] == [
        (kind, f"P{number + 1:02}") for number in range(pallets) for kind in (*["unit"] * cartons, "pallet")
    ]


def test_a_large_run_is_drawn_in_pieces(road: Road) -> None:
    made = opened(road)
    assert (made.drawn, made.wanted) == (CHUNK, 2 * BIG + 2)
    assert road.count("issued_code") == CHUNK
    told = [draw_next(road.session, road.env, made.run_id) for _ in range(3)]
    assert [(each.drawn, each.is_drawn) for each in told] == [(4000, False), (4202, True), (4202, True)]
    whole_and_single(road.session, pallets=2, cartons=BIG)
    weights = road.session.execute(text("SELECT sum(net_g) FROM issued_code WHERE kind = 'unit'")).scalar_one()
    assert weights == 2 * BIG * 20_000


def test_pieces_say_the_same_as_one(road: Road) -> None:
    """An uneven weight and a pallet that ends just at a piece come out as if all had been drawn at once."""
    packing = packing_list(pallets=2, cartons=CHUNK - 1)
    lines = tuple(replace(line, net_g=line.net_g + 7) for line in packing.lines)
    command = replace(opening(), packing=replace(packing, lines=lines))
    made = service.open_consignment(road.session, road.env, command)
    draw_next(road.session, road.env, made.run_id)
    whole_and_single(road.session, pallets=2, cartons=CHUNK - 1)
    sums = road.session.execute(
        text("SELECT sum(net_g) FILTER (WHERE kind = 'unit') AS cartons, max(net_g) FILTER (WHERE kind = 'pallet') AS"
             " label FROM issued_code GROUP BY pallet")
    )  # fmt: skip
    assert [(row.cartons, row.label) for row in sums] == [(lines[0].net_g, lines[0].net_g)] * 2


def test_labels_and_devices_wait_for_the_whole_run(road: Road) -> None:
    made = opened(road)
    with pytest.raises(RunUnfinished) as caught:
        run_labels.run_labels(road.session, made.run_id, EVERYTHING)
    assert (caught.value.facts["drawn"], caught.value.facts["wanted"]) == (CHUNK, made.wanted)
    assert work.open_lots(road.session, at_site(PORT)) == []
    while not draw_next(road.session, road.env, made.run_id).is_drawn:
        pass
    assert len(list(run_labels.run_labels(road.session, made.run_id, EVERYTHING))) == made.wanted
    assert len(work.open_lots(road.session, at_site(PORT))) == 1


def test_the_same_file_goes_on_and_another_one_does_not(road: Road) -> None:
    made = opened(road)
    again = service.open_consignment(road.session, road.env, opening())
    assert (again.run_id, again.consignment_id, again.drawn) == (made.run_id, made.consignment_id, CHUNK)
    with pytest.raises(DeclarationImported):
        service.open_consignment(road.session, road.env, replace(opening(), source_hash=bytes(32)))
    while not draw_next(road.session, road.env, made.run_id).is_drawn:
        pass
    with pytest.raises(DeclarationImported) as caught:
        service.open_consignment(road.session, road.env, opening())
    assert caught.value.facts["consignment"] == str(made.consignment_id)
    assert road.count("code_run") == 1


def test_a_run_that_is_unknown_or_undone_is_not_drawn(road: Road) -> None:
    made = opened(road)
    undo_import(road.session, road.env, made.consignment_id, EVERYTHING)
    for run_id in (made.run_id, new_id()):
        with pytest.raises(RunUnknown):
            draw_next(road.session, road.env, run_id)
    assert run_store.list_runs(road.session, EVERYTHING, after=None, limit=9) == []


def test_runs_are_listed_page_by_page(road: Road) -> None:
    runs = [opened(road, cartons=1).run_id]
    for number in range(4):
        command = opening(cartons=CHUNK if number == 2 else 1, declaration=f"02022026100000020{number}")
        runs.append(service.open_consignment(road.session, road.env, command).run_id)
    found: list[UUID] = []
    while page := run_store.list_runs(road.session, EVERYTHING, after=found[-1] if found else None, limit=2):
        found += [run.run_id for run in page]
    assert found == runs[::-1]
    unfinished = run_store.list_runs(road.session, EVERYTHING, after=None, limit=9, unfinished=True)
    assert [(run.run_id, run.state, run.kind) for run in unfinished] == [(runs[3], "drawing", "consignment")]


def test_two_that_draw_one_run_take_turns(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        made = opened(road, pallets=3)
    seen: list[int] = []
    barrier = threading.Barrier(3)

    def draw() -> None:
        barrier.wait()
        draw_rest(sessions.begin, road.env, made.run_id, lambda drawn, wanted: seen.append(drawn))

    racing = [threading.Thread(target=draw) for _ in range(3)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    with sessions() as session:
        whole_and_single(session, pallets=3, cartons=BIG)
    assert max(seen) == made.wanted


def test_a_piece_that_fails_leaves_no_trace(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        made = opened(road)

    def fail() -> None:
        with sessions.begin() as session:
            draw_next(session, road.env, made.run_id)
            raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        fail()
    draw_rest(sessions.begin, road.env, made.run_id)
    with sessions() as session:
        whole_and_single(session, pallets=2, cartons=BIG)


def test_a_key_that_is_rotated_half_way_signs_the_rest(road: Road) -> None:
    made = opened(road)
    new, (old,) = rotate(road.session, road.env, NewKey(gln=PORT))
    while not draw_next(road.session, road.env, made.run_id).is_drawn:
        pass
    rows = road.session.execute(
        text("SELECT kid, min(position) AS a, max(position) AS z FROM issued_code GROUP BY kid")
    )
    assert {row.kid: (row.a, row.z) for row in rows} == {old: (1, CHUNK), new.kid: (CHUNK + 1, made.wanted)}
    whole_and_single(road.session, pallets=2, cartons=BIG)
    newest = parties_store.newest_trust_list(road.session)
    assert newest is not None
    trusted = open_trust_list(newest.envelope, root=None)
    for place in (1, CHUNK, CHUNK + 1, made.wanted):
        uri = road.session.execute(text("SELECT uri FROM issued_code WHERE position = :p"), {"p": place}).scalar_one()
        assert verify_code(uri, trust=trusted, now=road.clock.next).verdict is Verdict.VALID


def test_without_a_key_that_may_print_a_run_waits(road: Road) -> None:
    made = opened(road)
    road.session.execute(text("UPDATE signing_key SET print_until = :at WHERE use = 'code'"), {"at": road.clock.next})
    road.session.expire_all()
    with pytest.raises(NoCodeKey):
        draw_next(road.session, road.env, made.run_id)
    new, _ = rotate(road.session, road.env, NewKey(gln=PORT))
    assert draw_next(road.session, road.env, made.run_id).drawn == 2 * CHUNK
    assert new.kid in {str(row[0]) for row in road.session.execute(text("SELECT DISTINCT kid FROM issued_code"))}


# Quotas


def test_a_run_over_the_quota_keeps_nothing(road: Road) -> None:
    quota(road, 10)
    opened(road, pallets=1, cartons=5)
    before = road.count("issued_code"), road.count("consignment"), road.count("code_quota")
    with road.session.begin_nested() as savepoint:
        with pytest.raises(CodeQuotaSpent) as caught:
            service.open_consignment(
                road.session, road.env, opening(pallets=1, cartons=4, declaration="020220261000000999")
            )
        savepoint.rollback()
    facts = caught.value.facts
    assert (facts["quota"], facts["drawn"], facts["left"], facts["wanted"]) == (10, 6, 4, 5)
    assert facts["resets_at"] == "2026-11-24T00:00:00.000Z"
    assert (road.count("issued_code"), road.count("consignment"), road.count("code_quota")) == before
    service.open_consignment(road.session, road.env, opening(pallets=1, cartons=3, declaration="020220261000000999"))


def test_a_quota_starts_anew_at_midnight_and_undoing_gives_nothing_back(road: Road) -> None:
    quota(road, 6)
    first = opened(road, pallets=1, cartons=5)
    undo_import(road.session, road.env, first.consignment_id, EVERYTHING)
    with pytest.raises(CodeQuotaSpent):
        opened(road, pallets=1, cartons=5)
    road.session.rollback()


def test_the_next_day(road: Road) -> None:
    quota(road, 6)
    opened(road, pallets=1, cartons=5)
    road.clock.forward(timedelta(hours=20))
    service.open_consignment(road.session, road.env, opening(pallets=1, cartons=5, declaration="020220261000000999"))
    days = road.session.execute(text("SELECT day::text, drawn FROM code_quota ORDER BY day"))
    assert [tuple(row) for row in days] == [("2026-11-23", 6), ("2026-11-24", 6)]


def test_without_a_quota_codes_are_counted_all_the_same(road: Road) -> None:
    opened(road, pallets=1, cartons=5)
    assert road.session.execute(text("SELECT drawn FROM code_quota")).scalar_one() == 6
    quota(road, 6)
    with pytest.raises(CodeQuotaSpent):
        open_run(road.session, road.env, OpenRun(station_gln=PORT, steps=[Cartons(count=1, gtin=None)], kind="roll"))


@pytest.mark.parametrize("first_today", [True, False])
def test_draws_at_once_never_exceed_the_quota(
    sessions: sessionmaker[Session], tmp_path: Path, first_today: bool
) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        quota(road, 50)
        if not first_today:
            opened(road, pallets=1, cartons=4)
    barrier = threading.Barrier(8)
    outcome: list[str] = []

    def draw() -> None:
        barrier.wait()
        try:
            with sessions.begin() as session:
                roll = OpenRun(station_gln=PORT, steps=[Cartons(count=10, gtin=None)], kind="roll")
                open_run(session, road.env, roll)
            outcome.append("drawn")
        except CodeQuotaSpent:
            outcome.append("refused")

    racing = [threading.Thread(target=draw) for _ in range(8)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    assert len(outcome) == 8
    assert outcome.count("drawn") == (5 if first_today else 4)
    with sessions() as session:
        drawn = session.execute(text("SELECT count(*) FROM issued_code")).scalar_one()
        counted = session.execute(text("SELECT drawn FROM code_quota")).scalar_one()
    assert drawn == counted <= 50


# SSCC and scope


def ssccs(road: Road) -> list[str]:
    rows = road.session.execute(text("SELECT unit_id FROM issued_code WHERE kind = 'pallet' ORDER BY position"))
    return [str(row[0]).removeprefix("(00)") for row in rows]


def prefixes(road: Road, *chosen: str) -> None:
    road.session.execute(text("UPDATE site SET company_prefixes = :p WHERE gln = :g"), {"p": list(chosen), "g": PORT})


def test_each_company_prefix_counts_for_itself(road: Road) -> None:
    prefixes(road, "9521234567", "9521234")
    opened(road, pallets=2, cartons=1)
    assert [sscc[:11] for sscc in ssccs(road)] == ["39521234567"] * 2
    prefixes(road, "9521239")
    service.open_consignment(road.session, road.env, opening(pallets=1, cartons=1, declaration="020220261000000999"))
    assert [sscc[:8] for sscc in ssccs(road) if sscc[1:8] == "9521239"] == ["39521239"]
    counted = road.session.execute(text("SELECT company_prefix, used FROM sscc_counter ORDER BY company_prefix"))
    assert [tuple(row) for row in counted if row[0].startswith("952123")][-2:] == [("9521234567", 2), ("9521239", 1)]


def test_two_pallets_do_not_tell_how_many_lie_between_them(road: Road) -> None:
    """Their numbers are in no order and far apart, so that a proof, which names the pallet, tells no volume."""
    opened(road, pallets=40, cartons=1)
    references = [int(sscc[8:17]) for sscc in ssccs(road)]
    steps = [after - before for before, after in pairwise(references)]
    assert len(set(references)) == 40
    assert references != sorted(references)
    assert all(abs(step) > 100 for step in steps)
    assert len(set(steps)) == len(steps)


def test_a_number_that_is_given_out_is_drawn_again(road: Road) -> None:
    """As many lots as it takes, and where nearly everything is given out, whatever is left."""
    opened(road, pallets=1, cartons=1)
    given = [make_sscc(extension=3, company_prefix="952123456789", reference=each) for each in range(1, 9_990)]
    road.session.execute(
        text(
            "INSERT INTO issued_code (unit_id, position, kind, pallet, uri, code_hash, run_id, kid, drawn_at)"
            " SELECT '(00)' || s, 1000 + n, 'pallet', '-', s, sha256(CAST(s AS bytea)), c.run_id, c.kid, now()"
            " FROM unnest(CAST(:given AS text[])) WITH ORDINALITY g (s, n),"
            " (SELECT run_id, kid FROM code_run LIMIT 1) c"
        ),
        {"given": given},
    )
    prefix, random = "952123456789", road.env.random
    assert road.session.execute(text("SELECT count(*) FROM issued_code")).scalar_one() >= 9_989
    drawn = [draw_ssccs(road.session, prefix, 3, count=each, random=random) for each in (4, 6)]
    assert {int(sscc[13:17]) for each in drawn for sscc in each} <= set(range(9_990, 10_000))


def test_a_company_prefix_without_numbers_is_refused_and_nothing_is_used_twice(road: Road) -> None:
    prefixes(road, "9521234567")
    highest = highest_reference("9521234567")
    assert highest == 999_999
    road.session.execute(text("INSERT INTO sscc_counter VALUES ('9521234567', :n)"), {"n": highest - 1})
    with road.session.begin_nested() as savepoint:
        with pytest.raises(SsccSpent) as caught:
            opened(road, pallets=2, cartons=1)
        savepoint.rollback()
    assert (caught.value.facts["prefix"], caught.value.facts["count"]) == ("9521234567", 2)
    opened(road, pallets=1, cartons=1)
    assert [sscc[:11] for sscc in ssccs(road)] == ["39521234567"]
    with pytest.raises(SsccSpent):
        service.open_consignment(
            road.session, road.env, opening(pallets=1, cartons=1, declaration="020220261000000999")
        )


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        (["01", "00"], None),
        (["01:9521234", "00:9521234"], None),
        ([], None),
        (["00"], "(01)19521234543210"),
        (["01:9521299", "00"], "(01)19521234543210"),
        (["01", "00:4600001"], "(00)39521234"),
    ],
)
def test_a_key_signs_only_what_its_scope_covers(road: Road, scope: list[str], refused: str | None) -> None:
    road.session.execute(text("UPDATE signing_key SET scope = :s WHERE use = 'code'"), {"s": scope})
    if refused is None:
        assert opened(road, pallets=1, cartons=1).drawn == 2
        return
    with pytest.raises(KeyOutOfScope) as caught:
        opened(road, pallets=1, cartons=1)
    assert caught.value.facts["identity"] == refused


def test_refusals_of_a_draw_name_what_to_do() -> None:
    said: list[Refusal] = [
        CodeQuotaSpent(gln=PORT, quota=1, drawn=1, left=0, wanted=1, resets_at="2026-11-24T00:00:00.000Z"),
        SsccSpent(prefix="9521234", count=1),
        RunUnfinished(id="x", drawn=1, wanted=2),
    ]
    assert all("coldtrace " in refusal.say(lang) for refusal in said for lang in ("zh", "en"))
