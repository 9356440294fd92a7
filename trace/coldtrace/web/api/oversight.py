"""The regulator's figures: coverage, timeliness, well-formedness and flow, and data quality by organisation."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coldtrace.clock import format_utc
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import oversight
from coldtrace.watch.oversight import DAYS_MAX, PAGE_MAX, OfOperator, since_of
from coldtrace.watch.quality_rules import FORMULA, Counts
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs
from coldtrace.web.csv_file import csv_file

router = APIRouter(prefix="/api/v1/oversight", tags=["cases"])

StatementReader = Annotated[Caller, needs(Kind.STATEMENT, Verb.READ, devices=False)]
Exporter = Annotated[Caller, needs(Kind.STATEMENT, Verb.READ, act="export", purpose_required=True, devices=False)]
Days = Annotated[int, Query(ge=1, le=DAYS_MAX)]


@router.get("", summary="Figures of an area 监管概览")
def get_overview(session: ReadSession, env: CurrentEnv, caller: StatementReader, days: Days = 30) -> dict[str, object]:
    """Return coverage, timeliness, well-formedness and the flow of the last 24 hours over the sites one sees.

    The period is whole days in UTC, today the last one.  There is nothing of a person in it.
    """
    now = env.clock()
    since = since_of(now, days)
    consignments = caller.scope_for(Kind.CONSIGNMENT, Verb.READ)
    found = oversight.overview(session, caller.scope, consignments, since=since, until=now)
    return {
        "since": format_utc(since),
        "until": format_utc(now),
        "sites": found.sites,
        "telling": found.telling,
        "consignments": found.consignments,
        "coded": found.coded,
        **counts_json(found.counts),
        "hours": [{"from": format_utc(hour), "statements": told} for hour, told in found.hours],
    }


@router.get("/operators", summary="Data quality by organisation 各单位数据质量")
def get_operators(
    session: ReadSession,
    env: CurrentEnv,
    caller: StatementReader,
    days: Days = 30,
    after: Annotated[str | None, Query(max_length=18)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_MAX,
) -> dict[str, object]:
    """Return the figures of each organisation with a site that one sees, by credit code.

    `formula` says how `quality` is made of them; `next` is the `after` of the following page.
    """
    now = env.clock()
    since = since_of(now, days)
    found = oversight.operators(session, caller.scope, since=since, until=now, after=after, limit=limit)
    caller.told(rows=len(found))
    return {
        "since": format_utc(since),
        "until": format_utc(now),
        "formula": {"zh": FORMULA.zh, "en": FORMULA.en},
        "operators": [operator_json(each) for each in found],
        "next": found[-1].uscc if len(found) == limit else None,
    }


COLUMNS = (
    "uscc", "name_zh", "name_en", "since", "until", "quality", "statements", "within_15_min", "within_24_h",
    "within_72_h", "contradicting", "refused", "sites", "telling", "open_cases",
)  # fmt: skip


@router.get(
    "/operators.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One row for each organisation"}},
    summary="Quality figures as a file 数据质量文件",
)
def get_operators_file(request: Request, caller: Exporter, days: Days = 30) -> Response:
    """Stream the figures of every organisation as CSV.  It is an export: say what for (header `Coldtrace-Purpose`)."""
    return quality_file(request, caller, days)


def quality_file(request: Request, caller: Caller, days: int) -> Response:
    """Return the figures of all organisations that the caller sees, a page of them in memory at a time."""
    now = request.app.state.env.clock()
    with request.app.state.sessions() as session:
        caller.about(*oversight.whose_figures(session, caller.scope))
    return csv_file(request, "data-quality.csv", COLUMNS, _rows(request, caller, since_of(now, days), now))


def _rows(request: Request, caller: Caller, since: datetime, until: datetime) -> Iterator[Sequence[str]]:
    after: str | None = ""
    while after is not None:
        with request.app.state.sessions() as session:
            found = oversight.operators(
                session, caller.scope, since=since, until=until, after=after, limit=oversight.PAGE_MAX
            )
        for each in found:
            told = counts_json(each.counts) | {"quality": "" if each.counts.quality is None else each.counts.quality}
            values = told | {
                "uscc": each.uscc,
                "name_zh": each.name_zh,
                "name_en": each.name_en,
                "since": format_utc(since),
                "until": format_utc(until),
                "sites": each.sites,
                "telling": each.telling,
                "open_cases": each.open_cases,
            }
            yield [str(values[name]) for name in COLUMNS]
        after = found[-1].uscc if len(found) == oversight.PAGE_MAX else None


def counts_json(counts: Counts) -> dict[str, object]:
    """Return counts, and the figure that is made of them."""
    return {
        "statements": counts.statements,
        "within_15_min": counts.within_15_min,
        "within_24_h": counts.within_24_h,
        "within_72_h": counts.within_72_h,
        "contradicting": counts.contradicting,
        "refused": counts.refused,
        "quality": counts.quality,
    }


def operator_json(found: OfOperator) -> dict[str, object]:
    """Return the figures of one organisation."""
    return {
        "uscc": found.uscc,
        "name": {"zh": found.name_zh, "en": found.name_en},
        "sites": found.sites,
        "telling": found.telling,
        "open_cases": found.open_cases,
        **counts_json(found.counts),
    }
