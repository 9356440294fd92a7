"""Organisations and sites: the directory, and its administration."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.parties import directory
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.directory import ListedSite, Organisation
from coldtrace.parties.model import Site, SiteRole
from coldtrace.parties.provinces import province_of
from coldtrace.people.grant_refusals import OrganisationUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1", tags=["organisations"])
PAGE_MAX = 200

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Uscc = Annotated[str | None, Query(max_length=18)]


class OrganisationIn(BodyIn):
    """A legal person, by its unified social credit code."""

    uscc: str = Field(max_length=18, examples=["91120116MA05TE5T1N"])
    name_zh: Name
    name_en: Name


class SiteIn(BodyIn):
    """One place of an organisation; a stall names the market that it stands in."""

    gln: str = Field(max_length=13)
    organisation: str = Field(max_length=18)
    name_zh: Name
    name_en: Name
    role: SiteRole
    district: str = Field(max_length=6)
    market: str | None = Field(default=None, max_length=13)


@router.get("/organisations", summary="Organisations 单位清单")
def get_organisations(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.ORGANISATION, Verb.READ, devices=False)],
    after: Uscc = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return organisations by credit code; `next` is the `after` of the following page."""
    found = directory.organisations(session, scope=caller.scope, after=after, limit=limit)
    caller.about(*(each.operator_id for each in found))
    return {
        "organisations": [organisation_json(each) for each in found],
        "next": found[-1].uscc if len(found) == limit else None,
    }


@router.post("/organisations", status_code=201, summary="Register an organisation 登记单位")
def post_organisation(
    body: OrganisationIn,
    session: WriteSession,
    env: CurrentEnv,
    caller: Annotated[Caller, needs(Kind.ORGANISATION, Verb.WRITE, devices=False)],
) -> dict[str, object]:
    """Register a legal person; one that is registered already is returned as it is."""
    city = province_of(body.uscc)
    operator = parties.register_operator(
        session, env, uscc=body.uscc, name_zh=body.name_zh, name_en=body.name_en, city_zh=city.zh, city_en=city.en
    )
    caller.about(operator.operator_id)
    (kept,) = directory.organisations(session, scope=caller.scope, limit=1, uscc=operator.uscc)
    return organisation_json(kept)


@router.get("/sites", summary="Sites 场所清单")
def get_sites(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.SITE, Verb.READ)],
    after: Annotated[str | None, Query(max_length=13)] = None,
    limit: Limit = 50,
    organisation: Uscc = None,
) -> dict[str, object]:
    """Return registered places by GLN: the directory, in which a shipper finds any receiver."""
    found = directory.sites(session, scope=caller.scope, after=after, limit=limit, uscc=organisation)
    return {"sites": [site_json(each) for each in found], "next": found[-1].gln if len(found) == limit else None}


@router.post("/sites", status_code=201, summary="Register a site 登记场所")
def post_site(
    body: SiteIn,
    session: WriteSession,
    env: CurrentEnv,
    caller: Annotated[Caller, needs(Kind.SITE, Verb.WRITE, devices=False)],
) -> dict[str, object]:
    """Register a place; the same facts again change nothing, others under a known GLN are refused."""
    site = register_site(session, env, body)
    caller.about(site.operator_id)
    return site_json(site)


def register_site(session: Session, env: Env, body: SiteIn) -> Site:
    """Register a place of a registered organisation; raises OrganisationUnknown and what `register_site` does."""
    operator = parties_store.operator_of_uscc(session, body.organisation)
    if operator is None:
        raise OrganisationUnknown(uscc=body.organisation)
    return parties.register_site(
        session,
        env,
        parties.RegisterSite(
            gln=body.gln,
            operator=operator,
            name_zh=body.name_zh,
            name_en=body.name_en,
            role=body.role,
            district=body.district,
            market_gln=body.market,
        ),
    )


def organisation_json(each: Organisation) -> dict[str, object]:
    """Return an organisation as the API shows it."""
    return {
        "uscc": each.uscc,
        "name_zh": each.name_zh,
        "name_en": each.name_en,
        "city_zh": each.city_zh,
        "city_en": each.city_en,
        "sites": each.sites,
        "closed_at": None if each.closed_at is None else format_utc(each.closed_at),
    }


def site_json(each: Site) -> dict[str, object]:
    """Return a site as the API shows it; one that was registered just now is open."""
    closed_at = each.closed_at if isinstance(each, ListedSite) else None
    return {
        "gln": each.gln,
        "name_zh": each.name_zh,
        "name_en": each.name_en,
        "role": each.role.value,
        "district": each.district,
        "market": each.market_gln,
        "closed_at": None if closed_at is None else format_utc(closed_at),
    }
