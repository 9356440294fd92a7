"""Webhooks over real sockets: signed, tried again, given up, never sent where they must not go."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.case_store import NewCase, explain_gone, open_cases
from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import service as parties
from coldtrace.people.grant_refusals import GrantRefused
from coldtrace.rights.model import EVERYTHING, Member, Reader, Role
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from coldtrace.webhooks import service, store
from coldtrace.webhooks.deliver import LEASE, claim, deliver
from coldtrace.webhooks.model import RETRY_AFTER, EventType, MessageState, Stopped, WebhookState
from coldtrace.webhooks.refusals import WebhookEventUnusable, WebhookUrlUnusable
from coldtrace.webhooks.send import Outcome, Sender, Trouble
from coldtrace.webhooks.service import NewWebhook
from coldtrace.webhooks.spread import spread
from support.complaints import make_complaint
from support.hook_receiver import Receiver, is_signed_by, receiver
from support.house import install_office
from support.mail_server import make_certificate
from support.road import CARTONS, MARKET, SHOP, STORE, Road

BASE = "https://trace.example.cn"
HERE = frozenset({"127.0.0.1"})
ADMINISTRATOR = Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),))
CASES = (EventType.CASE_OPENED, EventType.CASE_RESOLVED)


def firm_of(road: Road) -> UUID:
    found: UUID = road.session.execute(text("SELECT operator_id FROM site WHERE gln = :g"), {"g": STORE}).scalar_one()
    return found


def hook(road: Road, url: str, *events: EventType, member: Member | None = None) -> tuple[UUID, str]:
    return service.make(
        road.session,
        road.env,
        NewWebhook(
            member=member or Member(role=Role.COLD_STORE, operator_id=firm_of(road)),
            name="ERP",
            url=url,
            events=events or CASES,
            by=ADMINISTRATOR,
            made_by="tests",
        ),
        inside=HERE,
    )


def gap(road: Road, box: str = CARTONS[0]) -> None:
    """Have a box received that nobody had sent: a case."""
    road.done(STORE, T.RECEIVE, box)


def go(road: Road, sender: Sender | None = None) -> list[Outcome]:
    """Spread what happened and deliver what is due once."""

    @contextmanager
    def begin() -> Iterator[Session]:
        yield road.session

    while spread(road.session, road.env, base_url=BASE):
        pass
    due = claim(road.session, now=road.env.clock(), most=100, busy=())
    return [deliver(begin, road.env, sender or Sender(inside=HERE), each) for each in due]


def told(came: Receiver) -> list[tuple[str, dict[str, Any]]]:
    found = [json.loads(each.body) for each in came.came]
    return [(each["type"], each["data"]) for each in found]


def test_a_case_is_told_with_a_signature_over_ids_and_links(road: Road) -> None:
    with receiver() as came:
        _, secret = hook(road, came.url)
        gap(road)
        (outcome,) = go(road)
        assert go(road) == [], "told once"
    assert outcome.is_taken
    (received,) = came.came
    assert is_signed_by(secret, received)
    assert not is_signed_by("whsec_" + "A" * 43 + "=", received)
    case, kind = road.session.execute(text("SELECT case_id, kind FROM case_file")).one()
    said = json.loads(received.body)
    assert said["data"] == {
        "id": str(case),
        "api": f"{BASE}/api/v1/cases/{case}",
        "page": f"{BASE}/desk/cases/{case}",
        "kind": kind,
    }
    assert set(said) == {"type", "timestamp", "data"}
    assert UUID(received.headers["webhook-id"])


def test_nothing_is_written_where_nobody_listens(road: Road) -> None:
    gap(road)
    assert road.session.execute(text("SELECT count(*) FROM webhook_event")).scalar_one() == 0


def test_a_failure_is_tried_again_by_the_schedule_with_the_same_bytes(road: Road) -> None:
    with receiver() as came:
        webhook, secret = hook(road, came.url)
        gap(road)
        came.say(500, 503, 200, body=b"not now")
        waits = []
        for _ in range(3):
            before = road.env.clock()
            assert len(go(road)) == 1
            (message,) = store.messages(road.session, webhook, after=None, limit=9)
            if message.due_at is not None:
                waits.append(message.due_at - before)
                assert go(road) == [], "not before it is due"
                road.clock.forward(waits[-1] + timedelta(seconds=1))
    assert len(came.came) == 3
    assert len({each.body for each in came.came}) == 1
    assert len({each.headers["webhook-id"] for each in came.came}) == 1
    assert len({each.headers["webhook-timestamp"] for each in came.came}) == 3
    assert all(is_signed_by(secret, each) for each in came.came)
    for wait, planned in zip(waits, RETRY_AFTER, strict=False):
        assert planned <= wait <= planned * 1.1 + timedelta(seconds=30)
    kept = store.message(road.session, webhook, message.message_id)
    assert kept is not None
    assert [(each.number, each.status, each.answer) for each in kept[2]] == [
        (3, 200, "not now"),
        (2, 503, "not now"),
        (1, 500, "not now"),
    ]
    assert kept[0].state is MessageState.DELIVERED


def test_after_every_try_the_webhook_is_stopped_and_says_so(road: Road) -> None:
    with receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        came.say(500)
        tries = 0
        while store.found(road.session, EVERYTHING, webhook).state is WebhookState.ACTIVE:  # type: ignore[union-attr]
            tries += len(go(road))
            road.clock.forward(timedelta(days=2))
        assert tries == len(RETRY_AFTER) + 1
        found = store.found(road.session, EVERYTHING, webhook)
        assert found is not None
        assert (found.state, found.stopped, found.failed) == (WebhookState.DISABLED, Stopped.FAILING, 1)
        gap(road, CARTONS[1])
        assert go(road) == [], "what is stopped is told nothing"
        # Resumed, and delivered again: by hand, under the same id.
        came.say(200)
        mine = service.own(road.session, ADMINISTRATOR, EVERYTHING, webhook)
        service.resume(road.session, road.env, mine)
        day = road.env.clock()
        done = service.replay_range(
            road.session, road.env, mine, since=day - timedelta(days=60), until=day, failed_only=True
        )
        assert (done.count, done.next_since) == (1, None)
        assert [each.status for each in go(road)] == [200]
    assert len({each.headers["webhook-id"] for each in came.came}) == 1


def test_gone_stops_at_once(road: Road) -> None:
    with receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        came.say(410)
        go(road)
        found = store.found(road.session, EVERYTHING, webhook)
    assert found is not None
    assert (found.state, found.stopped) == (WebhookState.DISABLED, Stopped.GONE)


def test_for_a_day_after_a_rotation_both_secrets_sign(road: Road) -> None:
    with receiver() as came:
        webhook, old = hook(road, came.url)
        mine = service.own(road.session, ADMINISTRATOR, EVERYTHING, webhook)
        new = service.rotate(road.session, road.env, mine)
        service.test(road.session, road.env, mine, base_url=BASE)
        go(road)
        road.clock.forward(timedelta(hours=25))
        service.test(road.session, road.env, mine, base_url=BASE)
        go(road)
    assert [(is_signed_by(old, each), is_signed_by(new, each)) for each in came.came] == [(True, True), (False, True)]
    kept = road.session.execute(text("SELECT secret, old_secret FROM webhook")).one()
    assert not any(secret[6:] in each for secret in (old, new) for each in kept), "sealed"


def test_a_sender_that_dies_leaves_the_message_to_be_sent_again(road: Road) -> None:
    with receiver() as came:
        hook(road, came.url)
        gap(road)
        while spread(road.session, road.env, base_url=BASE):
            pass
        assert len(claim(road.session, now=road.env.clock(), most=9, busy=())) == 1
        assert go(road) == [], "leased"
        road.clock.forward(LEASE)
        assert len(go(road)) == 1
    assert len(came.came) == 1


# What may be told


def test_only_what_the_role_may_read_is_told(road: Road) -> None:
    """A firm elsewhere, a shop of the firm, the regulator of another district and one of this one."""
    firm = firm_of(road)
    with receiver() as came:
        office = install_office(road.session, road.env).operator_id

        def at(name: str, member: Member, *events: EventType) -> None:
            hook(road, f"{came.url}/{name}", *(events or CASES), member=member)

        at("store", Member(role=Role.COLD_STORE, operator_id=firm, sites=frozenset({STORE})))
        at("shop", Member(role=Role.RETAILER, operator_id=firm, sites=frozenset({SHOP})))
        at("district", Member(role=Role.REGULATOR, operator_id=office, area="120118"))
        at("other", Member(role=Role.REGULATOR, operator_id=office, area="31"))
        at("stranger", Member(role=Role.COLD_STORE, operator_id=office))
        gap(road)
        go(road)
    assert sorted(each.path for each in came.came) == ["/hook/district", "/hook/store"]


def test_an_organisation_that_is_closed_is_told_nothing(road: Road) -> None:
    with receiver() as came:
        hook(road, came.url)
        gap(road)
        road.session.execute(text("UPDATE operator SET closed_at = now()"))
        assert go(road) == []
    assert came.came == []


def test_every_fact_of_the_record_is_told(road: Road) -> None:
    firm = firm_of(road)
    with receiver() as came:
        kinds = [each for each in EventType if each.value.startswith(("voucher.", "hold.", "recall."))]
        hook(road, came.url, *kinds, member=Member(role=Role.COLD_STORE, operator_id=firm))
        box = road.consignment(cartons=1).pallets[0].cartons[0]
        road.done(STORE, T.SHIP, box.unit_id, to=MARKET)
        road.done(MARKET, T.RECEIVE, box.unit_id)
        road.done(MARKET, T.HOLD, box.unit_id)
        for _ in range(4):
            go(road)
    assert sorted(kind for kind, _ in told(came)) == ["hold.announced", "voucher.received", "voucher.sent"]
    assert not any("carton" in str(data) or box.unit_id in str(data) for _, data in told(came)), "ids and links alone"


def test_a_revoked_device_is_told_to_who_keeps_it(road: Road) -> None:
    with receiver() as came:
        hook(road, came.url, EventType.DEVICE_REVOKED)
        key = key_id(road.device(STORE).signer.spki)
        parties.revoke_device(road.session, road.env, key)
        go(road)
    ((kind, data),) = told(came)
    assert (kind, data["id"]) == ("device.revoked", b64(key))


def test_the_rarer_facts_are_told_as_well(road: Road) -> None:
    """Codes that are all drawn, a mismatch, a case that ends, a complaint that an office accepts."""
    firm = firm_of(road)
    with receiver() as came:
        hook(road, came.url, EventType.CONSIGNMENT_CODED, member=Member(role=Role.FIRST_STATION, operator_id=firm))
        hook(road, came.url, EventType.VOUCHER_MISMATCH, EventType.CASE_RESOLVED)
        office = install_office(road.session, road.env).operator_id
        regulator = Member(role=Role.REGULATOR, operator_id=office, area="12")
        hook(road, came.url, EventType.COMPLAINT_ACCEPTED, member=regulator)
        road.consignment(cartons=1)
        case = NewCase(
            kind=CaseKind.QUANTITY_MISMATCH, about="remainder:x", gln=STORE, opened_at=road.env.clock(), detail={}
        )
        open_cases(road.session, [case])
        gap(road, CARTONS[1])
        explain_gone(road.session, "c.case_id = :id", {"id": case.id})
        market = next(site for site in road.sites.values() if site.gln == MARKET)
        complaint = make_complaint(road.session, road.env, market, "accept")
        for _ in range(4):
            go(road)
    run = road.session.execute(text("SELECT run_id FROM code_run")).scalar_one()
    assert sorted((kind, data["id"]) for kind, data in told(came)) == [
        ("case.resolved", str(case.id)),
        ("complaint.accepted", str(complaint)),
        ("consignment.coded", str(run)),
        ("voucher.mismatch", str(case.id)),
    ]


@pytest.mark.parametrize(
    ("event", "role"), [(EventType.COMPLAINT_ACCEPTED, Role.COLD_STORE), (EventType.CASE_OPENED, Role.ADMINISTRATOR)]
)
def test_an_event_that_the_role_may_not_read_is_refused(road: Road, event: EventType, role: Role) -> None:
    with pytest.raises(WebhookEventUnusable):
        hook(road, "https://8.8.8.8/", event, member=Member(role=role, operator_id=firm_of(road)))


def test_nobody_makes_one_of_a_role_that_it_could_not_give(road: Road) -> None:
    firm = firm_of(road)
    shop = Reader(members=(Member(role=Role.RETAILER, operator_id=firm, manages=True),))
    command = NewWebhook(
        member=Member(role=Role.COLD_STORE, operator_id=firm),
        name="x",
        url="https://8.8.8.8/",
        events=CASES,
        by=shop,
        made_by="tests",
    )
    with pytest.raises(GrantRefused):
        service.make(road.session, road.env, command, inside=())


# Where it must not go


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example.cn/hook", "https://10.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/",
        "https://169.254.169.254/latest", "https://user:pw@erp.example.cn/", "https://erp.example.cn/#x", "ftp://x/",
        "https:///x", "https://[::ffff:10.0.0.1]/", "https://erp.example.cn:99999/", "https://erp.example.cn/ x", "x",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(road: Road, url: str) -> None:
    if url == "https://2130706433/":
        # Not an address by its writing; the resolver makes 127.0.0.1 of it, and that is refused when it is called.
        assert Sender().post(url, {}, b"").trouble is Trouble.ADDRESS_REFUSED
        return
    with pytest.raises(WebhookUrlUnusable):
        service.make(
            road.session,
            road.env,
            NewWebhook(
                member=Member(role=Role.COLD_STORE, operator_id=firm_of(road)),
                name="x",
                url=url,
                events=CASES,
                by=ADMINISTRATOR,
                made_by="tests",
            ),
            inside=(),
        )


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let a name resolve to these addresses, one list after the other; return what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *more: Any, **others: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *more, **others)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["169.254.169.254"], ["10.1.2.3"]])
def test_a_name_of_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    resolving(monkeypatch, addresses)
    assert Sender().post("https://rebinding.example/", {}, b"").trouble is Trouble.ADDRESS_REFUSED


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public when it is looked at, 127.0.0.1 a moment later.  It is asked once, and called by number."""
    asked = resolving(monkeypatch, ["192.88.99.7"], ["127.0.0.1"])
    monkeypatch.setattr("coldtrace.webhooks.send.is_public", lambda address: address == "192.88.99.7")
    with receiver() as came:
        port = int(came.url.rsplit(":", 1)[1].split("/")[0])
        outcome = Sender(deadline_s=3).post(f"https://rebinding.example:{port}/hook", {}, b"{}")
    assert asked == ["rebinding.example"]
    assert outcome.trouble in (Trouble.NO_CONNECTION, Trouble.TIMEOUT)
    assert came.came == []


