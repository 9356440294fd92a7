"""Signing in and out, one-time links, a forgotten password.  Pages without scripts, for anybody.

Whatever is wrong about e-mail and password, the answer, its status and its work are the same; a forgotten password
gets the same answer for every address.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.events.enrolment import token_hash
from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.people import sign_in
from coldtrace.people.demo import DEMO_PASSWORD, demo_people
from coldtrace.people.known_browsers import remember
from coldtrace.people.model import Person
from coldtrace.people.persons import (
    LinkPurpose,
    choose_password,
    person_of_link,
)
from coldtrace.people.refusals import CodeWanted, SignInRefused
from coldtrace.people.sessions import end_session
from coldtrace.people.tables import PersonRow
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind
from coldtrace.web.access import Body
from coldtrace.web.demo_world import DemoWorld
from coldtrace.web.limits import address_of
from coldtrace.web.page_session import (
    SignedIn,
    drop_session,
    known_browser,
    own_path,
    pre_session,
    require_secure,
    require_visitors_form,
    secret_of,
    set_known_browser,
    set_pre_session,
    set_session,
    sign_in_address,
    signed_in_person,
)
from coldtrace.web.pages.sheet import Choice, Field, Form, Section, SheetView
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.problems import status_of

router = APIRouter(include_in_schema=False)
TEMPLATE = "people/sheet.html"
T = TypeVar("T")

EMAIL = Words("邮箱", "E-mail")
PASSWORD = Words("密码", "Password")
CODE = Words("动态码（启用两步验证时填写）", "Code (if you use two steps)")
NEW_PASSWORD = Words("新密码", "New password")
AGAIN = Words("再输入一次", "Once more")
PASSWORD_HELP = Words(
    "10–200 个字符。三四个不相干的词连起来既好记又安全。",
    "10 to 200 characters. Three or four unrelated words are easy to keep and hard to guess.",
)
CHOSEN = Words("密码已设置，请用它登录。", "The password is set. Sign in with it.")
DIFFERS = Words("两次输入的密码不一致。", "The two passwords differ.")


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/desk", chosen: str = "") -> Response:
    """Show the form; whoever is signed in goes on at once.  With `chosen` a password was set just now."""
    if signed_in_person(request) is not None:
        return RedirectResponse(own_path(next), 303)
    view = _sign_in_view(request, next=own_path(next))
    return _visitor_page(request, replace(view, notice=CHOSEN) if chosen else view)


@router.post("/sign-in")
def post_sign_in(request: Request, body: Body) -> Response:
    """Begin a session, or say in one way that it did not work."""
    require_secure(request)
    fields = require_visitors_form(request, body)
    state = request.app.state
    email, password, next = fields.get("email", ""), fields.get("password", ""), own_path(fields.get("next", ""))
    production = state.settings.env == "production"
    with state.sessions() as session:
        attempt = sign_in.begin_attempt(
            session,
            state.env,
            email=email,
            address=address_of(request.scope),
            production=production,
            known=known_browser(request),
        )
    is_right = attempt.check(password)  # slow on purpose: no connection is held meanwhile
    with state.sessions.begin() as session:
        outcome = sign_in.finish_attempt(
            session,
            state.env,
            attempt,
            is_right=is_right,
            password=password,
            code=fields.get("code", ""),
            agent=request.headers.get("user-agent", ""),
        )
        if isinstance(outcome, tuple):
            _record(session, request, outcome[1], act="sign_in")
            known = note_browser(session, request, outcome[1])
    if isinstance(outcome, SignInRefused | CodeWanted):
        view = _sign_in_view(request, next=next, email=email, problem=outcome)
        return _visitor_page(request, view, status=status_of(outcome))
    answer = RedirectResponse(next, 303)
    set_session(request, answer, outcome[0])
    set_known_browser(request, answer, known)
    return answer


@router.post("/sign-out")
def post_sign_out(request: Request, caller: SignedIn) -> Response:
    """End the session."""
    secret = secret_of(request)
    assert secret is not None, "a signed-in person has a cookie"
    assert caller.person_id is not None, "a signed-in person has an id"
    with request.app.state.sessions.begin() as session:
        end_session(session, request.app.state.env, id=token_hash(secret), person_id=caller.person_id)
        _record(session, request, caller.person_id, act="sign_out")
    answer = RedirectResponse("/sign-in", 303)
    drop_session(request, answer)
    return answer


@router.get("/forgot")
def forgot_page(request: Request) -> Response:
    """Ask for the address that gets a link."""
    return _visitor_page(request, _forgot_view(request))


@router.post("/forgot")
def post_forgot(request: Request, body: Body) -> Response:
    """Say that a letter comes if the address has an account; whether it has is looked up afterwards."""
    require_secure(request)
    fields = require_visitors_form(request, body)
    if request.app.state.settings.smtp_url is not None:
        request.app.state.postman.ask_reset(fields.get("email", "")[:300])
    return _visitor_page(request, _forgot_view(request, asked=True))


@router.get("/invitation/{secret}")
def invitation_page(request: Request, secret: str) -> Response:
    """Show the form in which an invited person chooses a password."""
    return _link_page(request, secret, LinkPurpose.INVITATION)


@router.get("/reset/{secret}")
def reset_page(request: Request, secret: str) -> Response:
    """Show the form for a new password."""
    return _link_page(request, secret, LinkPurpose.RESET)


@router.post("/invitation/{secret}")
def post_invitation(request: Request, secret: str, body: Body) -> Response:
    """Set the first password; the account is open then."""
    return _post_link(request, secret, body, LinkPurpose.INVITATION)


@router.post("/reset/{secret}")
def post_reset(request: Request, secret: str, body: Body) -> Response:
    """Set a new password; every session ends."""
    return _post_link(request, secret, body, LinkPurpose.RESET)


def _link_page(request: Request, secret: str, purpose: LinkPurpose) -> Response:
    with request.app.state.sessions() as session:
        person = person_of_link(session, request.app.state.env, secret, purpose)
    return _visitor_page(request, _password_view(request, person, purpose, secret))


def _post_link(request: Request, secret: str, body: bytes, purpose: LinkPurpose) -> Response:
    require_secure(request)
    fields = require_visitors_form(request, body)
    state = request.app.state
    with state.sessions() as session:
        person = person_of_link(session, state.env, secret, purpose)
    if fields.get("password") != fields.get("again"):
        return _visitor_page(request, _password_view(request, person, purpose, secret, differs=True), status=422)

    def work(session: Session) -> Person:
        chosen = choose_password(
            session, state.env, secret=secret, purpose=purpose, password=fields.get("password", "")
        )
        if chosen.email is not None:
            sign_in.forget_failures(session, sign_in.account_subject(chosen.email))
        _record(session, request, chosen.person_id, act=f"set_password_by_{purpose.value}")
        return chosen

    outcome = attempt_change(request, work)
    if isinstance(outcome, Refusal):
        view = _password_view(request, person, purpose, secret, problem=outcome)
        return _visitor_page(request, view, status=status_of(outcome))
    return RedirectResponse(f"{sign_in_address('/desk')}&chosen=yes", 303)


def attempt_change(request: Request, work: Callable[[Session], T]) -> T | Refusal:
    """Do some work in a transaction; return what it made, or why it was refused, with nothing kept."""
    try:
        with request.app.state.sessions.begin() as session:
            return work(session)
    except Refusal as refusal:
        return refusal


def note_browser(session: Session, request: Request, person_id: UUID) -> str:
    """Return the cookie of this browser, in which a person just gave the right password."""
    kept = session.get_one(PersonRow, person_id).password_hash
    return remember(request.app.state.env, known_browser(request), person_id=person_id, password_hash=kept)


def said(refusal: Refusal) -> Words:
    """Return a refusal's sentence in both languages, for a page to show."""
    return Words(refusal.say("zh"), refusal.say("en"))


