"""The desk's forms that close and reopen, for the administrator; they do what `web/api/closing.py` does."""

from collections.abc import Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.parties import closing as places
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller
from coldtrace.web.api import closing
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk_form import answer, change
from coldtrace.web.pages.desk_people import show_person
from coldtrace.web.pages.desk_places import show_organisations, show_sites

router = APIRouter(include_in_schema=False)
OrganisationCloser = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE, act="close")]
OrganisationOpener = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE, act="reopen")]
SiteCloser = Annotated[Caller, page_needs(Kind.SITE, Verb.WRITE, act="close")]
SiteOpener = Annotated[Caller, page_needs(Kind.SITE, Verb.WRITE, act="reopen")]
AccountCloser = Annotated[Caller, page_needs(Kind.ACCOUNT, Verb.WRITE, act="close")]
AccountOpener = Annotated[Caller, page_needs(Kind.ACCOUNT, Verb.WRITE, act="reopen")]
StepRemover = Annotated[Caller, page_needs(Kind.ACCOUNT, Verb.WRITE, act="remove_second_step")]


@router.post("/desk/organisations/{uscc}/close")
def post_close_organisation(request: Request, uscc: str, caller: OrganisationCloser) -> Response:
    """Close an organisation with its sites."""
    env = request.app.state.env
    return _done(
        request, caller, lambda session: closing.close_organisation(session, env, caller, uscc), show_organisations
    )


@router.post("/desk/organisations/{uscc}/reopen")
def post_reopen_organisation(request: Request, uscc: str, caller: OrganisationOpener) -> Response:
    """Reopen an organisation."""
    return _done(
        request, caller, lambda session: closing.reopen_organisation(session, caller, uscc), show_organisations
    )


@router.post("/desk/sites/{gln}/close")
def post_close_site(request: Request, gln: str, caller: SiteCloser) -> Response:
    """Close a site; its open invitations end."""
    env = request.app.state.env
    return _done(request, caller, lambda session: caller.about(places.close_site(session, env, gln)), show_sites)


@router.post("/desk/sites/{gln}/reopen")
def post_reopen_site(request: Request, gln: str, caller: SiteOpener) -> Response:
    """Reopen a site."""
    return _done(request, caller, lambda session: caller.about(places.reopen_site(session, gln)), show_sites)


@router.post("/desk/people/{person_id}/close")
def post_close_person(request: Request, person_id: UUID, caller: AccountCloser) -> Response:
    """Close somebody's account."""
    env = request.app.state.env
    return _done(
        request,
        caller,
        lambda session: closing.close_person(session, env, caller, person_id),
        partial(show_person, person_id=person_id),
    )


@router.post("/desk/people/{person_id}/reopen")
def post_reopen_person(request: Request, person_id: UUID, caller: AccountOpener) -> Response:
    """Reopen a closed account."""
    return _done(
        request,
        caller,
        lambda session: closing.reopen_person(session, caller, person_id),
        partial(show_person, person_id=person_id),
    )


@router.post("/desk/people/{person_id}/second-step/remove")
def post_remove_second_step(request: Request, person_id: UUID, caller: StepRemover) -> Response:
    """Take a lost second step away and write to the person."""
    state = request.app.state
    by_mail = state.settings.smtp_url is not None
    return _done(
        request,
        caller,
        lambda session: closing.remove_second_step(session, state.env, caller, person_id, by_mail=by_mail),
        partial(show_person, person_id=person_id),
    )


def _done(request: Request, caller: Caller, work: Callable[[Session], None], page: Callable[..., Response]) -> Response:
    return answer(request, caller, change(request, caller, work), page)