def test_no_redirect_is_followed(road: Road) -> None:
    with receiver() as inside, receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        came.say(307, Location=inside.url)
        (outcome,) = go(road)
        assert (outcome.status, outcome.is_taken) == (307, False)
        found = store.found(road.session, EVERYTHING, webhook)
    assert inside.came == []
    assert found is not None
    assert found.waiting == 1


def test_an_answer_is_read_for_its_first_kilobyte(road: Road) -> None:
    with receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        came.say(400, body=b"<script>\x00\xff" + b"x" * 5_000_000)
        go(road)
        (message,) = store.messages(road.session, webhook, after=None, limit=9)
    assert message.last is not None
    assert message.last.answer.startswith("<script>\ufffd\ufffdxxx")
    assert len(message.last.answer) <= 1024


def test_a_receiver_that_never_ends_its_answer_is_left_in_time() -> None:
    with receiver() as came:
        came.stalls.set()
        outcome = Sender(inside=HERE, deadline_s=1).post(came.url, {}, b"{}")
    assert outcome.trouble is Trouble.TIMEOUT
    assert outcome.took_ms < 30_000


def test_tls_is_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path / "tls")
    resolving(monkeypatch, ["127.0.0.1"])
    with receiver(tls=tmp_path / "tls") as came:
        assert Sender(inside=HERE).post(came.url, {}, b"{}").trouble is Trouble.CERTIFICATE
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Sender(inside=HERE).post(came.url, {}, b"{}").is_taken
        other = came.url.replace("127.0.0.1", "rebinding.example")
        outcome = Sender(inside={"rebinding.example"}).post(other, {}, b"{}")
        assert outcome.trouble is Trouble.CERTIFICATE, "the certificate is 127.0.0.1's"
    assert len(came.came) == 1


