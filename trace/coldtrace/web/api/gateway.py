"""Gateway statements: a site's own system says what happened in plain facts, and the platform signs it for the site.

PUT  /api/v1/sites/{gln}/gateway   open a site's gateway (whoever manages the site)
POST /api/v1/gateway/statements   say something through it (a token of the organisation)
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, cast

import psycopg
from fastapi import APIRouter, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, StrictBool, StrictInt, StrictStr, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.codes.gln import parse_gln
from coldtrace.codes.refusals import MalformedNumber
from coldtrace.custody import gateway as custody
from coldtrace.custody.gateway import Plain, has_whole_minutes
from coldtrace.custody.refusals import FactMalformed
from coldtrace.custody.service import Result
from coldtrace.env import Env
from coldtrace.errors import Lang, Refusal
from coldtrace.events.canonical import JsonValue
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType
from coldtrace.events.unit_id import MalformedUnitId, parse_unit_id
from coldtrace.events.units_piece import QUANTITY_MAX, Line
from coldtrace.parties import store as parties
from coldtrace.parties.gateways import OpenGateway, lock_gateway, open_gateway
from coldtrace.parties.model import Site
from coldtrace.parties.refusals import GatewayClosed, SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.web.access import Begin, Caller, CallerLang, CurrentEnv, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.statements import CHECKED_MAX, as_json, told_of, wait_briefly, without_goods
from coldtrace.web.database_trouble import attempts, is_lock_timeout, is_race
from coldtrace.web.invalid import JSON, invalid_request
from coldtrace.web.refusals import NotReady, TooManyItems

router = APIRouter(prefix="/api/v1", tags=["gateway"])

STATEMENTS_MAX = 1000
YEARS = (2000, 2199)
ATTEMPTS = 4

Opener = Annotated[Caller, needs(Kind.DEVICE, Verb.WRITE, devices=False, act="open")]
System = Annotated[Caller, needs(Kind.GATEWAY, Verb.WRITE, devices=False, act="say")]
Scalar = StrictStr | StrictInt | StrictBool | None
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class LineIn(BaseModel):
    """One unit, and how many of it."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["unit", "parent", "child", "input", "output"] = "unit"
    unit: StrictStr = Field(max_length=400, examples=["(00)395212340000000014"])
    parent: StrictStr | None = Field(default=None, max_length=400)
    quantity: StrictInt = Field(default=1, ge=0, le=QUANTITY_MAX)
    attributes: dict[Name, Scalar] = Field(default_factory=dict, max_length=16)


class CorrectsIn(BaseModel):
    """The statement that this one corrects, by the hash of its header."""

    model_config = ConfigDict(extra="forbid")
    header: StrictStr = Field(max_length=43)
    mode: Literal["did_not_occur", "incorrect_data"]


class PlainIn(BaseModel):
    """What happened: `ref` is the caller's own number for it, `at` a time with its offset."""

    model_config = ConfigDict(extra="forbid")
    ref: StrictStr = Field(min_length=1, max_length=64, pattern=r"^[!-~]+$", examples=["WMS-20261128-000017"])
    type: StatementType
    at: StrictStr = Field(max_length=40, examples=["2026-11-23T12:03:00+08:00"])
    lines: list[LineIn] = Field(default_factory=list, max_length=5000)
    fields: dict[Name, Scalar | list[Scalar]] = Field(default_factory=dict, max_length=200)
    cold: Literal["ok", "breach", "unknown"] = "unknown"
    facts: StrictStr | None = Field(default=None, max_length=43)
    corrects: CorrectsIn | None = None


class StatementsIn(BodyIn):
    """Statements of one site; each is read by itself, so that a wrong one stops no other."""

    site: str = Field(max_length=13)
    statements: list[Annotated[PlainIn, SkipValidation]] = Field(min_length=1)


@router.put("/sites/{gln}/gateway", summary="Open a gateway 开通网关")
def put_gateway(
    gln: Annotated[str, Path(max_length=13)], session: WriteSession, env: CurrentEnv, caller: Opener
) -> dict[str, object]:
    """Let a site's own system speak: the installation makes a key for it and certifies it, for all to see in the log.

    One that is open stays as it is.  It is closed like any device, by revoking its key; opened again it has a new one.
    """
    site = _site(session, gln, caller, Kind.DEVICE)
    device = open_gateway(session, env, site, made_by=caller.actor)
    caller.at([site.gln])
    return {
        "site": site.gln,
        "key": b64(device.key_id),
        "operations": list(device.operations),
        "opened_at": format_utc(device.enrolled_at),
    }


@router.post("/gateway/statements", status_code=202, summary="State plain facts 网关记录")
def post_statements(
    body: StatementsIn,
    begin: Begin,
    env: CurrentEnv,
    caller: System,
    lang: CallerLang,
    dry_run: Annotated[bool, Query(description="say what would become of it, and keep nothing")] = False,
) -> JSONResponse:
    """Make statements of plain facts, signed by the site's gateway and marked `by` "gateway".

    Up to 1000 at once; an answer for each, in order.  The same words under the same `ref` are a `repeat` with the first
    receipt, other words under it are refused (`ref_conflict`).  What is wrong with one stops no other.  With
    `dry_run` nothing is kept and nothing has a receipt: the answer says what would be, for up to 100, of goods that the
    caller may see; it waits for scans of the same goods a second at most (503 `not_ready`: ask again).
    """
    limit = CHECKED_MAX if dry_run else STATEMENTS_MAX
    if len(body.statements) > limit:
        raise TooManyItems(limit=limit, got=len(body.statements))
    sent = cast("list[object]", body.statements)
    plain = [_read(each, lang) for each in sent]
    results = say(begin, env, caller, body.site, plain, dry_run=dry_run)
    return JSONResponse(
        {"results": [{"ref": _ref(each)} | as_json(result, lang) for each, result in zip(sent, results, strict=True)]},
        202,
    )


