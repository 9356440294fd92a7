"""Nothing leaves the queue without a receipt that proves itself; nothing bad delays the rest."""

import contextlib
import json
from datetime import timedelta
from typing import cast

import pytest

from coldscan.file_lock import held
from coldscan.operation import Operation
from coldscan.run_sync import Link
from coldscan.session import Session
from coldscan.status import WARNINGS
from coldscan.store import open_store
from coldtrace.clock import format_utc
from coldtrace.events.facts import write_facts
from coldtrace.events.statement import CheckedStatement
from coldtrace.seal.hashing import sha256
from support.scanner_device import Device
from support.scanner_server import ScannerServer, noon
from support.scanner_world import World

OTHER_PRODUCT = "(01)19521234543210(21)7QK4M2ZX9RTB"


def states(device: Device) -> dict[object, object]:
    return dict(cast(list[tuple[object, object]], device.rows("SELECT state, COUNT(*) FROM statements GROUP BY state")))


def fill(device: Device, world: World, count: int) -> list[str]:
    """Receive that many cartons and return the statements' ids."""
    answers = device.scan(*(world.carton() for _ in range(count)), operation=Operation.RECEIVE)
    assert all(answer.queued for answer in answers)
    return [answer.statement_id or "" for answer in answers]


def test_a_day_offline_then_sync(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 120)
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["unsent"]) == (0, 120, 0)
    posts = [path for method, path in server.requests if method == "POST"]
    assert posts == ["/api/v1/statements"] * 3
    assert set(server.stored) == set(ids)
    assert sorted(each.private.seq for each in server.stored.values()) == list(range(1, 121))


def test_after_the_receipt_only_header_signature_and_receipt_stay(
    device: Device, world: World, server: ScannerServer
) -> None:
    fill(device, world, 2)
    private = str(device.rows("SELECT private FROM statements LIMIT 1")[0][0])
    assert device.run("sync").status == 0
    rows = device.rows("SELECT state, public, private, units, receipt, header, sig FROM statements")
    for state, public, private_left, units, receipt, header, sig in rows:
        assert (state, public, private_left, units) == ("sent", None, None, None)
        assert all((receipt, header, sig))
    device.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    salt = json.loads(private)["salt"]
    assert salt.encode() not in device.state.store.read_bytes()


def test_second_sync_sends_nothing(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    device.run("sync")
    server.requests.clear()
    assert device.run("sync").json["sent"] == 0
    assert all(method == "GET" for method, _ in server.requests)


def test_reply_lost_after_the_server_stored(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 5)
    server.temper.lose_replies = 1
    ran = device.run("sync")
    assert (ran.status, ran.json["reached"], ran.json["unsent"]) == (2, False, 5)
    assert set(server.stored) == set(ids)
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["repeats"], ran.json["unsent"]) == (0, 5, 5, 0)
    assert set(server.seen.values()) == {2}
    assert len(server.leaves) == 5


@pytest.mark.parametrize("lie", ["forge_receipts", "no_receipts", "wrong_receipts"])
def test_statement_stays_without_a_receipt_that_verifies(
    device: Device, world: World, server: ScannerServer, lie: str
) -> None:
    fill(device, world, 3)
    setattr(server.temper, lie, True)
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["unverified"], ran.json["unsent"]) == (1, 0, 3, 3)
    assert states(device) == {"pending": 3}
    assert device.rows("SELECT COUNT(*) FROM statements WHERE private IS NULL") == [(0,)]
    setattr(server.temper, lie, False)
    assert device.run("sync").json["unsent"] == 0


def test_receipt_key_that_is_not_on_the_list(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 1)
    world.receipts = World(now=world.now, name="stranger").receipts
    assert device.run("sync").json["unverified"] == 1
    world.seq += 1  # now the list names the new key, too
    assert device.run("sync").json["sent"] == 1


def test_refused_ones_are_kept_visible_and_delay_nobody(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 7)

    def refuses(statement: CheckedStatement) -> str | None:
        return "terminal_state" if str(statement.header.id) == ids[2] else None

    server.temper.refuses = refuses
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["refused"], ran.json["unsent"]) == (1, 6, 1, 0)
    (marked,) = cast(list[dict[str, object]], device.run("status").json["marked"])
    assert (marked["id"], marked["code"], marked["state"]) == (ids[2], "terminal_state", "refused")
    assert device.rows("SELECT COUNT(*) FROM statements WHERE state = 'refused' AND private IS NOT NULL") == [(1,)]
    assert device.run("sync").json["sent"] == 0


