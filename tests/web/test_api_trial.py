"""Trials of statements: they keep nobody from anything, and wait for nobody long."""

import time

import httpx
from sqlalchemy import text

from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties import store as parties
from coldtrace.parties.model import SiteRole
from coldtrace.seal.keys import key_id
from coldtrace.web.api.statements import CHECKED_MAX
from support.consignments import GTIN, LOT
from support.house import Handheld, unit_line
from support.web_house import STATEMENTS, WebHouse

UNIT = "(01)19521234543210(21)7QK4M2ZX9{:03}"


def check(web: WebHouse, *said: Statement) -> httpx.Response:
    return web.post_json(f"{STATEMENTS}/check", [each.to_json() for each in said], web.bearer)


def device_of(web: WebHouse) -> Handheld:
    with web.sessions.begin() as session:
        return Handheld.enrol(session, web.env, web.sites[SiteRole.COLD_STORE])


def test_a_trial_waits_for_no_device_and_stops_no_lot(shared: WebHouse) -> None:
    device = device_of(shared)
    hold = device.say(T.HOLD, [Line("unit", lot_unit(gtin=GTIN, lot=LOT), None, 0)], more=[("reason", "laboratory")])
    with shared.sessions() as other:
        parties.lock_devices(other, [key_id(device.signer.spki)])
        other.execute(text("INSERT INTO unit (unit_id, state, last_at) VALUES ('U:TRIAL', 'blank', '-infinity')"))
        answer = check(shared, hold, device.say(T.OBSERVE, [unit_line(UNIT.format(1))]))
        other.rollback()
    assert answer.status_code == 200, "neither for the device nor for whoever works on units"
    assert [each["status"] for each in answer.json()["results"]] == ["blocked", "accepted"]


def test_a_trial_of_goods_at_hand_gives_up_soon(shared: WebHouse) -> None:
    device, unit = device_of(shared), UNIT.format(2)
    shared.send(device, [device.say(T.RECEIVE, [unit_line(unit)])])
    said = device.say(T.SHIP, [unit_line(unit)], to=shared.station)
    with shared.sessions() as other:
        other.execute(text("SELECT 1 FROM unit WHERE unit_id = :unit FOR UPDATE"), {"unit": unit})
        began = time.monotonic()
        answer = check(shared, said)
        assert time.monotonic() - began < 8
        other.rollback()
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert check(shared, said).json()["results"][0]["status"] == "accepted"
    (kept,) = shared.send(device, [said])
    assert kept["status"] == "accepted", "and it kept nothing"


def test_whoever_may_not_stop_a_lot_keeps_nobody_waiting_and_waits_for_nobody(shared: WebHouse) -> None:
    """Stopping a whole lot stops all scans for a moment: only those who may are let."""
    device = device_of(shared)
    lot = lot_unit(gtin=GTIN, lot="L-OF-OTHERS")
    hold = device.say(T.HOLD, [Line("unit", lot, None, 0)], more=[("reason", "laboratory")])
    with shared.sessions() as other:
        other.execute(text("INSERT INTO unit (unit_id, state, last_at) VALUES ('U:SCAN', 'blank', '-infinity')"))
        (answer,) = shared.send(device, [hold])
        other.rollback()
    assert (answer["status"], answer["marks"]) == ("blocked", ["lot_of_others"])


def test_a_trial_has_few_statements(shared: WebHouse) -> None:
    device = device_of(shared)
    said = [device.say(T.OBSERVE, [unit_line(UNIT.format(n))]) for n in range(CHECKED_MAX + 1)]
    answer = check(shared, *said)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")
    assert answer.json()["limit"] == CHECKED_MAX
    assert len(check(shared, *said[:-1]).json()["results"]) == CHECKED_MAX
