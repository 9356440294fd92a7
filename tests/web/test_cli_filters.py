"""`coldtrace lots` and `filters publish` in a real installation."""

from coldtrace.cli.installation import open_installation
from coldtrace.goods import stop_store
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.command_line import Run
from support.consignments import GTIN, LOT
from support.house import GLNS


def listed() -> list[tuple[str, int, int]]:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return [(each.kind, each.seq, each.units) for each in stop_store.listed_filters(session)]


def test_a_lot_is_recalled_published_and_lifted(port: Run) -> None:
    mistyped = port("lots", "recall", GTIN, LOT, "--reason", "李斯特菌", "--json")
    assert (mistyped.status, mistyped.json["code"]) == (1, "recall_of_unknown_lot")
    assert "--unknown" in mistyped.err
    assert port("lots", "list", "--json").json["recalls"] == []
    recalled = port("lots", "recall", GTIN, LOT, "--unknown", "--reason", "李斯特菌", "--json")
    wanted = {"gtin": GTIN, "lot": LOT, "recalled": True, "new": True, "units": 0}
    assert (recalled.status, recalled.json) == (0, wanted)
    assert "0 cartons" in recalled.err
    assert port("lots", "recall", GTIN, LOT, "--unknown", "--reason", "again", "--json").json["new"] is False
    assert listed() == [("blocked_units", 1, 0), ("recalled_lots", 1, 1), ("revoked_units", 1, 0)]
    (recall,) = port("lots", "list", "--json").json["recalls"]
    assert (recall["lot"], recall["reason"]) == (LOT, "李斯特菌")
    assert LOT in port("lots", "list").out
    assert port("lots", "lift", GTIN, LOT, "--json").json == {"gtin": GTIN, "lot": LOT, "recalled": False}
    assert listed() == [("blocked_units", 1, 0), ("recalled_lots", 2, 0), ("revoked_units", 1, 0)]
    refused = port("lots", "lift", GTIN, LOT, "--json")
    assert (refused.status, refused.json["code"]) == (1, "lot_not_recalled")


def test_filters_are_published_on_demand(run: Run) -> None:
    first = run("filters", "publish", "--json").json["filters"]
    assert [(each["kind"], each["seq"], each["count"]) for each in first] == [
        ("revoked_units", 1, 0),
        ("recalled_lots", 1, 0),
        ("blocked_units", 1, 0),
    ]
    assert [line.split("\t")[:2] for line in run("filters", "publish").out.splitlines()] == [
        ["kind", "seq"],
        ["revoked_units", "2"],
        ["recalled_lots", "2"],
        ["blocked_units", "2"],
    ]


def test_a_stolen_key_is_revoked_by_command(port: Run) -> None:
    made = port("keys", "station", "new", "--site", GLNS[SiteRole.FIRST_STATION], "--json").json
    told = port(
        "keys", "revoke", made["kid"], "--stolen-at", "2026-01-01T08:00:00+08:00", "--reason", "laptop", "--json"
    )
    assert told.status == 0, told.err
    assert (told.json["state"], told.json["units_allowed"], told.json["units_red"]) == ("revoked", 0, 0)
    assert all(each in told.err for each in ("handhelds sync", "labels doors", "GET /api/v1/filters", "同步"))
    assert told.json["stolen_at"] == "2026-01-01T00:00:00.000Z"
    assert ("allowed_units", 0, 0) in listed()
    later = port("keys", "revoke", made["kid"], "--stolen-at", "2999-01-01T00:00:00Z", "--json")
    assert (later.status, later.json["code"]) == (1, "stolen_at_later")
    unknown = port("keys", "revoke", "00000000", "--stolen-at", "2026-01-01T00:00:00Z", "--json")
    assert (unknown.status, unknown.json["code"]) == (1, "signing_key_unknown")
    assert port("keys", "revoke", made["kid"], "--stolen-at", "yesterday").status == 2
