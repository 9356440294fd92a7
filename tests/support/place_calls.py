"""Good calls about places: stock, vouchers, evidence, gateways."""

from collections.abc import Callable
from itertools import count

from coldtrace.parties import gateways
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Kind, Verb
from support.call_scene import PLACE_UNIT, Request, Scene, as_json
from support.one_call import Call

_numbers = count(1)


def _plain(scene: Scene) -> Request:
    """A gateway statement of the market, whose gateway is open."""
    site = scene.web.sites[SiteRole.MARKET]
    if scene.exists:
        with scene.web.sessions.begin() as session:
            gateways.open_gateway(session, scene.web.env, site, made_by="tests")
    said = {
        "ref": f"call-{next(_numbers)}",
        "type": "receive",
        "at": "2026-11-23T12:03:00+08:00",
        "lines": [{"unit": PLACE_UNIT}],
    }
    return as_json("/api/v1/gateway/statements", {"site": site.gln, "statements": [said]})


def _at_market(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=path.format(gln=scene.web.sites[SiteRole.MARKET].gln))


def _for_tests(path: str) -> Callable[[Scene], Request]:
    """Ask about the market and say what for, as for a file one must."""
    headers = {"Coldtrace-Purpose": "tests"}
    return lambda scene: Request(path=path.format(gln=scene.web.sites[SiteRole.MARKET].gln), headers=headers)


PLACES = (
    Call(
        method="GET",
        route="/api/v1/today",
        right=(Kind.WORK, Verb.READ),
        make=lambda scene: Request(path="/api/v1/today"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/units/{unit:path}/children",
        right=(Kind.UNIT, Verb.READ),
        about="unit",
        hidden=(404, "unit_unknown"),
        make=lambda scene: Request(path=f"/api/v1/units/{scene.consignment.carton.unit_id}/children"),
    ),
    Call(
        method="GET",
        route="/api/v1/units/{unit:path}/evidence.csv",
        right=(Kind.UNIT, Verb.READ),
        about="unit",
        hidden=(404, "unit_unknown"),
        make=lambda scene: Request(
            path=f"/api/v1/units/{scene.consignment.carton.unit_id}/evidence.csv",
            headers={"Coldtrace-Purpose": "tests"},
        ),
    ),
    Call(
        method="GET",
        route="/api/v1/sites/{gln}/stock",
        right=(Kind.UNIT, Verb.READ),
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market("/api/v1/sites/{gln}/stock?limit=5"),
    ),
    Call(
        method="GET",
        route="/api/v1/sites/{gln}/expected",
        right=(Kind.UNIT, Verb.READ),
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market("/api/v1/sites/{gln}/expected?limit=5"),
    ),
    Call(
        method="GET",
        route="/api/v1/sites/{gln}/in-transit",
        right=(Kind.UNIT, Verb.READ),
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market("/api/v1/sites/{gln}/in-transit?limit=5"),
    ),
    *(
        Call(
            method="GET",
            route=f"/api/v1/sites/{{gln}}/{name}",
            right=(kind, Verb.READ),
            about="market",
            hidden=(404, "site_unknown"),
            make=_for_tests(f"/api/v1/sites/{{gln}}/{name}"),
        )
        for name, kind in {
            "lots": Kind.UNIT,
            "lots.csv": Kind.UNIT,
            "near-expiry": Kind.UNIT,
            "near-expiry.csv": Kind.UNIT,
            "discrepancies": Kind.CASE,
        }.items()
    ),
    Call(
        method="PUT",
        route="/api/v1/sites/{gln}/gateway",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market("/api/v1/sites/{gln}/gateway"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/gateway/statements",
        right=(Kind.GATEWAY, Verb.WRITE),
        about="market",
        hidden=(404, "site_unknown"),
        make=_plain,
        status=202,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/sites/{gln}/vouchers",
        right=(Kind.PIECES, Verb.READ),
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market("/api/v1/sites/{gln}/vouchers?limit=5"),
    ),
    Call(
        method="GET",
        route="/api/v1/vouchers/{id}",
        right=(Kind.PIECES, Verb.READ),
        about="voucher",
        hidden=(404, "voucher_unknown"),
        make=lambda scene: Request(path=f"/api/v1/vouchers/{scene.voucher_id}"),
    ),
)
