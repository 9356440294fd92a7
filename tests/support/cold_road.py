"""A pallet on its way to a cold store whose own system says how warm it was, by the gateway."""

from coldtrace.clock import format_utc
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from support.call_scene import fresh_declaration
from support.consignments import Pallet
from support.house import GLNS, unit_line
from support.web_house import WebHouse

PORT, STORE = SiteRole.FIRST_STATION, SiteRole.COLD_STORE


def arrived(web: WebHouse, cold: str, *, port: str = "unknown") -> Pallet:
    """A pallet that the cold store's own system took in, with its word on the temperature, by the gateway."""
    assert web.client.put(f"/api/v1/sites/{GLNS[STORE]}/gateway", headers=web.bearer).status_code == 200
    pallet = web.consignment(declaration=fresh_declaration(), cartons=1).pallets[0]
    web.commission(pallet)
    web.tell(PORT, T.SHIP, [unit_line(pallet.label.unit_id)], to=GLNS[STORE], cold=port)
    said = {
        "ref": f"WMS-{pallet.label.unit_id}",
        "type": "receive",
        "at": format_utc(web.env.clock()).replace("Z", "+00:00"),
        "lines": [{"unit": str(pallet.label.unit_id)}],
        "cold": cold,
    }
    answer = web.post_json("/api/v1/gateway/statements", {"site": GLNS[STORE], "statements": [said]}, web.bearer)
    assert [each["status"] for each in answer.json()["results"]] == ["accepted"]
    return pallet