def test_a_refused_unit_may_be_scanned_again_or_sent_again(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    device.scan(carton, operation=Operation.COMMISSION)
    server.temper.refuses = lambda statement: "no_authority"
    device.run("sync")
    (again,) = device.scan(carton)
    assert again.queued
    server.temper.refuses = lambda statement: None
    assert device.run("sync", "--retry-refused").json["sent"] == 2


def test_blocked_with_a_receipt_is_sent_and_shown(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 1)
    server.temper.blocks = lambda statement: "hold"
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["blocked"]) == (1, 1, 1)
    status = device.run("status").json
    assert status["blocked"] == 1
    (marked,) = cast(list[dict[str, object]], status["marked"])
    (stated,) = server.stored.values()
    assert (marked["code"], marked["unit"]) == ("hold", stated.units.lines[0].unit)


@pytest.mark.parametrize("bad", [0, 24, 49, 50, 99])
def test_one_bad_statement_is_found_by_halving(device: Device, world: World, server: ScannerServer, bad: int) -> None:
    ids = fill(device, world, 100)
    server.temper.chokes_on = lambda header: ids[bad] in header
    ran = device.run("sync")
    assert (ran.json["sent"], ran.json["refused"], ran.json["unsent"]) == (99, 1, 0)
    assert device.rows("SELECT id, code FROM statements WHERE state = 'refused'") == [(ids[bad], "malformed_statement")]


def test_one_statement_that_the_server_cannot_read(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 5)
    server.temper.cannot_read = lambda header: ids[3] in header
    ran = device.run("sync")
    assert (ran.json["sent"], ran.json["refused"], ran.json["unsent"]) == (4, 1, 0)
    assert device.rows("SELECT id, code FROM statements WHERE state = 'refused'") == [(ids[3], "not_canonical")]


def test_bodies_stay_below_the_servers_limit(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 50)
    server.temper.body_max = 20_000
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["refused"]) == (0, 50, 0)


def test_one_statement_that_breaks_the_server_goes_last(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 60)
    server.temper.breaks_on = lambda header: ids[10] in header
    ran = device.run("sync")
    assert (ran.json["sent"], ran.json["refused"], ran.json["unsent"]) == (59, 0, 1)
    fill(device, world, 1)
    server.temper.breaks_on = lambda header: False
    assert device.run("sync").json["sent"] == 2


def test_a_server_that_is_broken_is_not_hammered(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 200)
    server.temper.breaks_on = lambda header: True
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["unsent"]) == (2, 0, 200)
    posts = [path for method, path in server.requests if method == "POST"]
    assert len(posts) <= 13


@pytest.mark.parametrize("status", [503, 429, 502])
def test_trouble_on_the_way_keeps_everything(device: Device, world: World, server: ScannerServer, status: int) -> None:
    fill(device, world, 3)
    server.temper.statuses.extend([status] * 5)
    ran = device.run("sync")
    assert (ran.status, ran.json["unsent"]) == (2, 3)
    assert states(device) == {"pending": 3}
    server.temper.statuses.clear()
    assert device.run("sync").json["unsent"] == 0


