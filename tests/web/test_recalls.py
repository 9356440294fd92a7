"""Recall notices: the public page, the way to it from a code, and what a pallet says of a recalled lot on it."""

from urllib.parse import urlsplit

from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import stops
from coldtrace.parties.model import SiteRole
from support import consignments as goods
from support.boxes import ZH, row, status
from support.call_scene import fresh_declaration
from support.consignments import Consignment
from support.house import unit_line
from support.html_tree import Node, read_page
from support.web_house import LINKSET, PAGE, PROOF, WebHouse

REASON = "salmonella in a sample"


def recalled(web: WebHouse, lot: str) -> Consignment:
    made = web.consignment(declaration=fresh_declaration(), cartons=1, lot=lot)
    web.commission(made.pallets[0])
    with web.sessions.begin() as session:
        stops.recall_lot(session, web.env, gtin=goods.GTIN, lot=lot, reason=REASON)
    return made


def lift(web: WebHouse, lot: str) -> None:
    with web.sessions.begin() as session:
        stops.lift_lot(session, web.env, gtin=goods.GTIN, lot=lot)


def notices(web: WebHouse, path: str = "/recalls", headers: dict[str, str] = PAGE) -> Node:
    answer = web.client.get(path, headers=headers)
    assert answer.status_code == 200
    return read_page(answer.text)


def test_a_recalled_lot_is_on_the_public_page_until_it_is_lifted(shared: WebHouse) -> None:
    assert "No lot is recalled at present" in notices(shared).text
    recalled(shared, "RCL1")
    found = notices(shared)
    (listed,) = found.having("data-recalled")
    for words in (
        "Frozen boneless beef brisket",
        "RCL1",
        goods.GTIN,
        "Brazil",
        goods.IMPORTER_EN,
        REASON,
        "3 Sep 2028",
    ):
        assert words in listed.text, words
    assert "巴西" in notices(shared, headers=ZH).text
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin="09506000134352", lot="ELSE/9", reason="x", unknown=True)
    assert [each.attributes["data-recalled"] for each in notices(shared).having("data-recalled")] == [
        "09506000134352",
        goods.GTIN,
    ]
    one = notices(shared, "/recalls?gtin=09506000134352&lot=ELSE%2F9")
    assert [each.attributes["data-recalled"] for each in one.having("data-recalled")] == ["09506000134352"]
    with shared.sessions.begin() as session:
        stops.lift_lot(session, shared.env, gtin="09506000134352", lot="ELSE/9")
    lift(shared, "RCL1")
    assert notices(shared).having("data-recalled") == []
    assert "no recall notice of this lot" in notices(shared, f"/recalls?gtin={goods.GTIN}&lot=RCL1").text


def test_an_import_that_was_taken_back_leaves_the_number_alone(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL2")
    shared.client.post(f"/api/v1/imports/{made.consignment_id}/undo", headers=shared.bearer)
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot="RCL2", reason=REASON)
    (listed,) = notices(shared).having("data-recalled")
    assert "RCL2" in listed.text
    assert goods.IMPORTER_EN not in listed.text
    lift(shared, "RCL2")


def test_the_page_of_a_recalled_box_says_why_first_and_leads_to_its_notice(shared: WebHouse) -> None:
    made = recalled(shared, "RCL3")
    answer = shared.client.get(shared.path(made.carton.uri) + "&lang=en", headers=PAGE)
    page = read_page(answer.text)
    assert REASON in row(page, 1)
    (link,) = [a for a in page.all("a") if a.attributes["href"].startswith("/recalls?gtin=")]
    (listed,) = notices(shared, link.attributes["href"]).having("data-recalled")
    assert "RCL3" in listed.text
    lift(shared, "RCL3")


def test_a_recalled_box_has_all_rows_and_is_counted_like_any_other(shared: WebHouse) -> None:
    """The recall comes first, and who looks is counted: the clone radar is not blind where a story sends everybody."""
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL7")
    shared.walk(made.pallets[0])
    shared.sell(made.carton.unit_id)
    shared.settle()
    path = shared.path(made.carton.uri)
    before = read_page(shared.client.get(path, headers=PAGE | {"User-Agent": "a"}).text)
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot="RCL7", reason=REASON)
    answer = shared.client.get(path, headers=PAGE | {"User-Agent": "b"})
    assert answer.status_code == 403
    found = read_page(answer.text)
    assert (status(before), status(found)) == ("sold", "recalled")
    rows = [int(each.attributes["data-row"] or 0) for each in found.having("data-row")]
    assert set(rows) == set(range(1, 19))
    assert rows[0] == 1
    assert REASON in row(found, 1)
    assert REASON in row(found, 18)
    assert "Look-up number 2" in row(found, 2)
    assert [row(found, each) for each in (3, 5, 9, 13, 16)] == [row(before, each) for each in (3, 5, 9, 13, 16)]
    (proof,) = found.all("section", id="proof")
    assert proof.attributes["data-server-result"] == "passed"
    bundle = shared.client.get(str(proof.attributes["data-proof-url"]), headers={"Accept": PROOF})
    assert (bundle.status_code, bundle.json()["kind"]) == (200, "coldtrace-proof")
    # Whoever asks for what the code stands for, and not for this page's proof, learns the verdict.
    for headers in ({"Accept": PROOF}, {"Accept": LINKSET}, {}):
        told = shared.client.get(path, headers=headers)
        assert (told.status_code, told.json()["code"]) == (403, "recalled_lot")
    with shared.sessions() as session:
        counted = session.execute(
            text("SELECT CAST(sum(looks) AS int) FROM look_cell WHERE unit_id = :unit"), {"unit": made.carton.unit_id}
        ).scalar_one()
    assert counted >= 1
    lift(shared, "RCL7")
    assert status(read_page(shared.client.get(path, headers=PAGE | {"User-Agent": "c"}).text)) == "sold"


