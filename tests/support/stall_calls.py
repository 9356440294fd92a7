"""Good calls of the pages about places and of the stall's phone."""

from collections.abc import Callable
from itertools import count
from uuid import UUID

from coldtrace.parties import gateways
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Kind, Verb
from support.call_scene import PLACE_UNIT, Request, Scene, as_fields
from support.one_call import Call, at

_numbers = count(1)


def _at_market(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=path.format(gln=scene.web.sites[SiteRole.MARKET].gln))


def _open(scene: Scene) -> str:
    """Return the market's GLN, its gateway open."""
    site = scene.web.sites[SiteRole.MARKET]
    if scene.exists:
        with scene.web.sessions.begin() as session:
            gateways.open_gateway(session, scene.web.env, site, made_by="tests")
    return site.gln


def _say(scene: Scene) -> Request:
    return as_fields(f"/desk/stall/{_open(scene)}", act="receive", codes=PLACE_UNIT, ref=f"calls{next(_numbers):08}")


def _undo(scene: Scene) -> Request:
    gln, statement = _open(scene), str(UUID(int=7))
    if scene.exists:
        said = {
            "ref": f"undone-{next(_numbers)}",
            "type": "receive",
            "at": "2026-11-23T12:03:00+08:00",
            "lines": [{"unit": PLACE_UNIT}],
        }
        answer = scene.web.client.post(
            "/api/v1/gateway/statements",
            json={"site": gln, "statements": [said]},
            headers=scene.web.bearer | {"Coldtrace-Purpose": "tests"},
        )
        statement = answer.json()["results"][0]["id"]
    return as_fields(f"/desk/stall/{gln}/undo", statement=statement)


def _list(name: str, right: tuple[Kind, Verb]) -> Call:
    return Call(method="GET", route=f"/desk/{name}", right=right, make=at(f"/desk/{name}?after=0"), token_only=True)


def _of_market(name: str, right: tuple[Kind, Verb]) -> Call:
    return Call(
        method="GET",
        route=f"/desk/{name}",
        right=right,
        about="market",
        hidden=(404, "site_unknown"),
        make=_at_market(f"/desk/{name}"),
        token_only=True,
    )


_UNIT, _GATEWAY, _CASE = (Kind.UNIT, Verb.READ), (Kind.GATEWAY, Verb.WRITE), (Kind.CASE, Verb.READ)

STALL_PAGES = (
    *(_list(name, _UNIT) for name in ("stock", "expected", "in-transit")),
    *(_of_market(f"{name}/{{gln}}", _UNIT) for name in ("stock", "expected", "in-transit")),
    _list("near-expiry", _UNIT),
    *(
        _of_market(name, _UNIT)
        for name in ("near-expiry/{gln}", "near-expiry/{gln}/file.csv", "stock/{gln}/lots", "stock/{gln}/lots.csv")
    ),
    _list("discrepancies", _CASE),
    _of_market("discrepancies/{gln}", _CASE),
    _list("stall", _GATEWAY),
    _of_market("stall/{gln}", _GATEWAY),
    _of_market("stall/{gln}/sign", _GATEWAY),
    Call(
        method="POST",
        route="/desk/stall/{gln}",
        right=_GATEWAY,
        about="market",
        hidden=(404, "site_unknown"),
        make=_say,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/stall/{gln}/undo",
        right=_GATEWAY,
        about="market",
        hidden=(404, "site_unknown"),
        make=_undo,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/stall/{gln}/open",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "site_unknown"),
        make=lambda scene: as_fields(f"/desk/stall/{scene.web.sites[SiteRole.MARKET].gln}/open"),
        status=303,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/units/{unit:path}",
        right=_UNIT,
        about="unit",
        hidden=(404, "unit_unknown"),
        make=lambda scene: Request(path=f"/desk/units/{scene.consignment.carton.unit_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/vouchers/{id}",
        right=(Kind.PIECES, Verb.READ),
        about="voucher",
        hidden=(404, "voucher_unknown"),
        make=lambda scene: Request(path=f"/desk/vouchers/{scene.voucher_id}"),
        token_only=True,
    ),
)
