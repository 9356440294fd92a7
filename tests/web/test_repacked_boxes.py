"""Row 12 of a box that was repacked or got a new label says so, as its journey does."""

from dataclasses import replace

from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from support.boxes import ZH, row
from support.call_scene import fresh_declaration
from support.consignments import Consignment
from support.house import unit_line
from support.html_tree import read_page
from support.web_house import PAGE, WebHouse


def twelfth(web: WebHouse, uri: str, headers: dict[str, str] = PAGE) -> str:
    answer = web.client.get(web.path(uri), headers=headers)
    assert answer.status_code == 200, answer.text
    return row(read_page(answer.text), 12)


def bound(web: WebHouse) -> Consignment:
    goods = web.consignment(declaration=fresh_declaration(), cartons=1)
    web.commission(goods.pallets[0])
    return goods


def may(web: WebHouse, role: SiteRole, *types: T) -> None:
    web.device(role)
    with web.sessions.begin() as session:
        session.execute(
            text("UPDATE device SET operations = operations || CAST(:more AS text[]) WHERE gln = :gln"),
            {"more": [type.value for type in types], "gln": web.sites[role].gln},
        )


def test_a_box_that_was_made_into_another_and_the_other(web: WebHouse) -> None:
    old = bound(web).carton
    new = web.consignment(declaration=fresh_declaration(), cartons=1).carton
    assert "No repacking recorded" in twelfth(web, old.uri)
    may(web, SiteRole.FIRST_STATION, T.TRANSFORM)
    port = web.device(SiteRole.FIRST_STATION)
    lines = [replace(unit_line(old.unit_id), role="input"), replace(unit_line(new.unit_id), role="output")]
    (result,) = web.send(port, [port.say(T.TRANSFORM, lines)])
    assert result["status"] == "accepted", result
    went_in, came_out = twelfth(web, old.uri), twelfth(web, new.uri)
    assert "Was repacked into other units" in went_in
    assert "Made by repacking other units" in came_out
    for told in (went_in, came_out):
        assert web.sites[SiteRole.FIRST_STATION].name_en in told
        for words in ("First station", "23 Nov 2026", "Binhai New Area", "signed by a device"):
            assert words in told, told
        assert "No repacking recorded" not in told
    assert "由其他货物分装" in twelfth(web, new.uri, ZH)


def test_a_box_that_got_a_new_code(web: WebHouse) -> None:
    old = bound(web).carton
    new = web.consignment(declaration=fresh_declaration(), cartons=1).carton
    lines = [replace(unit_line(old.unit_id), role="input"), replace(unit_line(new.unit_id), role="output")]
    port = web.device(SiteRole.FIRST_STATION)
    (result,) = web.send(port, [port.say(T.RELABEL, lines)])
    assert result["status"] == "accepted", result
    told = twelfth(web, old.uri)
    assert "A new code took the place of this one" in told
    assert web.sites[SiteRole.FIRST_STATION].name_en not in told, "who only labels is no repacker and not named"
    assert "took the place of an older one" in twelfth(web, new.uri)