def test_login_page_of_a_guest_network_refuses_nothing(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    server.temper.guest_login = True
    assert device.run("sync").status in (1, 2)
    assert states(device) == {"pending": 3}


def test_suspended_device_keeps_its_queue(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    server.suspended = set(server.devices)
    ran = device.run("sync")
    assert ran.status == 1
    assert "authentication_required" in str(ran.json["problems"])
    assert states(device) == {"pending": 3}


def test_a_revoked_device_promises_nothing_any_more(device: Device, world: World, server: ScannerServer) -> None:
    from coldscan.scan import take

    fill(device, world, 2)
    with device.bench(Operation.RECEIVE) as bench:
        assert take(bench, world.carton()).queued, "nobody has told it yet"
        server.revoked = set(server.devices)
        assert device.run("sync").status == 1
        answer = take(bench, world.carton())
        assert (answer.code, answer.queued) == ("key_revoked", False)
    assert device.run("scan").json["code"] == "key_revoked"
    assert "key_revoked" in cast(list[str], device.run("status").json["warnings"])
    assert states(device) == {"pending": 3}, "what was promised before stays"
    server.temper.statuses.extend([503] * 9)
    device.run("sync")
    assert device.run("scan").json["code"] == "key_revoked", "a fault of the server makes no key whole"
    server.temper.statuses.clear()
    server.revoked = set()
    assert device.run("sync").status == 0
    assert fill(device, world, 1)


def test_no_server_at_all(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    server.temper.lose_requests = 100
    ran = device.run("sync")
    assert (ran.status, ran.json["reached"]) == (2, False)
    assert len(server.requests) == 1


def test_only_one_process_sends(device: Device) -> None:
    with held(device.state.lock("sync"), wait_s=0) as is_ours:
        assert is_ours
        ran = device.run("sync", "--wait", "0.2")
    assert (ran.status, ran.json["code"]) == (2, "sync_busy")


def test_list_with_a_lower_number_is_refused(device: Device, world: World) -> None:
    world.seq -= 1
    ran = device.run("sync")
    assert (ran.status, ran.json["trust_list"]) == (1, "unsafe_answer")
    assert device.run("status").json["list_seq"] == 7


def test_same_number_with_other_content_is_refused(device: Device, world: World, server: ScannerServer) -> None:
    world.revoked = True
    device.rows("DELETE FROM cache WHERE name = 'trust_etag'")
    ran = device.run("sync")
    assert ran.json["trust_list"] == "unsafe_answer"


def test_list_of_another_root_is_refused(device: Device, world: World) -> None:
    world.seq += 1
    world.root_key = World(now=world.now, name="stranger").root_key
    assert device.run("sync").json["trust_list"] == "unsafe_answer"
    assert device.run("status").json["list_seq"] == 7


def test_a_device_walks_along_when_the_roots_change(device: Device, world: World) -> None:
    """Two changes while it slept; afterwards the old root says nothing to it any more."""
    old_key = world.root_key
    world.change_root("r2")
    world.change_root("r3")
    ran = device.run("sync")
    assert (ran.status, ran.json["trust_list"]) == (0, "new")
    assert device.run("sync").json["trust_list"] == "same"
    assert device.run("status").json["list_seq"] == 9
    world.seq += 1
    world.root_key, world.root_id = old_key, "r1"
    assert device.run("sync").json["trust_list"] == "unsafe_answer"
    assert device.run("status").json["list_seq"] == 9


@pytest.mark.parametrize("spoilt", ["left out", "not signed by the old root", "no envelope"])
def test_a_root_change_that_the_known_root_does_not_stand_behind_is_refused(
    device: Device, world: World, spoilt: str
) -> None:
    world.change_root("r2")
    (change,) = world.root_changes
    sigs = cast("list[object]", change["sigs"])
    edited: dict[str, list[object]] = {
        "left out": [],
        "not signed by the old root": [change | {"sigs": sigs[1:]}],
        "no envelope": ["r2"],
    }
    world.root_changes = cast("list[dict[str, object]]", edited[spoilt])
    assert device.run("sync").json["trust_list"] == ("bad_answer" if spoilt == "no envelope" else "unsafe_answer")
    assert device.run("status").json["list_seq"] == 7
    world.root_changes = [change]
    assert device.run("sync").json["trust_list"] == "new", "nothing was kept of the bad answer"


def test_unchanged_list_is_not_sent_again(device: Device, server: ScannerServer) -> None:
    assert device.run("sync").json["trust_list"] == "same"


def test_statements_name_the_newest_checkpoint_seen(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 2)
    device.run("sync")
    note = server.checkpoint()
    fill(device, world, 1)
    device.run("sync")
    newest = max(server.stored.values(), key=lambda each: each.private.seq)
    assert newest.header.seen == sha256(note.encode())


def test_before_any_checkpoint_nothing_was_seen(blank: Device, world: World, server: ScannerServer) -> None:
    assert blank.run("enrol", server.invite()).status == 0
    fill(blank, world, 1)
    (row,) = blank.rows("SELECT header FROM statements")
    assert json.loads(str(row[0]))["seen"] is None


def test_log_that_shrinks_or_splits_is_refused(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    assert device.run("sync").status == 0
    kept, server.leaves = server.leaves, server.leaves[:1]
    assert device.run("sync").json["checkpoint"] == "unsafe_answer"
    server.leaves = [*kept[:2], b"another"]
    assert device.run("sync").json["checkpoint"] == "unsafe_answer"
    server.leaves = [*kept, b"another"]
    assert device.run("sync").json["checkpoint"] == "new"


def test_log_that_is_rewritten_is_found_out_and_convicted(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 3)
    assert device.run("sync").status == 0
    kept, believed = server.leaves, server.checkpoint()
    server.leaves = [kept[0], b"not what it was", *kept[2:], b"another"]
    rewritten = server.checkpoint()
    ran = device.run("sync")
    assert (ran.status, ran.json["checkpoint"]) == (1, "unsafe_answer")
    assert "checkpoint_rewritten" in ran.out
    fill(device, world, 1)
    server.leaves.append(b"one more")
    assert device.run("sync").json["checkpoint"] == "unsafe_answer", "the old one stays what is believed"
    status = device.run("status")
    assert "log_rewritten" in status.json["warnings"]  # type: ignore[operator]
    assert status.json["log_evidence"] == {"kept": believed, "shown": rewritten}
    for text in ("改写", "rewritten"):
        assert text in "".join(WARNINGS["log_rewritten"].say(lang) for lang in ("zh", "en"))


def test_a_proof_that_cannot_be_read_changes_nothing(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(device, world, 1)
    assert device.run("sync").status == 0
    fill(device, world, 1)
    monkeypatch.setattr(server, "consistency", lambda asked: {"path": ["?"]})
    assert device.run("sync").json["checkpoint"] == "bad_answer"
    assert device.run("status").json["log_evidence"] is None
    monkeypatch.undo()
    assert device.run("sync").json["checkpoint"] == "new"


def test_checkpoint_of_another_key_is_refused(device: Device, world: World) -> None:
    world.log = World(now=world.now, name="stranger").log
    ran = device.run("sync")
    assert ran.json["checkpoint"] == "unsafe_answer"


def test_folder_restored_from_a_copy_retires_its_key(device: Device, world: World, server: ScannerServer) -> None:
    fill(device, world, 2)
    server.extra_seq = 3
    ran = device.run("sync")
    assert (ran.status, ran.json["chain"]) == (1, "ahead")
    ran = device.run("scan")
    assert (ran.status, ran.json["code"]) == (1, "key_retired")
    server.extra_seq = 0
    assert device.run("enrol", server.invite(), "--again").status == 0
    fill(device, world, 1)
    assert device.run("sync").status == 0


def test_running_scan_stops_when_its_key_is_retired(device: Device, world: World, server: ScannerServer) -> None:
    from coldscan.scan import take

    with device.bench(Operation.RECEIVE) as bench:
        assert take(bench, world.carton()).queued
        server.extra_seq = 3
        device.run("sync")
        answer = take(bench, world.carton())
    assert (answer.verdict, answer.queued) == ("key_retired", False)


def test_statements_that_the_server_lost_are_named(device: Device, world: World, server: ScannerServer) -> None:
    ids = fill(device, world, 4)
    device.run("sync")
    del server.stored[ids[1]]
    assert device.run("sync").json["chain"] == "lost"
    assert "server_lost_statements" in cast(list[str], device.run("status").json["warnings"])


def test_clock_that_is_years_off_is_marked_and_never_refused(
    device: Device, world: World, server: ScannerServer
) -> None:
    for years in (-30, 12):
        device.clock.next = noon() + timedelta(days=365 * years)  # type: ignore[attr-defined]
        (answer,) = device.scan(world.carton(), operation=Operation.COMMISSION)
        assert (answer.verdict, answer.queued) == ("valid", True)
        warnings = cast(list[str], device.run("status").json["warnings"])
        assert ("clock_behind_last_sync" in warnings) == (years < 0)
        assert device.run("sync").status == 0
        skew = cast(int, device.run("status").json["clock_skew_s"])
        assert abs(skew + 365 * 86_400 * years) < 600
        (later,) = device.scan(world.carton())
        assert (later.code, later.queued) == (None, True)
        device.run("sync")
    first, said, _, told = server.of_type("commission")
    assert first.private.value("clock_skew") is None
    assert abs(cast(int, said.private.value("clock_skew")) + 30 * 365 * 86_400) < 600
    assert abs(cast(int, told.private.value("clock_skew")) - 12 * 365 * 86_400) < 600
    assert first.private.at.year == 1996


def test_a_running_sync_follows_a_new_enrolment(device: Device, world: World, server: ScannerServer) -> None:
    session = Session(state=device.state, lang="en", as_json=True, passphrase=None, clock=device.clock)
    fill(device, world, 1)
    with contextlib.closing(open_store(device.state)) as connection, Link(session, connection) as link:
        assert device.run("enrol", server.invite(), "--again").status == 0
        server.suspended = {next(iter(server.devices))}  # the old key may not ask any more
        report = link.sync(batch=50, lists=True)
    assert report.problems == []
    assert report.flushed.sent == 2, "what the old key said, and its close"


def test_last_server_time_is_kept(device: Device, server: ScannerServer) -> None:
    status = device.run("status").json
    assert str(status["last_server_time"]).startswith(format_utc(noon())[:13])


@pytest.mark.parametrize(
    "change",
    [
        {"lots": [{"gtin": "1", "lot": "2", "facts": "{}"}]},
        {"lots": "none"},
        {"unit_lots": [{"facts": "{}", "units": []}]},
        {"unit_lots": "none"},
        {
            "unit_lots": [
                {"facts": write_facts({"gtin": "09506000134352", "lot": "2"}, bytes), "units": [OTHER_PRODUCT]}
            ]
        },
        {"next": "../x"},
        {"doors": [{}]},
        {"operations": [1]},
        {"site": None},
    ],
)
def test_work_that_is_not_understood_leaves_the_old(
    device: Device, server: ScannerServer, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    honest = server.work()
    monkeypatch.setattr(server, "work", lambda: honest | change)
    ran = device.run("sync")
    assert (ran.status, ran.json["work"]) == (2, "bad_answer")
    assert device.run("status").json["lots"] == 1


def test_a_server_time_that_is_none_leaves_the_old(device: Device, server: ScannerServer) -> None:
    server.work_time = "noon"
    ran = device.run("sync")
    assert (ran.status, ran.json["work"]) == (2, "bad_answer")
    assert device.run("status").json["lots"] == 1


def test_work_that_has_not_changed_costs_a_few_bytes_and_still_tells_the_time(
    device: Device, server: ScannerServer
) -> None:
    assert device.run("sync").json["work"] in ("new", "same")
    device.clock.next += timedelta(hours=1)  # type: ignore[attr-defined]
    assert device.run("sync").json["work"] == "same"
    assert abs(cast(int, device.run("status").json["clock_skew_s"]) + 3600) < 600
    assert device.run("status").json["lots"] == 1, "what is known stays"
    server.lots = []
    assert device.run("sync").json["work"] == "new"
    assert device.run("status").json["lots"] == 0


def test_a_device_that_is_enrolled_again_fetches_all_again(device: Device, server: ScannerServer) -> None:
    assert device.run("sync").json["work"] == "same"
    assert device.run("enrol", server.invite(), "--again").status == 0
    device.run("sync")
    assert device.run("status").json["lots"] == 1


def test_places_come_page_by_page(device: Device, server: ScannerServer) -> None:
    server.doors_a_page = 2
    server.doors = [{"gln": f"9521234000{n:03}", "name_zh": f"站{n}", "name_en": f"S{n}"} for n in range(11, 16)]
    assert device.run("sync").json["work"] == "new"
    assert [path.partition("=")[2] for _, path in server.requests if "work?after" in path] == [
        "9521234000012",
        "9521234000014",
    ]
    server.doors[4]["name_zh"] = "新"
    assert device.run("sync").json["work"] == "new", "the tag of the first page says nothing of the last"


@pytest.mark.parametrize(
    "answer",
    [[], {}, {"results": {}}, {"results": [[]]}, {"results": [{"id": 1}]}, {"results": [{"id": "x"}]}, {"results": []}],
)
def test_results_that_are_not_understood_keep_everything(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    fill(device, world, 2)
    monkeypatch.setattr(server, "capture", lambda wires: (202, answer))
    assert device.run("sync").status in (1, 2)
    assert states(device) == {"pending": 2}


@pytest.mark.parametrize("status", ["weird", "accepted", "repeat"])
def test_a_status_without_receipt_moves_nothing(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    ids = fill(device, world, 2)
    results = [{"id": id, "status": status, "code": None, "receipt": {"text": "", "key": "", "sig": ""}} for id in ids]
    monkeypatch.setattr(server, "capture", lambda wires: (202, {"results": results}))
    device.run("sync")
    assert states(device) == {"pending": 2}


def test_receipts_cannot_be_swapped(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(device, world, 2)
    honest = server.capture

    def swap(wires: list[dict[str, str]]) -> tuple[int, object]:
        status, answer = honest(wires)
        first, second = cast(dict[str, list[dict[str, object]]], answer)["results"]
        first["receipt"], second["receipt"] = second["receipt"], first["receipt"]
        return status, answer

    monkeypatch.setattr(server, "capture", swap)
    assert device.run("sync").json["unverified"] == 2
    assert states(device) == {"pending": 2}


def test_key_of_the_url_is_the_devices(device: Device, server: ScannerServer) -> None:
    device.run("sync")
    (key,) = server.devices
    assert ("GET", f"/api/v1/devices/{key}/chain") in server.requests
