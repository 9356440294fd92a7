"""A box that turns up again, or is looked up where it is not: the page says to look twice, above everything else."""

from datetime import timedelta

from coldtrace.custody.lookups import Look, count_lookup, day_of
from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch import work
from coldtrace.watch.cases import PAGE_MAX, list_cases
from coldtrace.watch.model import Explanation, SweepTimes
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.house import unit_line
from support.web_house import WebHouse


def test_a_box_sold_twice_is_not_green(web: WebHouse) -> None:
    goods = web.consignment(cartons=1)
    web.walk(goods.pallets[0])
    box = goods.carton
    web.sell(box.unit_id)
    page = web.client.get(web.path(box.uri), headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert 'data-status="sold"' in page.text
    market = web.device(SiteRole.MARKET)
    said = [market.say(type, [unit_line(box.unit_id)]) for type in (T.RECEIVE, T.SELL)]
    assert next(result["marks"] for result in web.send(market, said)) == ["after_sale"]
    page = web.client.get(web.path(box.uri), headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert 'data-status="clone_suspect"' in page.text
    assert "此码也在别处出现过" in page.text


def test_a_box_looked_up_in_two_places_in_turn_is_amber_until_its_case_is_settled(web: WebHouse) -> None:
    goods = web.consignment(cartons=1)
    web.commission(goods.pallets[0])
    box = goods.carton

    def told() -> tuple[bool, bool]:
        page = web.client.get(web.path(box.uri), headers={"Accept": "text/html", "Accept-Language": "zh"})
        unit = web.client.get(f"/api/v1/units/{box.unit_id}", headers=web.bearer).json()
        return 'data-status="clone_suspect"' in page.text, "clone_suspect" in unit["overlays"]

    assert told() == (False, False)
    for who, city in enumerate(("120100", "440300") * 3, 1):
        name, at = who.to_bytes(16), web.clock.next
        with web.sessions.begin() as session:
            count_lookup(session, Look(unit_id=box.unit_id, token=name, network=name, city=city, day=day_of(at), at=at))
        web.clock.forward(timedelta(hours=3))
    with web.sessions.begin() as session:
        sweep(session, web.env, SweepTimes())
        cases = list_cases(session, EVERYTHING, after=None, limit=PAGE_MAX)
        (case,) = [each for each in cases if each.kind is CaseKind.CLONE_SUSPECT]
    assert told() == (True, True)
    office = Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)
    with web.sessions.begin() as session:
        work.explain(session, web.env, office, case.case_id, note=Explanation.CODE_SHOWN)
    assert told() == (False, False), "what is settled is told no longer"