def test_a_label_of_a_recalled_lot_that_was_never_bound_says_that_and_no_more(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL8")
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot="RCL8", reason=REASON)
    answer = shared.client.get(shared.path(made.carton.uri) + "&lang=en", headers=PAGE)
    found = read_page(answer.text)
    assert (answer.status_code, status(found)) == (403, "refused")
    assert "lang=en" not in found.all("p", **{"class": "scanned"})[0].text, "that was not on the label"
    assert REASON in row(found, 1)
    assert not found.all("section", data_row="2")
    proof = shared.client.get(shared.path(made.carton.uri) + "&linkType=proof")
    assert (proof.status_code, proof.json()["code"]) == (403, "recalled_lot")
    lift(shared, "RCL8")


def test_every_box_leads_to_the_notices(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL4")
    shared.commission(made.pallets[0])
    for uri in (made.carton.uri, made.pallets[0].label.uri):
        page = read_page(shared.client.get(shared.path(uri), headers=PAGE).text)
        (card,) = page.all("section", data_row="18")
        assert [urlsplit(a.attributes["href"]).path for a in card.all("a")] == ["/recalls"]


def test_a_box_that_a_statement_recalls_is_not_said_to_have_no_recall(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL6")
    shared.commission(made.pallets[0])
    shared.tell(SiteRole.FIRST_STATION, T.RECALL, [unit_line(made.carton.unit_id)], more=[("reason", REASON)])
    page = read_page(shared.client.get(shared.path(made.carton.uri), headers=PAGE).text)
    assert status(page) == "recalled"
    assert "holds no recall notice" not in row(page, 18)
    # Who recalled it and when; the reason is for whoever handles the goods.
    for part in (row(page, 1), row(page, 18)):
        assert "Published" in part
        assert "First station" in part
    assert "tells the reason to those who handle the goods" in row(page, 18)
    (card,) = page.all("section", data_row="18")
    assert "/recalls" in [urlsplit(a.attributes["href"]).path for a in card.all("a")]
    assert REASON not in page.text
    # So is the pallet that it is recalled with, and no more once that is lifted.
    pallet = made.pallets[0].label
    shared.tell(SiteRole.FIRST_STATION, T.RECALL, [unit_line(pallet.unit_id)], more=[("reason", REASON)])
    whole = read_page(shared.client.get(shared.path(pallet.uri), headers=PAGE).text)
    assert status(whole) == "recalled"
    assert "Published" in row(whole, 18)
    for unit in (pallet.unit_id, made.carton.unit_id):
        shared.tell(SiteRole.FIRST_STATION, T.LIFT, [unit_line(unit)], more=[("reason", REASON)])
    page = read_page(shared.client.get(shared.path(made.carton.uri), headers=PAGE).text)
    assert status(page) == "normal"
    assert "Published" not in row(page, 18)


def test_a_pallet_with_a_recalled_lot_on_it_is_not_in_order(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="RCL5")
    shared.commission(made.pallets[0])
    pallet = shared.path(made.pallets[0].label.uri)

    def told() -> Node:
        return read_page(shared.client.get(pallet, headers=PAGE).text)

    assert status(told()) == "normal"
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot="RCL5", reason=REASON)
    found = told()
    assert status(found) == "recalled"
    assert "Recalled: do not eat" in row(found, 3)
    (card,) = found.all("section", data_row="3")
    (link,) = [a for a in card.all("a") if "/recalls?" in a.attributes["href"]]
    assert REASON in notices(shared, link.attributes["href"]).text
    assert "holds no recall notice" not in row(found, 18)
    lift(shared, "RCL5")
    shared.tell(SiteRole.FIRST_STATION, T.HOLD, [unit_line(made.carton.unit_id)], more=[("reason", "smells")])
    assert status(told()) == "held", "one box of it"
