"""Papers: kept once, never edited, checked by somebody else; policies in versions that are kept for ever."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.errors import Refusal, Words
from coldtrace.goods.paper_policies import NewPolicy, add_policy, lacking_papers, list_policies, policies_in_force
from coldtrace.goods.paper_refusals import (
    OwnPaper,
    PaperDiffers,
    PaperFieldRefused,
    PaperReplaced,
    PaperTooLarge,
    PaperUnknown,
    PolicyRefused,
)
from coldtrace.goods.paper_rules import Channel, Need, NeedLevel, Paper, PaperKind, PaperState, PolicyScope, Temperature
from coldtrace.goods.papers import (
    DeclarePaper,
    WishedPapers,
    check_paper,
    checks_of,
    declare_paper,
    find_paper,
    list_papers,
    pieces_of,
)
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.rights.model import EVERYTHING, NOTHING, Kind
from coldtrace.working_days import LOCAL
from support.paper_calls import PDF
from support.road import SHOP, Road

MIB = 1024 * 1024


def paper_of(consignment: UUID, **more: object) -> DeclarePaper:
    given = DeclarePaper(
        consignment_id=consignment,
        kind=PaperKind.QUARANTINE_CERTIFICATE,
        issuer="天津海关",
        number="12000012611180456",
        data=PDF,
        file_name="ciq.pdf",
    )
    return replace(given, **more)  # type: ignore[arg-type]


def declare(road: Road, command: DeclarePaper, *, by: str = "person:importer") -> tuple[Paper, bool]:
    return declare_paper(road.session, road.env, EVERYTHING, command, by=by, limit_bytes=MIB)


def check(road: Road, paper: Paper, verdict: PaperState, *, reason: str = "", by: str = "person:customs") -> Paper:
    return check_paper(
        road.session,
        road.env,
        EVERYTHING,
        paper.paper_id,
        verdict=verdict,
        reason=reason,
        by=by,
        operator_id=None,
    )


def policy(road: Road, *needs: Need, name: str = "meat", days: int = 0, **more: object) -> NewPolicy:
    today = road.env.clock().astimezone(LOCAL).date()
    given = NewPolicy(
        name=name,
        title=Words("肉类", "Meat"),
        scope=PolicyScope(),
        needs=needs or (Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.BLOCK),),
        begins=today + timedelta(days=days),
    )
    return replace(given, **more)  # type: ignore[arg-type]


def lacks(road: Road, consignment: UUID, *, days: int = 0) -> list[tuple[str, str]]:
    at = road.env.clock() + timedelta(days=days)
    return [(each.kind.value, each.level.value) for each in lacking_papers(road.session, consignment, at=at)]


def test_the_same_paper_again_is_the_same_and_its_bytes_are_kept_once(road: Road) -> None:
    id = road.consignment().consignment_id
    first, is_new = declare(road, paper_of(id))
    assert is_new
    again, is_new = declare(road, paper_of(id, file_name="other-name.pdf", issuer="  天津海关 "))
    assert (again, is_new) == (first, False)
    other, is_new = declare(road, paper_of(id, kind=PaperKind.TEST_REPORT))
    assert is_new
    assert other.sha256 == first.sha256
    assert (road.count("paper"), road.count("paper_file")) == (2, 1)
    assert b"".join(pieces_of(road.session, first)) == PDF


def test_a_long_file_is_handed_out_in_pieces_as_it_came(road: Road) -> None:
    data = b"%PDF-1.7\n" + bytes(range(256)) * 2500 + b"\n%%EOF"
    paper, _ = declare(road, paper_of(road.consignment().consignment_id, data=data))
    pieces = list(pieces_of(road.session, paper))
    assert len(pieces) == 3
    assert b"".join(pieces) == data


def test_a_paper_is_replaced_and_never_edited(road: Road) -> None:
    id = road.consignment().consignment_id
    first, _ = declare(road, paper_of(id))
    corrected = paper_of(id, valid_until=date(2027, 5, 1))
    with pytest.raises(PaperDiffers):
        declare(road, corrected)
    second, is_new = declare(road, replace(corrected, replaces=first.paper_id))
    assert is_new
    # The same form sent twice.
    assert declare(road, replace(corrected, replaces=first.paper_id)) == (second, False)
    assert find_paper(road.session, EVERYTHING, first.paper_id).replaced_by == second.paper_id
    for wrong in (paper_of(id, number="X1", replaces=first.paper_id), paper_of(id, number="X1", replaces=UUID(int=1))):
        with pytest.raises(PaperReplaced):
            declare(road, wrong)
    every = list_papers(road.session, EVERYTHING, wished=WishedPapers(consignment_id=id), limit=10)
    assert [each.paper_id for each in every] == [second.paper_id, first.paper_id]
    current = list_papers(road.session, EVERYTHING, wished=WishedPapers(current=True), limit=10)
    assert [each.paper_id for each in current] == [second.paper_id]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"number": " "}, PaperFieldRefused),
        ({"number": "1" * 65}, PaperFieldRefused),
        ({"issuer": "a\x07b"}, PaperFieldRefused),
        ({"valid_from": date(2026, 12, 1), "valid_until": date(2026, 11, 1)}, PaperFieldRefused),
        ({"data": PDF[:-7] + b"%" * (MIB + 1) + b"\n%%EOF"}, PaperTooLarge),
        ({"consignment_id": UUID(int=7)}, ConsignmentUnknown),
    ],
    ids=["number", "long", "signs", "dates", "large", "consignment"],
)
def test_what_is_wrong_with_a_paper_is_said_and_nothing_is_kept(
    road: Road, more: dict[str, object], refusal: type[Refusal]
) -> None:
    id = road.consignment().consignment_id
    with pytest.raises(refusal):
        declare(road, paper_of(id, **more))
    assert road.count("paper") == 0


def test_nobody_checks_their_own_paper_and_the_last_check_counts(road: Road) -> None:
    paper, _ = declare(road, paper_of(road.consignment().consignment_id))
    assert paper.state is PaperState.DECLARED
    with pytest.raises(OwnPaper):
        check(road, paper, PaperState.CHECKED, by="person:importer")
    with pytest.raises(PaperFieldRefused):
        check(road, paper, PaperState.REJECTED)
    with pytest.raises(PaperFieldRefused):
        check(road, paper, PaperState.DECLARED)
    assert check(road, paper, PaperState.CHECKED).state is PaperState.CHECKED
    check(road, paper, PaperState.CHECKED)
    seen = check(road, paper, PaperState.REJECTED, reason="编号与原件不符")
    assert (seen.state, seen.check and seen.check.reason) == (PaperState.REJECTED, "编号与原件不符")
    assert [each.verdict.value for each in checks_of(road.session, paper.paper_id)] == ["rejected", "checked"]
    rejected = list_papers(road.session, EVERYTHING, wished=WishedPapers(state=PaperState.REJECTED), limit=5)
    assert [each.paper_id for each in rejected] == [paper.paper_id]
    with pytest.raises(PaperUnknown):
        find_paper(road.session, NOTHING, paper.paper_id, kind=Kind.PAPER)


def test_without_a_policy_nothing_is_lacking(road: Road) -> None:
    assert lacks(road, road.consignment().consignment_id) == []


def test_a_paper_counts_when_it_is_valid_on_the_day_and_verified_far_enough(road: Road) -> None:
    id = road.consignment().consignment_id
    need = Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.BLOCK, least=PaperState.CHECKED)
    add_policy(road.session, road.env, policy(road, need), by="tests")
    missing = [("quarantine_certificate", "block")]
    assert lacks(road, id) == missing
    until = road.env.clock().astimezone(LOCAL).date() + timedelta(days=2)
    paper, _ = declare(road, paper_of(id, valid_until=until))
    assert lacks(road, id) == missing
    check(road, paper, PaperState.VERIFIED)
    assert lacks(road, id) == []
    assert lacks(road, id, days=3) == missing
    check(road, paper, PaperState.REJECTED, reason="void")
    assert lacks(road, id, days=1) == missing


def test_the_stricter_of_two_policies_counts_and_scopes_are_kept(road: Road) -> None:
    id = road.consignment().consignment_id
    kind = PaperKind.HEALTH_CERTIFICATE
    add_policy(road.session, road.env, policy(road, Need(kind=kind, level=NeedLevel.WARN)), by="tests")
    assert lacks(road, id) == [("health_certificate", "warn")]
    for name, scope in (
        ("mail", PolicyScope(channels=frozenset({Channel.MAIL}))),
        ("norway", PolicyScope(origins=frozenset({"NO"}))),
        ("fish", PolicyScope(hs_chapters=frozenset({"03"}))),
    ):
        block = policy(road, Need(kind=kind, level=NeedLevel.BLOCK), name=name, scope=scope)
        add_policy(road.session, road.env, block, by="tests")
        assert lacks(road, id) == [("health_certificate", "warn")], name
    scope = PolicyScope(
        channels=frozenset({Channel.GENERAL_TRADE}), origins=frozenset({"BR", "AR"}), hs_chapters=frozenset({"02"})
    )
    block = policy(road, Need(kind=kind, level=NeedLevel.BLOCK), name="beef", scope=scope)
    add_policy(road.session, road.env, block, by="tests")
    assert lacks(road, id) == [("health_certificate", "block")]


@pytest.mark.parametrize(("warmest", "found"), [(-18_000, True), (4_000, False), (25_000, False), (None, True)])
def test_what_a_packing_list_does_not_say_excludes_no_policy(road: Road, warmest: int | None, found: bool) -> None:
    id = road.consignment().consignment_id
    road.session.execute(
        text(
            "UPDATE consignment SET papers = papers || jsonb_build_object('storage_max_mdegc', CAST(:warmest AS int))"
        ),
        {"warmest": warmest},
    )
    frozen = policy(road, scope=PolicyScope(temperatures=frozenset({Temperature.FROZEN})))
    add_policy(road.session, road.env, frozen, by="tests")
    assert bool(lacks(road, id)) == found


def test_no_firm_outranks_an_authority(road: Road) -> None:
    id = road.consignment().consignment_id
    paper, _ = declare(road, paper_of(id))
    by_role = {
        row.role: row.operator_id
        for row in road.session.execute(text("SELECT DISTINCT role, operator_id FROM site WHERE role <> 'regulator'"))
    }
    customs = UUID(int=77)
    road.session.execute(
        text(
            "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
            " VALUES (:id, '11120000MB0X00077K', '海关', 'Customs', '津', 'Tianjin', '2026-01-01Z')"
        ),
        {"id": customs},
    )
    road.session.execute(
        text("UPDATE site SET operator_id = :id, role = 'customs' WHERE gln = :gln"), {"id": customs, "gln": SHOP}
    )
    firm = by_role["first_station"]

    def verdict(state: PaperState, operator_id: UUID, by: str) -> PaperState:
        found = check_paper(
            road.session,
            road.env,
            EVERYTHING,
            paper.paper_id,
            verdict=state,
            reason="no such number" if state is PaperState.REJECTED else "",
            by=by,
            operator_id=operator_id,
        )
        return found.state

    block = Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.BLOCK, least=PaperState.CHECKED)
    add_policy(road.session, road.env, policy(road, block), by="tests")
    assert verdict(PaperState.VERIFIED, firm, "person:station") is PaperState.VERIFIED
    assert lacks(road, id) == []
    assert verdict(PaperState.REJECTED, customs, "person:customs") is PaperState.REJECTED
    for _ in range(2):
        assert verdict(PaperState.VERIFIED, firm, "person:station") is PaperState.REJECTED
    assert lacks(road, id) == [("quarantine_certificate", "block")]
    assert len(checks_of(road.session, paper.paper_id)) == 3, "the same again is the same"
    assert verdict(PaperState.CHECKED, customs, "person:customs") is PaperState.CHECKED
    assert lacks(road, id) == []


def test_a_version_planned_for_a_day_comes_into_force_on_it_whatever_was_written_since(road: Road) -> None:
    id = road.consignment().consignment_id
    add_policy(road.session, road.env, policy(road), by="tests")
    warns = Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.WARN)
    planned = add_policy(road.session, road.env, policy(road, warns, days=20), by="tests")
    other = Need(kind=PaperKind.TEST_REPORT, level=NeedLevel.BLOCK)
    now = add_policy(road.session, road.env, policy(road, other), by="tests")
    assert (planned.version, now.version) == (2, 3)
    assert lacks(road, id) == [("test_report", "block")]
    assert lacks(road, id, days=21) == [("quarantine_certificate", "warn")]


def test_versions_are_kept_and_the_last_one_that_began_is_in_force(road: Road) -> None:
    id = road.consignment().consignment_id
    first = add_policy(road.session, road.env, policy(road), by="tests")
    until = road.env.clock().astimezone(LOCAL).date() + timedelta(days=9)
    warns = Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.WARN)
    second = add_policy(road.session, road.env, policy(road, warns, days=5, until=until), by="tests")
    assert (first.version, second.version) == (1, 2)
    assert lacks(road, id) == [("quarantine_certificate", "block")]
    assert lacks(road, id, days=6) == [("quarantine_certificate", "warn")]
    assert lacks(road, id, days=10) == []
    assert [each.version for each in list_policies(road.session, limit=10)] == [2, 1]
    now = road.env.clock()
    assert [each.policy_id for each in policies_in_force(road.session, now)] == [first.policy_id]
    # Of today's version nothing before the moment at which it was written is judged by it.
    assert policies_in_force(road.session, first.made_at - timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"days": -1},
        {"name": "Meat"},
        {"title": Words("", "Meat")},
        {"scope": PolicyScope(origins=frozenset({"Brazil"}))},
        {"scope": PolicyScope(hs_chapters=frozenset({"0202"}))},
        {"needs": ()},
        {"until": date(2020, 1, 1)},
    ],
    ids=["yesterday", "name", "title", "origin", "chapter", "needs", "until"],
)
def test_a_policy_that_cannot_be_is_refused(road: Road, more: dict[str, object]) -> None:
    days = more.pop("days", 0)
    new = replace(policy(road, days=int(str(days))), **more)  # type: ignore[arg-type]
    with pytest.raises(PolicyRefused):
        add_policy(road.session, road.env, new, by="tests")
    assert road.count("paper_policy") == 0
