"""Who may read the desk's pages: whoever knows a token, which the browser asks for by itself.

A browser cannot send `Authorization: Bearer` from a link, and people with accounts come later.  So these pages, and
they alone, take HTTP Basic (RFC 7617): any name, the token as the password.  A browser sends it again without being
asked, even for a link on a stranger's page; therefore nothing under `/desk/` changes anything, and no other route
takes Basic.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request

from coldtrace.errors import Refusal
from coldtrace.people import tokens
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller, end_note, noted, recognise, with_right
from coldtrace.web.limits import AnonymousLimit, address_of
from coldtrace.web.refusals import DeskSignInRequired


def desk_reader(request: Request, body: Body) -> Caller:
    """Return whose token it is; raise DeskSignInRequired, at which the browser asks, without a valid one."""
    with request.app.state.sessions() as session:
        token = _basic_token(request.headers.get("authorization", ""))
        try:
            if token is None:
                caller = recognise(request, session, body)
            else:
                production = request.app.state.settings.env == "production"
                holder = tokens.recognise_token(session, request.app.state.env, token, production=production)
                caller = Caller(token=holder, reader=holder.reader)
        except Refusal as refusal:
            if token is not None:  # `recognise` counts its own
                limit: AnonymousLimit = request.app.state.anonymous
                limit.count(address_of(request.scope))
            raise DeskSignInRequired() from refusal
    if caller is None or caller.token is None:
        raise DeskSignInRequired()
    return caller


DeskReader = Annotated[Caller, Depends(desk_reader)]
"""A page with this parameter asks the browser for a token."""


def page_needs(kind: Kind, verb: Verb, *, act: str | None = None) -> Any:
    """Return what a page writes as `Annotated[Caller, page_needs(kind, verb)]`, as `access.needs` is for the API."""

    async def reader_with_right(request: Request, reader: DeskReader) -> AsyncIterator[Caller]:
        yield noted(request, with_right(reader, kind, verb), kind, verb, act=act)
        await end_note(request)

    reader_with_right.right = (kind, verb)  # type: ignore[attr-defined]
    reader_with_right.devices = False  # type: ignore[attr-defined]
    return Depends(reader_with_right, scope="function")


def _basic_token(header: str) -> str | None:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
