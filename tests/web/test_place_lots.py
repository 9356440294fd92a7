"""Stock by lot and goods near their last day: totals, order, cities, search, pages, files and who may have them."""

import csv
import io
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.interop.imports import undo_import
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.web.formats import LOCAL
from support.consignments import GTIN, Consignment
from support.house import GLNS, pack_lines, unit_line
from support.people import csrf_of
from support.web_house import PAGE, WebHouse

PORT, STORE = GLNS[SiteRole.FIRST_STATION], GLNS[SiteRole.COLD_STORE]
PURPOSE = {"Coldtrace-Purpose": "tests"}


def ask(web: WebHouse, path: str, **more: str) -> dict[str, Any]:
    answer = web.client.get(f"/api/v1/sites/{path}", headers=web.bearer | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lots(web: WebHouse, gln: str, what: str = "lots", query: str = "") -> list[dict[str, Any]]:
    """Return a whole list, read one row a page; it must be what one page has."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = web.client.get(
            f"/api/v1/sites/{gln}/{what}?limit=1{query}", params={**after, **_params(query)}, headers=web.bearer
        )
        page = answer.json()
        found += page["lots"]
        if page["next"] is None:
            break
        after = {"after": page["next"], "limit": "1"}
    assert ask(web, f"{gln}/{what}?limit=200{query}")["lots"] == found
    return found


def _params(query: str) -> dict[str, str]:
    return dict(part.split("=") for part in query.split("&") if part) | {"limit": "1"}


def set_days(web: WebHouse, *, last_in: int, shelf: int) -> date:
    """Give every lot a last day in so many days, and a shelf life; return today."""
    today = web.clock.next.astimezone(LOCAL).date()
    last = today + timedelta(days=last_in)
    with web.engine.begin() as connection:
        connection.execute(text("ALTER TABLE lot DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE lot SET expiry_date = :last, production_date = :made"),
            {"last": last, "made": (last - timedelta(days=shelf)).isoformat()},
        )
        connection.execute(text("UPDATE unit SET expires_on = NULL"))
    return today


@pytest.fixture
def goods(web: WebHouse) -> Consignment:
    """Two pallets at the port, of six cartons each; one of them is taken apart."""
    made = web.consignment(cartons=6, pallets=2)
    for pallet in made.pallets:
        web.commission(pallet)
    loose = made.pallets[0]
    cartons = [carton.unit_id for carton in loose.cartons]
    web.tell(SiteRole.FIRST_STATION, T.UNPACK, pack_lines(loose.label.unit_id, cartons)[1:])
    return made


def test_a_lot_is_counted_packed_loose_and_by_quantity_and_never_twice(web: WebHouse, goods: Consignment) -> None:
    wanted = Counter(carton.lot for pallet in goods.pallets for carton in pallet.cartons)
    assert {row["lot"]: row["quantity"] for row in lots(web, PORT)} == wanted
    carton = goods.pallets[0].cartons[0]
    by_quantity = Line(role="unit", unit=lot_unit(gtin=GTIN, lot=carton.lot or ""), parent=None, quantity=40)
    web.tell(SiteRole.FIRST_STATION, T.FIND, [by_quantity], marks=["count_differs"])
    wanted[carton.lot] += 40
    assert {row["lot"]: row["quantity"] for row in lots(web, PORT)} == wanted
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(goods.pallets[1].label.unit_id)], to=STORE)
    assert sum(row["quantity"] for row in lots(web, PORT)) == sum(wanted.values()) - 6
    assert lots(web, STORE) == []
    web.tell(SiteRole.COLD_STORE, T.RECEIVE, [unit_line(goods.pallets[1].label.unit_id)])
    assert sum(row["quantity"] for row in lots(web, STORE)) == 6


def test_a_lot_by_quantity_is_named_as_it_is_printed(web: WebHouse, goods: Consignment) -> None:
    """In the ids of goods signs are percent-encoded; a page, a search and a file have the lot itself."""
    odd = "L/24%肉"
    by_quantity = Line(role="unit", unit=lot_unit(gtin=GTIN, lot=odd), parent=None, quantity=4)
    web.tell(SiteRole.FIRST_STATION, T.FIND, [by_quantity], marks=["count_differs"])
    found = {row["lot"]: row["quantity"] for row in lots(web, PORT)}
    assert found[odd] == 4
    answer = web.client.get(f"/api/v1/sites/{PORT}/lots", params={"search": "L/24%"}, headers=web.bearer).json()
    assert [row["lot"] for row in answer["lots"]] == [odd]


def test_an_import_that_was_undone_says_no_last_day(web: WebHouse, goods: Consignment) -> None:
    """Decision 0043: it says nothing of its goods any more; of which lot they are stays."""
    carton = goods.pallets[0].cartons[0].unit_id

    def days() -> tuple[set[Any], set[Any], Any]:
        stock = ask(web, f"{PORT}/stock?limit=200")["stock"]
        story = web.client.get(f"/api/v1/units/{carton}", headers=web.bearer).json()
        return (
            {row["expiry"] for row in stock if row["unit"].startswith("(01)")},
            {row["last_day"] for row in lots(web, PORT)},
            story["expires_on"],
        )

    stock, by_lot, one = days()
    assert None not in stock | by_lot | {one}
    with web.sessions.begin() as session:
        undo_import(session, web.env, goods.consignment_id, EVERYTHING)
    stock, by_lot, one = days()
    assert (stock, by_lot, one) == ({None}, {None}, None)
    assert {row["lot"] for row in lots(web, PORT)} >= {goods.pallets[0].cartons[0].lot}


@pytest.mark.parametrize(
    ("shelf", "last_in", "near"),
    [(365, 7, True), (365, 8, False), (365, 0, True), (365, -3, True), (20, 2, True), (20, 3, False)],
)
def test_tianjin_says_a_week_and_two_days_for_what_keeps_less_than_a_month(
    web: WebHouse, goods: Consignment, shelf: int, last_in: int, near: bool
) -> None:
    set_days(web, last_in=last_in, shelf=shelf)
    found = lots(web, PORT, "near-expiry")
    assert bool(found) is near
    assert {row["near"] for row in lots(web, PORT)} == {near}
    assert all(row["days_left"] == last_in for row in found)
    rules = ask(web, f"{PORT}/near-expiry")["rules"]
    assert [(rule["shelf_days_min"], rule["days_before"], rule["confirmed"]) for rule in rules] == [
        (30, 7, False),
        (0, 2, False),
    ]


@pytest.mark.parametrize(
    ("shelf", "days"), [(400, 45), (365, 45), (364, 20), (180, 20), (179, 15), (90, 15), (89, 10), (30, 10), (29, None)]
)
def test_other_cities_go_by_the_shelf_life(web: WebHouse, goods: Consignment, shelf: int, days: int | None) -> None:
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE site SET district = '310115' WHERE gln = :gln"), {"gln": PORT})
    set_days(web, last_in=days or 0, shelf=shelf)
    assert [row["days_before"] for row in lots(web, PORT)] == [days] * len(lots(web, PORT))
    assert bool(lots(web, PORT, "near-expiry")) is (days is not None)
    set_days(web, last_in=(days or 0) + 1, shelf=shelf)
    assert lots(web, PORT, "near-expiry") == []


def test_a_rule_holds_from_its_day_until_its_day_and_a_city_without_one_lists_what_is_past(
    web: WebHouse, goods: Consignment
) -> None:
    today = set_days(web, last_in=30, shelf=365)
    assert lots(web, PORT, "near-expiry") == []
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE near_expiry_rule SET valid_until = :yesterday WHERE area = '12'"),
                           {"yesterday": today - timedelta(days=1)})  # fmt: skip
        connection.execute(
            text("INSERT INTO near_expiry_rule VALUES ('12', 0, :today, NULL, 30, TRUE)"), {"today": today}
        )
    assert lots(web, PORT, "near-expiry") != []
    assert [rule["confirmed"] for rule in ask(web, f"{PORT}/near-expiry")["rules"]] == [True]
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE site SET district = '510104' WHERE gln = :gln"), {"gln": PORT})
    assert ask(web, f"{PORT}/near-expiry") == {"site": PORT, "lots": [], "next": None, "rules": []}
    set_days(web, last_in=-1, shelf=365)
    assert lots(web, PORT, "near-expiry") != []


def test_one_finds_a_lot_by_how_its_number_product_or_name_begins(web: WebHouse, goods: Consignment) -> None:
    every = lots(web, PORT)
    first = every[0]
    for begun in (first["lot"][:4].lower(), GTIN[:6], GTIN.lstrip("0")[:5], first["product"]["zh"][:2],
                  first["product"]["en"][:4].upper()):  # fmt: skip
        assert first in ask(web, f"{PORT}/lots?search={begun}")["lots"], begun
    assert ask(web, f"{PORT}/lots?search=%25")["lots"] == []
    assert ask(web, f"{PORT}/lots?search=nothing-like-it")["lots"] == []


@pytest.mark.parametrize("after", ["x", "a|b|c", "|2026-13-01|L"])
def test_what_is_no_cursor_is_refused(web: WebHouse, after: str) -> None:
    answer = web.client.get(f"/api/v1/sites/{PORT}/lots", params={"after": after}, headers=web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_the_file_has_every_row_runs_no_formula_and_stands_in_the_journal(web: WebHouse, goods: Consignment) -> None:
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE product SET name_en = '=HYPERLINK(1)'"))
    answer = web.client.get(f"/api/v1/sites/{PORT}/lots.csv", headers=web.bearer | PURPOSE)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    wanted = {row["lot"]: str(row["quantity"]) for row in lots(web, PORT)}
    assert {row["lot"]: row["quantity"] for row in rows} == wanted
    assert {row["product_en"] for row in rows} == {"'=HYPERLINK(1)"}
    refused = web.client.get(f"/api/v1/sites/{PORT}/lots.csv", headers=web.bearer)
    assert refused.json()["code"] == "purpose_required"
    records = web.client.get("/api/v1/journal?limit=200", headers=web.bearer).json()["records"]
    kept = [each for each in records if each["act"] == "export"]
    assert [(each["purpose"], each["object"]) for each in kept] == [("tests", PORT)]
    set_days(web, last_in=3, shelf=365)
    near = web.client.get(f"/api/v1/sites/{PORT}/near-expiry.csv", headers=web.bearer | PURPOSE).content
    assert len(near.decode().splitlines()) == 1 + len(wanted)


def test_the_desk_shows_the_same_and_says_where_a_rule_is_missing(web: WebHouse, goods: Consignment) -> None:
    set_days(web, last_in=-2, shelf=365)
    desk = PAGE | web.desk
    page = web.client.get(f"/desk/near-expiry/{PORT}", headers=desk).text
    assert "2 days past" in page
    assert "not yet compared" in page
    by_lot = web.client.get(f"/desk/stock/{PORT}/lots?search={lots(web, PORT)[0]['lot']}", headers=desk).text
    assert lots(web, PORT)[0]["lot"] in by_lot
    assert "No lot like that" in web.client.get(f"/desk/stock/{PORT}/lots?search=zzz", headers=desk).text
    for path in (f"/desk/near-expiry/{PORT}/file.csv", f"/desk/stock/{PORT}/lots.csv"):
        answer = web.client.get(path, headers=desk)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert len(answer.text.splitlines()) > 1


def test_a_rule_takes_the_place_of_another_from_its_day_on(web: WebHouse) -> None:
    """Neither the past nor what was planned is written over; the same again is the same."""
    rules, today = "/api/v1/near-expiry-rules", web.env.clock().astimezone(LOCAL).date()

    def add(days: int, before: int, **more: object) -> dict[str, object]:
        asked = {"area": "77", "shelf_days_min": 30, "days_before": before} | more
        asked["begins"] = (today + timedelta(days=days)).isoformat()
        answer = web.post_json(rules, asked, web.bearer)
        return dict(answer.json(), status=answer.status_code)

    def kept() -> list[tuple[int, str, str | None]]:
        found = web.client.get(f"{rules}?limit=200", headers=web.bearer).json()["rules"]
        return [
            (each["days_before"], each["valid_from"], each["valid_until"]) for each in found if each["area"] == "77"
        ]

    def day(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    assert add(-1, 5)["status"] == 422
    assert add(3, 5, until=day(2))["status"] == 422
    assert add(0, 5, shelf_days_min=-1)["status"] == 422
    assert add(0, 5, area="7x")["status"] == 422
    assert add(0, 5, confirmed=True)["confirmed"] is True
    for _ in range(2):
        assert add(20, 9)["status"] == 201
    assert kept() == [(5, day(0), day(19)), (9, day(20), None)]
    assert add(10, 7)["valid_until"] == day(19)
    assert kept() == [(5, day(0), day(9)), (7, day(10), day(19)), (9, day(20), None)]
    pages, after = [], ""
    while after is not None:
        page = web.client.get(f"{rules}?limit=3{after}", headers=web.bearer).json()
        pages += [each["rule"] for each in page["rules"]]
        after = None if page["next"] is None else f"&after={page['next']}"
    every = web.client.get(f"{rules}?limit=200", headers=web.bearer).json()["rules"]
    assert pages == [each["rule"] for each in every]
    assert web.client.get(f"{rules}?after=x", headers=web.bearer).status_code == 422


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_rules_shows_them_and_adds_one(web: WebHouse, lang: str) -> None:
    headers = PAGE | {"Accept-Language": lang} | web.desk
    page = web.client.get("/desk/near-expiry-rules", headers=headers)
    assert page.status_code == 200
    assert {"zh": "尚未核对", "en": "Not yet"}[lang] in page.text
    tomorrow = (web.env.clock().astimezone(LOCAL).date() + timedelta(days=1)).isoformat()
    fields = {"area": "66", "shelf_days_min": "90", "days_before": "11", "begins": tomorrow, "confirmed": "yes"}
    fields["csrf"] = csrf_of(page)
    done = web.client.post("/desk/near-expiry-rules", data=fields, headers=headers)
    assert done.status_code < 400, done.text
    assert f'data-id="66.90.{tomorrow}"' in web.client.get("/desk/near-expiry-rules", headers=headers).text
    wrong = web.client.post("/desk/near-expiry-rules", data=fields | {"days_before": "many"}, headers=headers)
    assert wrong.status_code == 422
    assert "days_before" in wrong.text, "it says which field"
