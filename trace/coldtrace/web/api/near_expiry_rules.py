"""When goods are near their last day, by city: the rules and adding one."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from coldtrace.custody import city_rules
from coldtrace.custody.city_rules import DAYS_MAX, PAGE_MAX, NearExpiryRule
from coldtrace.env import Env
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.place_lots import today_of
from coldtrace.web.refusals import InvalidRequest

router = APIRouter(prefix="/api/v1/near-expiry-rules", tags=["stock"])
Reader = Annotated[Caller, needs(Kind.POLICY, Verb.READ, devices=False)]
Writer = Annotated[Caller, needs(Kind.POLICY, Verb.WRITE, devices=False)]
_RULE: dict[str, object] = {
    "rule": "12.30.2026-12-01",
    "area": "12",
    "shelf_days_min": 30,
    "days_before": 7,
    "valid_from": "2026-12-01",
    "valid_until": None,
    "confirmed": True,
}


class RuleIn(BodyIn):
    """A rule of an area (the beginning of district codes, GB/T 2260; empty is everywhere); days are local ones."""

    area: str = Field(pattern="^[0-9]{0,6}$", examples=["12"])
    shelf_days_min: int = Field(ge=0, le=DAYS_MAX, examples=[30])
    days_before: int = Field(ge=0, le=DAYS_MAX, examples=[7])
    begins: date
    until: date | None = None
    confirmed: bool = False


@router.get(
    "",
    summary="Rules of near expiry 临期标准",
    responses={200: {"content": {"application/json": {"example": {"rules": [_RULE], "next": None}}}}},
)
def get_rules(
    session: ReadSession,
    caller: Reader,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return every rule, past and planned ones too, by area; `next` is the `after` of the following page.

    Of the areas that a district begins with the longest counts, and of its rules that of the longest shelf life.
    """
    found = rules_behind(session, after, limit)
    caller.told(rows=len(found))
    return {
        "rules": [rule_json(each) for each in found],
        "next": found[-1].id if len(found) == limit else None,
    }


@router.post(
    "",
    status_code=201,
    summary="Add a rule of near expiry 新增临期标准",
    responses={201: {"content": {"application/json": {"example": _RULE}}}},
)
def post_rule(body: RuleIn, session: WriteSession, env: CurrentEnv, caller: Writer) -> dict[str, object]:
    """Put a rule into force from a day on that is not past; it takes the place of the one of its area and shelf life.

    `confirmed`: you compared it with the city's own text.
    """
    return rule_json(add(session, env, caller, body))


def rules_behind(session: Session, after: str | None, limit: int) -> list[NearExpiryRule]:
    """Return a page of rules; raise InvalidRequest for a cursor that is none."""
    try:
        return city_rules.list_rules(session, after=after, limit=limit)
    except ValueError:
        raise InvalidRequest(where="query.after", what="next") from None


def add(session: Session, env: Env, caller: Caller, body: RuleIn) -> NearExpiryRule:
    """Add a rule, for this call and for the desk; raise InvalidRequest for days that do not fit."""
    today = today_of(env)
    asked = NearExpiryRule(
        area=body.area,
        shelf_days_min=body.shelf_days_min,
        days_before=body.days_before,
        valid_from=body.begins,
        valid_until=body.until,
        confirmed=body.confirmed,
    )
    try:
        made = city_rules.add_rule(session, asked, today=today)
    except ValueError:
        raise InvalidRequest(where="begins, until", what=f"{today} <= begins <= until") from None
    caller.named(made.id)
    return made


def rule_json(rule: NearExpiryRule) -> dict[str, object]:
    """Return a rule as the API says it."""
    return {
        "rule": rule.id,
        "area": rule.area,
        "shelf_days_min": rule.shelf_days_min,
        "days_before": rule.days_before,
        "valid_from": rule.valid_from.isoformat(),
        "valid_until": None if rule.valid_until is None else rule.valid_until.isoformat(),
        "confirmed": rule.confirmed,
    }
