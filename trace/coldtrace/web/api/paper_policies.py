"""Which papers a shipment needs: policies in versions that are kept for ever."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.goods import paper_policies
from coldtrace.goods.paper_policies import SCOPE_MAX, NewPolicy
from coldtrace.goods.paper_rules import (
    TITLE_MAX,
    Channel,
    Need,
    NeedLevel,
    PaperKind,
    PaperPolicy,
    PaperState,
    PolicyScope,
    Temperature,
)
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1/paper-policies", tags=["papers"])
PAGE_MAX = 200
Reader = Annotated[Caller, needs(Kind.POLICY, Verb.READ, devices=False)]
Writer = Annotated[Caller, needs(Kind.POLICY, Verb.WRITE, devices=False)]

_POLICY: dict[str, object] = {
    "policy": "0199f3c1-0000-7000-8000-0000000000c1",
    "name": "frozen-meat",
    "version": 2,
    "title_zh": "冷冻肉类",
    "title_en": "Frozen meat",
    "channels": ["general_trade"],
    "origins": ["BR"],
    "hs_chapters": ["02"],
    "temperatures": ["frozen"],
    "needs": [{"kind": "quarantine_certificate", "level": "block", "least": "declared"}],
    "in_force": True,
    "in_force_from": "2026-11-30T16:00:00Z",
    "in_force_until": None,
    "made_by": "person:0199f3c1-0000-7000-8000-0000000000b3",
    "made_at": "2026-11-30T02:10:00Z",
}


class NeedIn(BodyIn):
    """One paper that is asked for: what an out-scan without it comes to, and how far it must be verified."""

    kind: PaperKind
    level: NeedLevel
    least: PaperState = PaperState.DECLARED


class PolicyIn(BodyIn):
    """The next version of the policy of this name.  An empty list is for all; days are local ones."""

    name: str = Field(min_length=1, max_length=40, examples=["frozen-meat"])
    title_zh: str = Field(min_length=1, max_length=TITLE_MAX, examples=["冷冻肉类"])
    title_en: str = Field(min_length=1, max_length=TITLE_MAX, examples=["Frozen meat"])
    channels: list[Channel] = Field(default=[], max_length=len(Channel))
    origins: list[str] = Field(default=[], max_length=SCOPE_MAX, examples=[["BR"]])
    hs_chapters: list[str] = Field(default=[], max_length=SCOPE_MAX, examples=[["02"]])
    temperatures: list[Temperature] = Field(default=[], max_length=len(Temperature))
    needs: list[NeedIn] = Field(min_length=1, max_length=len(PaperKind))
    begins: date
    until: date | None = None


@router.get(
    "",
    summary="Policies of papers 单证规则",
    responses={200: {"content": {"application/json": {"example": {"policies": [_POLICY], "next": None}}}}},
)
def get_policies(
    session: ReadSession,
    env: CurrentEnv,
    caller: Reader,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return every version of every policy, newest first; `next` is the `after` of the following page.

    `in_force` are those that an out-scan is judged by now.
    """
    found = paper_policies.list_policies(session, after=after, limit=limit)
    now = {each.policy_id for each in paper_policies.policies_in_force(session, env.clock())}
    caller.told(rows=len(found))
    return {
        "policies": [policy_json(each, in_force=each.policy_id in now) for each in found],
        "next": str(found[-1].policy_id) if len(found) == limit else None,
    }


@router.post(
    "",
    status_code=201,
    summary="Add a version of a policy 新增单证规则版本",
    responses={201: {"content": {"application/json": {"example": _POLICY}}}},
)
def post_policy(body: PolicyIn, session: WriteSession, env: CurrentEnv, caller: Writer) -> dict[str, object]:
    """Add the next version of a policy; it takes the place of those that began before from its first day on.

    To end a policy, add a version with `until`.  Nothing that left before is judged again.
    """
    made = add(session, env, caller, body)
    return policy_json(made, in_force=made.in_force_from <= env.clock())


def add(session: Session, env: Env, caller: Caller, body: PolicyIn) -> PaperPolicy:
    """Add a version, for this call and for the desk."""
    made = paper_policies.add_policy(
        session,
        env,
        NewPolicy(
            name=body.name,
            title=Words(body.title_zh, body.title_en),
            scope=PolicyScope(
                channels=frozenset(body.channels),
                origins=frozenset(body.origins),
                hs_chapters=frozenset(body.hs_chapters),
                temperatures=frozenset(body.temperatures),
            ),
            needs=[Need(kind=each.kind, level=each.level, least=each.least) for each in body.needs],
            begins=body.begins,
            until=body.until,
        ),
        by=caller.actor,
    )
    caller.named(f"{made.name} {made.version}")
    return made


def policy_json(policy: PaperPolicy, *, in_force: bool) -> dict[str, object]:
    """Return a version as the API says it."""
    scope = policy.scope
    return {
        "policy": str(policy.policy_id),
        "name": policy.name,
        "version": policy.version,
        "title_zh": policy.title.zh,
        "title_en": policy.title.en,
        "channels": sorted(each.value for each in scope.channels),
        "origins": sorted(scope.origins),
        "hs_chapters": sorted(scope.hs_chapters),
        "temperatures": sorted(each.value for each in scope.temperatures),
        "needs": [
            {"kind": each.kind.value, "level": each.level.value, "least": each.least.value} for each in policy.needs
        ],
        "in_force": in_force,
        "in_force_from": format_utc(policy.in_force_from),
        "in_force_until": None if policy.in_force_until is None else format_utc(policy.in_force_until),
        "made_by": policy.made_by,
        "made_at": format_utc(policy.made_at),
    }
