"""A box that was sold and turns up again: the page says to look twice, above everything else."""

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
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