def test_no_secret_and_no_address_stands_in_the_log(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver() as came:
        _, secret = hook(road, came.url + "/key-of-somebody")
        gap(road)
        came.say(410)
        go(road)
    assert "stopped" in caplog.text
    assert secret[6:] not in caplog.text
    assert "key-of-somebody" not in caplog.text


def test_what_was_kept_long_enough_goes(road: Road) -> None:
    with receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        go(road)
        gap(road, CARTONS[1])
        while spread(road.session, road.env, base_url=BASE):
            pass
        store.forget(road.session, before=road.env.clock() + timedelta(days=1))
        left = store.messages(road.session, webhook, after=None, limit=9)
    assert [each.state for each in left] == [MessageState.WAITING], "what was not delivered stays"


def test_nothing_leaves_unsigned(road: Road) -> None:
    """The receipt key that sealed the secret may be gone, after a copy was restored elsewhere."""
    with receiver() as came:
        webhook, _ = hook(road, came.url)
        gap(road)
        road.session.execute(text("UPDATE webhook SET secret = overlay(secret PLACING '\\x00' FROM 20)"))
        (outcome,) = go(road)
        assert came.came == []
    assert outcome.trouble is Trouble.NO_SECRET
    (message,) = store.messages(road.session, webhook, after=None, limit=9)
    assert message.state is MessageState.WAITING
