"""What a scanned text is here: a table of cases, and that two meanings are refused."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.foreign_scheme import parse_schemes
from coldtrace.codes.short_code import check_character, format_short_code
from coldtrace.custody.model import CaseKind
from coldtrace.custody.refusals import AmbiguousCode
from coldtrace.custody.resolve import Resolution, resolve
from coldtrace.errors import Refusal
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.watch.cases import PAGE_MAX, list_cases
from coldtrace.watch.scans import TEXT_MAX, AskedScan, answer_scan
from support.consignments import GTIN, LOT, Consignment
from support.road import CARTONS, PORT, SHOP, Road
from support.rolls import bind, drawn, labels

SSCC = "106141412345678908"


def told(found: Resolution) -> tuple[object, ...]:
    """Return what a person asks first: what read it, what it names, whether it was issued here, its verdict."""
    return found.resolver and found.resolver.value, found.name, found.registered, found.verdict, found.state


Case = tuple[str, Callable[[Consignment], str], Callable[[Consignment], tuple[object, ...]]]
CASES: list[Case] = [
    ("signed", lambda c: c.carton.uri, lambda c: ("signed", c.carton.unit_id, True, "valid", "blank")),
    (
        "signed, capitals lost",
        lambda c: c.carton.uri.lower(),
        lambda c: ("signed", c.carton.unit_id, True, "valid", "blank"),
    ),
    (
        "signed pallet",
        lambda c: c.pallets[0].label.uri,
        lambda c: ("signed", c.pallets[0].label.unit_id, True, "valid", "blank"),
    ),
    (
        "short code",
        lambda c: format_short_code(c.carton.serial or ""),
        lambda c: ("short", c.carton.unit_id, True, "valid", "blank"),
    ),
    (
        "our address without its token",
        lambda c: c.carton.uri.partition("?")[0],
        lambda c: ("link", c.carton.unit_id, True, "unsigned", "blank"),
    ),
    (
        "our unit as an element string",
        lambda c: f"]C1{c.carton.unit_id.replace('(', '').replace(')', '')}",
        lambda c: ("elements", c.carton.unit_id, True, None, "blank"),
    ),
    (
        "pallet number",
        lambda c: c.pallets[0].label.unit_id[4:],
        lambda c: ("sscc", c.pallets[0].label.unit_id, True, None, "blank"),
    ),
    ("carrier's pallet, never seen", lambda c: SSCC, lambda c: ("sscc", None, False, None, None)),
    ("product", lambda c: GTIN[1:] if GTIN[0] == "0" else GTIN, lambda c: ("gtin", f"(01){GTIN}", False, None, None)),
    ("product, unknown", lambda c: "]E09506000134352", lambda c: ("gtin", None, False, None, None)),
    ("lot", lambda c: f"(01){GTIN}(10){LOT}", lambda c: ("elements", f"(01){GTIN}(10){LOT}", False, None, None)),
    (
        "lot, unknown: its product",
        lambda c: f"(01){GTIN}(10)X",
        lambda c: ("elements", f"(01){GTIN}", False, None, None),
    ),
    (
        "maker's serial: its product",
        lambda c: f"https://maker.example/01/{GTIN}/21/S1",
        lambda c: ("link", f"(01){GTIN}", False, None, None),
    ),
    ("site", lambda c: f"(414){PORT}", lambda c: ("elements", f"(414){PORT}", False, None, None)),
    ("site, bare number", lambda c: PORT, lambda c: ("place", f"(414){PORT}", False, None, None)),
    ("foreign, never seen", lambda c: "zjcold:77", lambda c: ("foreign", None, False, None, None)),
    ("command", lambda c: "CT:IN", lambda c: ("command", "CT:IN", False, None, None)),
    ("internal", lambda c: "]C191NOTE", lambda c: ("elements", None, False, None, None)),
]


@pytest.mark.parametrize(("ask", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_text_is(
    road: Road, ask: Callable[[Consignment], str], says: Callable[[Consignment], tuple[object, ...]]
) -> None:
    consignment = road.consignment()
    found = resolve(road.session, road.env, EVERYTHING, ask(consignment))
    assert told(found) == says(consignment)
    assert found.trouble is None


PARTIES: dict[str, Callable[[Road], Scope]] = {
    "its station's firm": lambda road: Scope(operators=frozenset({road.sites[SiteRole.FIRST_STATION].operator_id})),
    "its station": lambda road: Scope(sites=frozenset({PORT})),
    "its importer": lambda road: Scope(operators=frozenset({importer_of(road)})),
    "its district": lambda road: Scope(areas=frozenset({road.sites[SiteRole.FIRST_STATION].district})),
}
STRANGERS = {
    "another firm": Scope(operators=frozenset({UUID(int=77)})),
    "another site": Scope(sites=frozenset({SHOP})),
    "another city": Scope(areas=frozenset({"44"})),
    "nobody": Scope(),
}
NAMES = {f"(01){GTIN}": f"(01){GTIN}", f"(01){GTIN}(10){LOT}": f"(01){GTIN}(10){LOT}"}


def importer_of(road: Road) -> UUID:
    found: UUID = road.session.execute(text("SELECT importer_id FROM consignment")).scalar_one()
    return found


@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize("who", PARTIES)
def test_goods_are_named_to_whom_has_part_in_their_import(road: Road, who: str, asked: str) -> None:
    road.consignment()
    assert resolve(road.session, road.env, PARTIES[who](road), asked).name == NAMES[asked]


@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_is_not_told_what_was_imported(road: Road, who: str, asked: str) -> None:
    before = resolve(road.session, road.env, STRANGERS[who], asked)
    road.consignment()
    assert resolve(road.session, road.env, STRANGERS[who], asked) == before
    assert before.name is None


def test_a_unit_seen_here_is_named_whoever_issued_it(road: Road) -> None:
    road.done(SHOP, T.RECEIVE, f"(00){SSCC}", "zjcold:8A7F3Q")
    pallet = resolve(road.session, road.env, EVERYTHING, SSCC)
    assert told(pallet) == ("sscc", f"(00){SSCC}", False, None, "active")
    assert pallet.site == SHOP
    for text_ in ("https://m.zj-cold.example/8A7F3Q", "zjcold:8A7F3Q"):
        assert told(resolve(road.session, road.env, EVERYTHING, text_)) == (
            "foreign",
            "zjcold:8A7F3Q",
            False,
            None,
            "active",
        )


def test_a_bound_label_has_its_lot(road: Road) -> None:
    road.consignment()
    code = labels(road, drawn(road))[0]
    assert resolve(road.session, road.env, EVERYTHING, code.uri).lot is None
    bind(road, code.uri)
    assert resolve(road.session, road.env, EVERYTHING, code.uri).lot == LOT


def number_that_is_a_short_code() -> str:
    """Return 13 digits that are a right GTIN-13 and a right short code."""
    for number in range(690_123_400_000, 690_123_500_000):
        twelve = str(number)
        if check_digit(twelve) == check_character(twelve):
            return twelve + check_digit(twelve)
    raise AssertionError("there are many")


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ("", ("short", None)),
        ("short", ("short", "unit")),
        ("gtin", ("gtin", "product")),
        ("place", ("place", "place")),
        ("short gtin", None),
        ("short place", None),
        ("gtin place", None),
        ("short gtin place", None),
    ],
)
def test_a_number_with_three_readings(road: Road, known: str, says: tuple[str, str | None] | None) -> None:
    digits = number_that_is_a_short_code()
    carton = road.consignment().carton
    names = {"unit": carton.unit_id, "product": f"(01)0{digits}", "place": f"(414){digits}"}
    if "short" in known:
        road.session.execute(
            text("UPDATE issued_code SET serial = :s WHERE unit_id = :u"), {"s": digits[:12], "u": carton.unit_id}
        )
    if "gtin" in known:
        road.session.execute(
            text(
                "INSERT INTO product (gtin, name_zh, name_en, hs_code, created_at) VALUES (:g, '牛', 'beef', '', now())"
            ),
            {"g": f"0{digits}"},
        )
    if "place" in known:
        road.session.execute(
            text(
                "INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, created_at, company_prefixes)"
                " SELECT :g, operator_id, name_zh, name_en, role, district, created_at, company_prefixes"
                " FROM site WHERE gln = :other"
            ),
            {"g": digits, "other": SHOP},
        )
    if says is None:
        with pytest.raises(AmbiguousCode) as caught:
            resolve(road.session, road.env, EVERYTHING, digits)
        first, second, *_ = [
            name for word, name in (("short", "unit"), ("gtin", "product"), ("place", "place")) if word in known
        ]
        assert (caught.value.facts["first"], caught.value.facts["second"]) == (names[first], names[second])
        assert caught.value.say("zh") != caught.value.say("en")
        # The symbol it was printed in settles it.
        assert resolve(road.session, road.env, EVERYTHING, f"]E0{digits}").resolver == "gtin"
        return
    found = resolve(road.session, road.env, EVERYTHING, digits)
    assert (found.resolver, found.name) == (says[0], None if says[1] is None else names[says[1]])
    assert len(found.also) == 2


def test_a_link_that_two_platforms_claim(road: Road) -> None:
    row = '{"scheme":"%s","name_zh":"甲","name_en":"A","address":"*.one.example/{value}","confirmed":true}'
    table = parse_schemes('{"schemes":[' + ",".join(row % name for name in ("first", "second")) + "]}")
    link = "https://a.one.example/77"
    assert resolve(road.session, road.env, EVERYTHING, link, schemes=table).also == ()
    road.done(SHOP, T.RECEIVE, "second:77")
    assert resolve(road.session, road.env, EVERYTHING, link, schemes=table).name == "second:77"
    road.done(SHOP, T.RECEIVE, "first:77")
    with pytest.raises(AmbiguousCode):
        resolve(road.session, road.env, EVERYTHING, link, schemes=table)


@pytest.mark.parametrize("typed", ["7QK4-M2ZX-9RTB-6", "9506000134353", "2000000000015", "106141412345678905", "", " "])
def test_what_is_mistyped_is_answered_and_not_kept(road: Road, typed: str) -> None:
    with pytest.raises(Refusal):
        answer_scan(road.session, road.env, AskedScan(text=typed, scope=EVERYTHING, by="token:t"))
    assert list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX) == []


@pytest.mark.parametrize(
    ("kind", "reason", "scanned"),
    [
        (CaseKind.UNKNOWN_CODE, "unknown_code", "冷冻牛肉"),
        (CaseKind.UNKNOWN_CODE, "malformed_uri", "https://qr.pay.example/fkx0123456789"),
        (CaseKind.UNKNOWN_CODE, "malformed_elements", "]C199"),
        (CaseKind.UNKNOWN_CODE, "unknown_command", "CT:JUMP"),
        (CaseKind.REFUSED_CODE, "unsigned", "https://TRACE.EXAMPLE.CN/U/7QK4M2ZX9RTB5"),
        (CaseKind.REFUSED_CODE, "unknown_key", "foreign key"),
        (CaseKind.REFUSED_CODE, "not_registered", "over-issue"),
        (CaseKind.REFUSED_CODE, "bad_signature", "altered"),
    ],
)
def test_what_somebody_should_look_at_is_a_case(road: Road, kind: CaseKind, reason: str, scanned: str) -> None:
    uri = road.consignment().carton.uri
    in_kid = uri.index("?s=") + 7
    asked = {
        "foreign key": uri[:in_kid] + ("A" if uri[in_kid] != "A" else "B") + uri[in_kid + 1 :],
        "over-issue": uri,
        "altered": uri.replace(f"/10/{LOT}", "/10/L1"),
    }.get(scanned, scanned)
    if scanned == "over-issue":
        road.session.execute(text("DELETE FROM issued_code WHERE uri = :uri"), {"uri": uri})
    answered = answer_scan(road.session, road.env, AskedScan(text=asked, scope=EVERYTHING, by="device:k", gln=SHOP))
    assert answered.resolution.trouble == reason
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert (case.kind, case.reason, case.scanned, case.gln, case.by) == (kind, reason, asked, SHOP, "device:k")
    assert case.case_id == answered.case
    assert [word["code"] for word in case.words()] == [kind.value]


def test_the_same_text_is_one_case_a_day_and_caller(road: Road) -> None:
    for by in ("token:a", "token:a", "token:b"):
        answer_scan(road.session, road.env, AskedScan(text="hello", scope=EVERYTHING, by=by))
    cases = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert sorted((case.by, case.times) for case in cases) == [("token:a", 2), ("token:b", 1)]


def test_what_a_database_cannot_hold_is_spelled_out_and_cut(road: Road) -> None:
    answer_scan(road.session, road.env, AskedScan(text="x\x00\ud800" + "冷" * 900, scope=EVERYTHING, by="token:a"))
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert case.scanned is not None
    assert case.scanned.startswith("x\\x00\\ud800冷")
    assert len(case.scanned) == TEXT_MAX


def test_cases_of_all_kinds_come_page_by_page(road: Road) -> None:
    for number, carton in enumerate(CARTONS):
        road.done(SHOP, T.SELL, carton)
        answer_scan(road.session, road.env, AskedScan(text=f"hello {number}", scope=EVERYTHING, by="token:a"))
    everything = [
        (case.kind, case.case_id) for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    ]
    assert [kind for kind, _ in everything] == [CaseKind.UNKNOWN_CODE, CaseKind.CONFLICT] * len(CARTONS)
    found, after = [], None
    while page := list_cases(road.session, EVERYTHING, after=after, limit=5):
        found += [(case.kind, case.case_id) for case in page]
        after = page[-1].case_id
    assert found == everything
