"""Close and reopen organisations, sites and accounts, and take a lost second step away: for the administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties import closing as places
from coldtrace.parties import store as parties_store
from coldtrace.people import closing
from coldtrace.people.grant_refusals import OrganisationUnknown
from coldtrace.people.personal_data import organisations_of
from coldtrace.people.refusals import OwnSecondStep
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, WriteSession, needs

router = APIRouter(prefix="/api/v1")

OrganisationCloser = Annotated[Caller, needs(Kind.ORGANISATION, Verb.WRITE, devices=False, act="close")]
OrganisationOpener = Annotated[Caller, needs(Kind.ORGANISATION, Verb.WRITE, devices=False, act="reopen")]
SiteCloser = Annotated[Caller, needs(Kind.SITE, Verb.WRITE, devices=False, act="close")]
SiteOpener = Annotated[Caller, needs(Kind.SITE, Verb.WRITE, devices=False, act="reopen")]
AccountCloser = Annotated[Caller, needs(Kind.ACCOUNT, Verb.WRITE, devices=False, act="close")]
AccountOpener = Annotated[Caller, needs(Kind.ACCOUNT, Verb.WRITE, devices=False, act="reopen")]
StepRemover = Annotated[Caller, needs(Kind.ACCOUNT, Verb.WRITE, devices=False, act="remove_second_step")]


@router.post(
    "/organisations/{uscc}/close", status_code=204, tags=["organisations"], summary="Close an organisation 关闭单位"
)
def post_close_organisation(uscc: str, session: WriteSession, env: CurrentEnv, caller: OrganisationCloser) -> Response:
    """Close an organisation with its sites: nobody acts for it from the next request on; devices' statements go on."""
    close_organisation(session, env, caller, uscc)
    return Response(status_code=204)


@router.post(
    "/organisations/{uscc}/reopen", status_code=204, tags=["organisations"], summary="Reopen an organisation 恢复单位"
)
def post_reopen_organisation(uscc: str, session: WriteSession, caller: OrganisationOpener) -> Response:
    """Reopen an organisation; its roles and tokens count again, sites closed by themselves stay closed."""
    reopen_organisation(session, caller, uscc)
    return Response(status_code=204)


@router.post("/sites/{gln}/close", status_code=204, tags=["organisations"], summary="Close a site 关闭场所")
def post_close_site(gln: str, session: WriteSession, env: CurrentEnv, caller: SiteCloser) -> Response:
    """Close a site: open invitations end, no new device or code; statements of its devices are still taken."""
    caller.about(places.close_site(session, env, gln))
    return Response(status_code=204)


@router.post("/sites/{gln}/reopen", status_code=204, tags=["organisations"], summary="Reopen a site 恢复场所")
def post_reopen_site(gln: str, session: WriteSession, caller: SiteOpener) -> Response:
    """Reopen a site; invitations that were withdrawn stay so."""
    caller.about(places.reopen_site(session, gln))
    return Response(status_code=204)


@router.post("/people/{person_id}/close", status_code=204, tags=["people"], summary="Close an account 关闭账号")
def post_close_person(person_id: UUID, session: WriteSession, env: CurrentEnv, caller: AccountCloser) -> Response:
    """Close somebody's account: sessions, own tokens and links end at once; roles stay for a reopening."""
    close_person(session, env, caller, person_id)
    return Response(status_code=204)


@router.post("/people/{person_id}/reopen", status_code=204, tags=["people"], summary="Reopen an account 恢复账号")
def post_reopen_person(person_id: UUID, session: WriteSession, caller: AccountOpener) -> Response:
    """Reopen a closed account; the person signs in anew, and tokens that ended stay ended."""
    reopen_person(session, caller, person_id)
    return Response(status_code=204)


@router.delete(
    "/people/{person_id}/second-step", status_code=204, tags=["people"], summary="Remove a second step 移除两步验证"
)
def delete_second_step(
    request: Request, person_id: UUID, session: WriteSession, env: CurrentEnv, caller: StepRemover
) -> Response:
    """Take a lost second step away; the person gets a letter, where letters are sent."""
    remove_second_step(session, env, caller, person_id, by_mail=request.app.state.settings.smtp_url is not None)
    return Response(status_code=204)


def close_organisation(session: Session, env: Env, caller: Caller, uscc: str) -> None:
    """Close an organisation and say so for the journal; raises OrganisationUnknown."""
    operator_id = _organisation(session, uscc)
    places.close_organisation(session, env, operator_id)
    caller.about(operator_id)


def reopen_organisation(session: Session, caller: Caller, uscc: str) -> None:
    """Reopen an organisation and say so for the journal; raises OrganisationUnknown."""
    operator_id = _organisation(session, uscc)
    places.reopen_organisation(session, operator_id)
    caller.about(operator_id)


def close_person(session: Session, env: Env, caller: Caller, person_id: UUID) -> None:
    """Close an account and say so for the journal; raises PersonUnknown and LastAdministrator."""
    closing.close_person(session, env, person_id)
    caller.about(*organisations_of(session, person_id))


def reopen_person(session: Session, caller: Caller, person_id: UUID) -> None:
    """Reopen an account and say so for the journal; raises PersonUnknown."""
    closing.reopen_person(session, person_id)
    caller.about(*organisations_of(session, person_id))


def remove_second_step(session: Session, env: Env, caller: Caller, person_id: UUID, *, by_mail: bool) -> None:
    """Take a second step away and say so for the journal; raises PersonUnknown, NoSecondStep or OwnSecondStep."""
    if person_id == caller.person_id:
        raise OwnSecondStep()
    closing.remove_second_step(session, env, person_id, by_mail=by_mail)
    caller.about(*organisations_of(session, person_id))


def _organisation(session: Session, uscc: str) -> UUID:
    operator = parties_store.operator_of_uscc(session, uscc)
    if operator is None:
        raise OrganisationUnknown(uscc=uscc[:18])
    return operator.operator_id