def _record(session: Session, request: Request, person_id: object, *, act: str) -> None:
    journal.record(
        session,
        request.app.state.env,
        Act(actor=f"person:{person_id}", act=act, kind=Kind.PERSON.value, object=str(person_id)),
    )


def _visitor_page(request: Request, view: SheetView, status: int = 200) -> Response:
    secret, _ = pre_session(request)
    answer = remember_language(request, show(request, TEMPLATE, view, status))
    # The form's address may hold a link's secret, and what it shows is for one pair of eyes.
    answer.headers["Cache-Control"] = "no-store"
    set_pre_session(request, answer, secret)
    return answer


def _view(request: Request, title: Words, section: Section, problem: Words | None = None) -> SheetView:
    query = request.scope["query_string"].decode("latin-1")
    return SheetView(
        here=request.url.path + (f"?{query}" if query else ""),
        host=request.app.state.env.public_host,
        title=title,
        sections=(section,),
        csrf=pre_session(request)[1],
        problem=problem,
    )


def _sign_in_view(request: Request, *, next: str, email: str = "", problem: Refusal | None = None) -> SheetView:
    wants_code = isinstance(problem, CodeWanted)
    form = Form(
        action="/sign-in",
        submit=Words("登录", "Sign in"),
        fields=(
            Field(name="next", label=EMAIL, kind="hidden", value=next),
            Field(name="email", label=EMAIL, kind="email", value=email, autocomplete="username"),
            Field(name="password", label=PASSWORD, kind="password", autocomplete="current-password"),
            Field(name="code", label=CODE, required=wants_code, autocomplete="one-time-code"),
        ),
    )
    section = Section(
        id="form",
        title=Words("用邮箱和密码登录", "With e-mail and password"),
        lead=Words(
            "供企业和监管人员使用。查询包装上的追溯码不需要登录。",
            "For firms and authorities. Looking up the code on a package needs no sign-in.",
        ),
        forms=(form,),
        links=(("/forgot", Words("忘记密码", "Forgot the password")),),
    )
    view = _view(request, Words("登录", "Sign in"), section, None if problem is None else said(problem))
    demo: DemoWorld | None = request.app.state.demo
    if demo is None:
        return view
    waits = demo.is_making or demo.is_resetting
    # First: whoever looks at a demo has no password to type.
    return replace(view, sections=(_demo_section(request, demo, next=next), *view.sections), is_busy=waits)


