"""Who is at a page: a person with a session, known by a cookie; and that a form was sent by our own page.

A page names its right as routes of the API do: `caller: Annotated[Caller, page_needs(Kind.RUN, Verb.READ)]`, or asks
only for somebody (`SignedIn`).  Pages take the cookie alone and the API takes none, so a stranger's page can make a
browser do nothing here: the cookie is SameSite=Lax, forms carry a token that follows from the session's secret, and a
request that says it comes from elsewhere (`Origin`, `Sec-Fetch-Site`) is refused.
"""

import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response

from coldtrace.people.known_browsers import LIFE as KNOWN_LIFE
from coldtrace.people.members import reader_of_person
from coldtrace.people.model import Person
from coldtrace.people.sessions import LIFE, person_of_session, purpose_of_session, touch_session
from coldtrace.rights.model import Kind, Verb
from coldtrace.rights.rules import sees_by_area
from coldtrace.seal.b64 import b64
from coldtrace.web.access import Body, Caller, end_note, noted, with_right
from coldtrace.web.form_parts import FormParts, is_multipart, read_form_parts
from coldtrace.web.limits import SESSION_COOKIES, AnonymousLimit, address_of
from coldtrace.web.refusals import FormRefused, InsecureSignIn, MalformedForm, SignInRequired

PRE_LIFE_S = 3600
FIELDS_MAX = 200


def is_secure(request: Request) -> bool:
    """Tell whether the browser speaks TLS, to us or to the proxy before us (uvicorn reads its headers)."""
    return request.url.scheme == "https"


def require_secure(request: Request) -> None:
    """Raise InsecureSignIn where a password would travel in clear in production."""
    if request.app.state.settings.env == "production" and not is_secure(request):
        raise InsecureSignIn()


def cookie_name(request: Request) -> str:
    """Return the session cookie's name."""
    return SESSION_COOKIES[is_secure(request)]


def set_session(request: Request, response: Response, secret: str) -> None:
    """Give the browser its session, and take what the sign-in form needed."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(LIFE.total_seconds()),
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    response.delete_cookie(_pre_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")


def known_browser(request: Request) -> str:
    """Return the cookie of a browser that signed in before, whatever it is worth; empty without one."""
    return request.cookies.get(_known_name(request), "")


def set_known_browser(request: Request, response: Response, kept: str) -> None:
    """Let the browser pass waits that strangers make; it stays when the session ends."""
    response.set_cookie(
        _known_name(request),
        kept,
        max_age=int(KNOWN_LIFE.total_seconds()),
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the session's cookie away."""
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")


def secret_of(request: Request) -> str | None:
    """Return the secret in the session's cookie, whatever it is worth."""
    return request.cookies.get(cookie_name(request))


def signed_in_person(request: Request, *, uses: bool = True) -> Person | None:
    """Return who is signed in, None when nobody is; a cookie that is worth nothing counts as a visitor's request.

    What no person does (`uses` false) leaves the session as old as it is.
    """
    secret = secret_of(request)
    if secret is None:
        return None
    state = request.app.state
    with state.sessions.begin() as session:
        person = person_of_session(session, state.env, secret, production=state.settings.env == "production")
        if person is not None:
            request.state.purpose = purpose_of_session(session, secret)
            if uses:
                touch_session(session, state.env, secret)
    if person is None:
        limit: AnonymousLimit = state.anonymous
        limit.count(address_of(request.scope))
    return person


def signed_in(request: Request, body: Body) -> Caller:
    """Return the person at the page; raise SignInRequired, which leads to the form, when nobody is signed in."""
    person = signed_in_person(request)
    if person is None:
        raise SignInRequired(next=_here(request) if request.method == "GET" else "/desk")
    if request.method != "GET":
        require_own_form(request, body, token=csrf_of(request))
    request.state.person = person
    state = request.app.state
    with state.sessions() as session:
        return Caller(person_id=person.person_id, reader=reader_of_person(session, person.person_id))


SignedIn = Annotated[Caller, Depends(signed_in)]
"""A page with this parameter is for people who are signed in, whatever their roles."""


def watching(request: Request) -> None:
    """Raise SignInRequired where nobody is signed in.  Asking so is no use of the session: a script asks again by
    itself, and a page that was left open must not keep anybody signed in.
    """
    if signed_in_person(request, uses=False) is None:
        raise SignInRequired(next="/desk")