def say(
    begin: Begin, env: Env, caller: Caller, gln: str, plain: list[Plain | Refusal], *, dry_run: bool
) -> list[Result]:
    """Say plain facts for a site and commit, for this call and for pages.

    It is told again after a race, as `/api/v1/statements` does.
    """
    for _ in attempts(env, ATTEMPTS):
        try:
            with begin() as session:
                site = _site(session, gln, caller, Kind.GATEWAY)
                if dry_run:
                    wait_briefly(session)
                tried = session.begin_nested()
                results = custody.say(session, env, site, _gateway(session, env, site), plain)
                if dry_run:
                    tried.rollback()
                    results = _told_of(session, caller, plain, results)
                caller.named(site.gln)
                caller.at([site.gln])
                kept = () if dry_run else results
                caller.told(statements=sum(result.status in ("accepted", "blocked") for result in kept))
                caller.keep(session)
            return results
        except (SQLAlchemyError, psycopg.Error) as error:
            if dry_run and isinstance(error, SQLAlchemyError) and is_lock_timeout(error):
                raise NotReady() from error
            if not is_race(error):
                raise
            caller.keep_again()
    raise NotReady()


def _told_of(
    session: Session, caller: Caller, plain: Sequence[Plain | Refusal], results: Sequence[Result]
) -> list[Result]:
    """Return what a trial may say, as `/statements/check` does: of goods that the caller may see."""
    scope = replace(caller.scope_for(Kind.UNIT, Verb.READ), areas=frozenset())
    named = [set() if isinstance(one, Refusal) else _named(one) for one in plain]
    shown = told_of(named, session, scope)
    return [
        replace(each if seen else without_goods(each), id=None, receipt=None)
        for each, seen in zip(results, shown, strict=True)
    ]


def _named(one: Plain) -> set[str]:
    if one.type is StatementType.COMMISSION:
        return set()
    return {name for line in one.lines for name in (line.unit, line.parent) if name}


def _gateway(session: Session, env: Env, site: Site) -> OpenGateway | GatewayClosed:
    try:
        return lock_gateway(session, env, site)
    except GatewayClosed as closed:
        return closed


def _site(session: Session, gln: str, caller: Caller, kind: Kind) -> Site:
    site = parties.site_in(session, parse_gln(gln), caller.scope, kind)
    if site is None:
        raise SiteUnknown(gln=gln)
    return site


def _ref(sent: object) -> str | None:
    ref = sent.get("ref") if isinstance(sent, dict) else None
    return ref[:64] if isinstance(ref, str) else None


def _read(sent: object, lang: Lang) -> Plain | Refusal:
    """Return the facts of one statement, or why they cannot be read."""
    try:
        one = PlainIn.model_validate(sent)
    except ValidationError as error:
        return invalid_request(RequestValidationError(error.errors()), lang, JSON)
    try:
        at = datetime.fromisoformat(one.at)
    except ValueError:
        return FactMalformed(where=f'at: "{one.at}" (2026-11-23T12:03:00+08:00)')
    if not has_whole_minutes(at):
        return FactMalformed(where=f'at: "{one.at}", an offset such as +08:00')
    if not YEARS[0] <= at.year <= YEARS[1]:
        return FactMalformed(where=f'at: "{one.at}", a year from {YEARS[0]} to {YEARS[1]}')
    odd = _odd_unit(one) or _odd_receiver(one)
    if odd is not None:
        return FactMalformed(where=odd)
    try:
        facts = None if one.facts is None else unb64(one.facts)
        corrects = None if one.corrects is None else _corrects(one.corrects)
    except MalformedBase64:
        return FactMalformed(where="facts, corrects: base64url, 43")
    return Plain(
        ref=one.ref,
        type=one.type,
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        lines=[Line(each.role, each.unit, each.parent, each.quantity, each.attributes) for each in one.lines],
        fields=cast("dict[str, JsonValue]", one.fields),
        cold=one.cold,
        facts=facts,
        corrects=corrects,
    )


def _odd_unit(one: PlainIn) -> str | None:
    """Return which unit of which line is none, the first counted as 1."""
    for number, line in enumerate(one.lines, 1):
        named = {"unit": line.unit} | ({} if line.parent is None else {"parent": line.parent})
        for name, unit in named.items():
            try:
                parse_unit_id(unit)
            except MalformedUnitId:
                return f'lines {number}, {name}: "{unit[:60]}"'
    return None


def _odd_receiver(one: PlainIn) -> str | None:
    """Return what is no GLN where one is asked for; a receiver without one is named in `to_name`."""
    for name in ("to", "from"):
        value = one.fields.get(name)
        if value is None:
            continue
        try:
            parse_gln(value if isinstance(value, str) else "")
        except MalformedNumber:
            return f'fields.{name}: "{str(value)[:60]}", a GLN of 13 digits (fields.to_name)'
    return None


def _corrects(one: CorrectsIn) -> Corrects:
    return Corrects(header=unb64(one.header), mode=CorrectionMode(one.mode))
