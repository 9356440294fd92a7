"""Who may read the desk's pages: whoever knows a token, which the browser asks for by itself.

A browser cannot send `Authorization: Bearer` from a link, and people with accounts come later.  So these pages, and
they alone, take HTTP Basic (RFC 7617): any name, the token as the password.  A browser sends it again without being
asked, even for a link on a stranger's page; therefore nothing under `/desk/` changes anything, and no other route
takes Basic.
"""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Request

from coldtrace.errors import Refusal
from coldtrace.people import tokens
from coldtrace.web.access import Body, Caller, recognise
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


def _basic_token(header: str) -> str | None:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