def _demo_section(request: Request, demo: DemoWorld, *, next: str) -> Section:
    """Return a button for each role of the demo: whoever looks around need not type anything."""
    title = Words("演示账号", "People of the demo")
    if demo.is_making or demo.is_resetting:
        making = Words(
            "演示数据正在建立，约需一两分钟；本页会自动刷新。",
            "The demo's world is being made, which takes a minute or two; this page looks again by itself.",
        )
        return Section(id="demo", title=title, lead=making)
    with request.app.state.sessions() as session:
        found = demo_people(session)
    enter = Form(
        action="/sign-in",
        submit=Words("登录", "Sign in"),
        fields=(
            Field(name="next", label=EMAIL, kind="hidden", value=next),
            Field(name="password", label=PASSWORD, kind="hidden", value=DEMO_PASSWORD),
        ),
        choice="email",
        choices=tuple(Choice(value=each.email, label=PERSON_ROLE_WORDS[each.role]) for each in found),
    )
    return Section(
        id="demo",
        title=title,
        lead=Words(
            "这是演示环境：企业、货物和人员都是虚构的，人人可以用下列身份进入。正式环境没有这些账号。",
            "This is a demo: firms, goods and people are invented, and everybody may enter as one of these. A real"
            " installation has none of them.",
        ),
        empty=None if found else Words("这里还没有演示账号。", "There are none yet."),
        forms=(enter,) if found else (),
    )


def _forgot_view(request: Request, *, asked: bool = False) -> SheetView:
    title = Words("重设密码", "Reset the password")
    if request.app.state.settings.smtp_url is None:
        section = Section(
            id="form",
            title=Words("此平台未配置邮件", "This platform sends no mail"),
            lead=Words(
                "请联系平台管理员，由其运行 coldtrace admin link --email 您的邮箱，把重设链接交给您。",
                "Ask the platform's administrator to run coldtrace admin link --email YOUR-ADDRESS and to hand you the"
                " link.",
            ),
        )
    elif asked:
        section = Section(
            id="form",
            title=Words("请查收邮件", "Look into your mail"),
            lead=Words(
                "如果此邮箱有账号，几分钟内会收到一封信，其中的链接 1 小时内有效。没有收到？请检查垃圾邮件，"
                "或稍后再试。",
                "If this address has an account, a letter arrives within minutes; its link is good for one hour."
                " Nothing came? Look among the junk, or try again later.",
            ),
        )
    else:
        section = Section(
            id="form",
            title=Words("发送重设链接", "Send me a link"),
            forms=(
                Form(
                    action="/forgot",
                    submit=Words("发送", "Send"),
                    fields=(Field(name="email", label=EMAIL, kind="email", autocomplete="username"),),
                ),
            ),
        )
    return _view(request, title, section)


def _password_view(
    request: Request,
    person: Person,
    purpose: LinkPurpose,
    secret: str,
    *,
    differs: bool = False,
    problem: Refusal | None = None,
) -> SheetView:
    is_new = purpose is LinkPurpose.INVITATION
    form = Form(
        action=f"/{purpose.value}/{secret}",
        submit=Words("设置密码", "Set the password"),
        fields=(
            Field(
                name="password",
                label=NEW_PASSWORD,
                kind="password",
                help=PASSWORD_HELP,
                problem=None if problem is None else said(problem),
                autocomplete="new-password",
            ),
            Field(
                name="again",
                label=AGAIN,
                kind="password",
                problem=DIFFERS if differs else None,
                autocomplete="new-password",
            ),
        ),
    )
    section = Section(
        id="form",
        title=Words("设置密码", "Choose a password"),
        lead=Words(f"账号：{person.email}", f"Account: {person.email}"),
        forms=(form,),
    )
    title = Words("欢迎使用", "Welcome") if is_new else Words("重设密码", "Reset the password")
    return _view(request, title, section)
