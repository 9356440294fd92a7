"""From facts to messages: each webhook gets those that its role may read, by the rules that stand for everybody."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.goods.run_store import in_scope
from coldtrace.rights.model import Kind, Member, Reader, Role, Scope, Verb
from coldtrace.rights.rules import scope_of
from coldtrace.rights.scopes import Within
from coldtrace.webhooks.model import LINKS, RIGHT_OF, EventType

AT_ONCE = 500


def spread(session: Session, env: Env, *, base_url: str, limit: int = AT_ONCE) -> int:
    """Make the messages of up to `limit` facts and take these off the list; return how many facts there were.

    Several processes may do so at once: each takes other facts.
    """
    events = session.execute(
        text("SELECT * FROM webhook_event ORDER BY event_id LIMIT :limit FOR UPDATE SKIP LOCKED"), {"limit": limit}
    ).all()
    if not events:
        return 0
    bodies = {
        each.event_id: body_of(EventType(each.type), each.about, each.detail, each.at, base_url) for each in events
    }
    now = env.clock()
    for hook in _wanting(session, {each.type for each in events}):
        mine = _readable(session, hook, events)
        if mine:
            session.execute(
                text(
                    "INSERT INTO webhook_message (message_id, webhook_id, event_id, type, about, body, made_at, state,"
                    " due_at) SELECT v.id, :hook, v.event_id, v.type, v.about, v.body, :now, 'waiting', :now FROM"
                    " unnest(CAST(:ids AS uuid[]), CAST(:events AS bigint[]), CAST(:types AS text[]),"
                    " CAST(:abouts AS text[]), CAST(:bodies AS text[])) AS v(id, event_id, type, about, body)"
                ),
                {
                    "hook": hook.webhook_id,
                    "now": now,
                    "ids": [env.new_id() for _ in mine],
                    "events": [each.event_id for each in mine],
                    "types": [each.type for each in mine],
                    "abouts": [each.about for each in mine],
                    "bodies": [bodies[each.event_id] for each in mine],
                },
            )
    session.execute(
        text("DELETE FROM webhook_event WHERE event_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": [each.event_id for each in events]},
    )
    return len(events)


def body_of(type: EventType, about: str, detail: str | None, at: datetime, base_url: str) -> str:
    """Return what is sent: ids and links, nothing of anybody; what else there is one reads where the links lead."""
    data: dict[str, object] = {}
    if type in LINKS:
        api, page = LINKS[type]
        data = {"id": about, "api": base_url + api.format(id=about)}
        if page is not None:
            data["page"] = base_url + page.format(id=about)
    if detail is not None:
        data["kind"] = detail
    return json.dumps({"type": type.value, "timestamp": format_utc(at), "data": data})


def _wanting(session: Session, types: Collection[str]) -> Sequence[Row[Any]]:
    """Return the webhooks in use that want one of these types, of organisations that are not closed."""
    return session.execute(
        text(
            "SELECT w.* FROM webhook w JOIN operator o USING (operator_id) WHERE w.state = 'active'"
            " AND w.events && CAST(:types AS text[]) AND (o.closed_at IS NULL OR w.role = 'administrator')"
            " ORDER BY w.webhook_id FOR SHARE OF w"
        ),
        {"types": sorted(types)},
    ).all()


def _readable(session: Session, hook: Row[Any], events: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the facts that a webhook wants and whose things its role may read now."""
    wanted = [each for each in events if each.type in hook.events]
    reader = Reader(members=(member_of(hook),))
    mine: set[int] = set()
    for kind, condition in _CONDITIONS.items():
        ids = [each.event_id for each in wanted if RIGHT_OF[EventType(each.type)] is kind]
        scope = scope_of(reader, kind, Verb.READ)
        if ids and not scope.is_empty:
            mine |= _seen(session, ids, scope, condition)
    return [each for each in wanted if each.event_id in mine]


def member_of(hook: Row[Any]) -> Member:
    """Return the role that a webhook reads with."""
    return Member(
        role=Role(hook.role),
        operator_id=hook.operator_id,
        sites=None if hook.sites is None else frozenset(hook.sites),
        area=hook.area,
    )


def _seen(session: Session, ids: Sequence[int], scope: Scope, condition: Callable[[Within], str]) -> set[int]:
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            f"SELECT e.event_id FROM webhook_event e WHERE e.event_id = ANY(CAST(:ids AS bigint[]))"
            f" AND {condition(within)}"
        ),
        {"ids": list(ids), **within.values},
    )
    return set(rows.scalars())


def _case(within: Within) -> str:
    mine = f"({within.organisation('p.operator_id')} OR {within.site('p.gln')} OR p.gln IS NULL AND"
    return (
        "EXISTS (SELECT 1 FROM case_party p WHERE p.case_id = CAST(e.about AS uuid)"
        f" AND {mine} {within.whole_country()}))"
    )


def _statement(within: Within) -> str:
    return (
        "EXISTS (SELECT 1 FROM statement s WHERE s.entry_id = CAST(e.about AS uuid)"
        f" AND {within.statement(Kind.STATEMENT, 's')})"
    )


def _run(within: Within) -> str:
    return (
        "EXISTS (SELECT 1 FROM code_run r LEFT JOIN consignment c USING (consignment_id)"
        f" WHERE r.run_id = CAST(e.about AS uuid) AND {in_scope(within)})"
    )


def _complaint(within: Within) -> str:
    if within.scope.everything:
        return "TRUE"
    return (
        "EXISTS (SELECT 1 FROM complaint c WHERE c.complaint_id = CAST(e.about AS uuid)"
        " AND c.district ^@ ANY(CAST(:scope_areas AS text[])))"
    )


def _device(within: Within) -> str:
    key = "decode(translate(e.about, '-_', '+/') || '=', 'base64')"  # 32 bytes: one sign of padding
    return f"EXISTS (SELECT 1 FROM device d WHERE d.key_id = {key} AND {within.site('d.gln')})"


_CONDITIONS: dict[Kind, Callable[[Within], str]] = {
    Kind.CASE: _case,
    Kind.STATEMENT: _statement,
    Kind.RUN: _run,
    Kind.COMPLAINT: _complaint,
    Kind.DEVICE: _device,
}
"""By the kind of thing that fact `e` is about: the condition that it is in the scope, as its own list has it."""