def page_needs(kind: Kind, verb: Verb, *, act: str | None = None, purpose_required: bool = False) -> Any:
    """Return what a page writes as `Annotated[Caller, page_needs(kind, verb)]`, as `access.needs` is for the API."""

    async def person_with_right(request: Request, caller: SignedIn) -> AsyncIterator[Caller]:
        # A form answers with its page, and so shows what the page shows.
        asked = purpose_required or sees_by_area(caller.reader, kind, Verb.READ)
        yield noted(request, with_right(caller, kind, verb), kind, verb, act=act, purpose_required=asked)
        await end_note(request)

    person_with_right.right = (kind, verb)  # type: ignore[attr-defined]
    person_with_right.devices = False  # type: ignore[attr-defined]
    return Depends(person_with_right, scope="function")


def csrf_of(request: Request) -> str:
    """Return the token that forms of this session carry."""
    return csrf_token(secret_of(request) or "")


def csrf_token(secret: str) -> str:
    """Return the token that forms of the session with this secret carry."""
    return _token(secret, b"form of a session")


def pre_session(request: Request) -> tuple[str, str]:
    """Return the secret and the form token of a visitor who is not signed in yet, of its cookie or new."""
    secret: str | None = request.cookies.get(_pre_name(request)) or getattr(request.state, "visitor", None)
    if secret is None:
        secret = request.state.visitor = b64(request.app.state.env.random(24))
    return secret, _token(secret, b"form of a visitor")


def set_pre_session(request: Request, response: Response, secret: str) -> None:
    """Give a visitor the cookie that belongs to the form."""
    response.set_cookie(
        _pre_name(request),
        secret,
        max_age=PRE_LIFE_S,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def require_visitors_form(request: Request, body: bytes) -> dict[str, str]:
    """Return the fields of a form that a visitor sent from our own page; raise FormRefused."""
    secret = request.cookies.get(_pre_name(request))
    if secret is None:
        raise FormRefused()
    return require_own_form(request, body, token=_token(secret, b"form of a visitor"))


def require_own_form(request: Request, body: bytes, *, token: str) -> dict[str, str]:
    """Return the fields of a form with this token that no other site sent; raise FormRefused."""
    fields = form_fields(request, body)
    if not hmac.compare_digest(fields.pop("csrf", "").encode(), token.encode()) or is_from_elsewhere(request):
        raise FormRefused()
    return fields


def is_from_elsewhere(request: Request) -> bool:
    """Tell whether the browser says that another site made it send this.

    Browsers of today say `Sec-Fetch-Site`, and then that decides.  Older ones say `Origin`; pages that tell no
    referrer, as ours, make it "null" even for their own forms (Fetch, "append a request Origin header"), so "null" says
    nothing and the token decides alone.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    try:
        return origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host", "")
    except ValueError:
        return True


def form_fields(request: Request, body: bytes) -> dict[str, str]:
    """Return the fields of a form, the last of a name, without its files; raise MalformedForm."""
    if is_multipart(request.headers.get("content-type", "")):
        return dict(form_parts(request, body).fields)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise MalformedForm()
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError:
        raise MalformedForm() from None


def form_parts(request: Request, body: bytes) -> FormParts:
    """Return the fields and files of a form that carries files, read once; raise MalformedForm for any other."""
    kept: FormParts | None = getattr(request.state, "form_parts", None)
    if kept is None:
        kind = request.headers.get("content-type", "")
        if not is_multipart(kind):
            raise MalformedForm()
        kept = request.state.form_parts = read_form_parts(kind, body)
    return kept


def own_path(next: str) -> str:
    """Return a path of ours to go to after the sign-in; anything else leads to the desk.

    >>> own_path("/desk/runs?after=x"), own_path("//evil.example"), own_path("https://evil.example")
    ('/desk/runs?after=x', '/desk', '/desk')
    """
    try:
        parts = urlsplit(next)
    except ValueError:
        return "/desk"
    safe = next.startswith("/") and not next.startswith(("//", "/\\")) and next.isascii() and next.isprintable()
    return next if safe and not parts.scheme and not parts.netloc and "\\" not in next else "/desk"


def sign_in_address(next: str) -> str:
    """Return the address of the sign-in form that leads on to a path."""
    return f"/sign-in?next={quote(next, safe='')}"


def _token(secret: str, use: bytes) -> str:
    return b64(hmac.new(secret.encode(), b"coldtrace " + use, sha256).digest())


def _pre_name(request: Request) -> str:
    return "__Host-coldtrace-visitor" if is_secure(request) else "coldtrace-visitor"


def _known_name(request: Request) -> str:
    return "__Host-coldtrace-known" if is_secure(request) else "coldtrace-known"


def _here(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return request.url.path + (f"?{query}" if query else "")
