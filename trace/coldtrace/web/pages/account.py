"""A person's own page: name and language, password, second step, sessions, tokens, own data."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.events.enrolment import token_hash
from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.people import memberships, sign_in, totp
from coldtrace.people.grant_refusals import GrantRefused
from coldtrace.people.memberships import RIGHTS
from coldtrace.people.passwords import require_good
from coldtrace.people.persons import as_person, keep_password
from coldtrace.people.refusals import PasswordRefused
from coldtrace.people.sessions import begin_session, end_session, open_sessions
from coldtrace.people.tables import PersonRow
from coldtrace.people.tokens import EVERY_RIGHT, make_token
from coldtrace.rights.model import EVERYTHING, NOTHING, Kind
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.people import person_data
from coldtrace.web.limits import address_of
from coldtrace.web.page_session import (
    SignedIn,
    form_fields,
    known_browser,
    secret_of,
    set_known_browser,
    set_session,
)
from coldtrace.web.pages.desk_frame import frame_of
from coldtrace.web.pages.desk_member_form import own_sites, rights_field, ticked_rights
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section, SheetView
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.sign_in import (
    AGAIN,
    DIFFERS,
    NEW_PASSWORD,
    PASSWORD_HELP,
    TEMPLATE,
    attempt_change,
    note_browser,
    said,
)
from coldtrace.web.problems import status_of

router = APIRouter(include_in_schema=False)
TOKEN_DAYS_MAX = 365

PRESENT = Words("当前密码", "Present password")
SAVED = Words("已保存。", "Saved.")


@router.get("/account")
def account_page(request: Request, caller: SignedIn) -> Response:
    """Show one's own account."""
    return _page(request, caller)


@router.get("/account/data")
def account_data(request: Request, caller: SignedIn) -> Response:
    """Give a person a copy of everything that is stored about them, wherever it was."""
    assert caller.person_id is not None, "a signed-in person"
    attempt_change(request, lambda session: _record(session, request, caller, "export"))
    return person_data(request, caller.person_id, scope=EVERYTHING)


@router.post("/account/profile")
def post_profile(request: Request, caller: SignedIn, body: Body) -> Response:
    """Change name and language."""
    fields = form_fields(request, body)

    def work(session: Session) -> None:
        row = _row(session, caller)
        name = "".join(sign for sign in fields.get("name", "") if sign.isprintable()).strip()[:100]
        row.name, row.lang = name or row.name, "en" if fields.get("lang") == "en" else "zh"
        session.add(row)
        _record(session, request, caller, "change_profile")

    attempt_change(request, work)
    return _page(request, caller, notice=SAVED)


@router.post("/account/password")
def post_password(request: Request, caller: SignedIn, body: Body) -> Response:
    """Change the password; every other session ends, this one goes on under a new secret."""
    fields = form_fields(request, body)
    if fields.get("password") != fields.get("again"):
        return _page(request, caller, problem=DIFFERS, status=422)
    fresh: list[str] = []
    known: list[str] = []
    wrong = _wrong_password(request, caller, fields.get("present", ""))
    if wrong is not None:
        return _page(request, caller, problem=said(wrong), status=status_of(wrong))

    def work(session: Session) -> None:
        row = _row(session, caller)
        require_good(fields.get("password", ""), email=row.email or "", name=row.name)
        keep_password(session, request.app.state.env, row, fields.get("password", ""))
        agent = request.headers.get("user-agent", "")
        fresh.append(begin_session(session, request.app.state.env, person_id=row.person_id, agent=agent))
        known.append(note_browser(session, request, row.person_id))
        _record(session, request, caller, "change_password")

    outcome = attempt_change(request, work)
    if isinstance(outcome, Refusal):
        return _page(request, caller, problem=said(outcome), status=status_of(outcome))
    # The page that is shown now belongs to the new session: so do the tokens of its forms.
    request.cookies[_cookie(request)] = fresh[0]
    answer = _page(request, caller, notice=SAVED)
    set_session(request, answer, fresh[0])
    set_known_browser(request, answer, known[0])
    return answer


@router.post("/account/two-steps")
def post_two_steps(request: Request, caller: SignedIn, body: Body) -> Response:
    """Begin, confirm or end the second step."""
    fields = form_fields(request, body)
    env = request.app.state.env
    codes: list[str] = []
    wrong = None if "code" in fields else _wrong_password(request, caller, fields.get("present", ""))
    if wrong is not None:
        return _page(request, caller, problem=said(wrong), status=status_of(wrong))

    def work(session: Session) -> None:
        row = _row(session, caller)
        if "code" in fields:
            codes.extend(totp.confirm(session, env, row, fields["code"].replace(" ", "")))
            _record(session, request, caller, "start_two_steps")
            return
        if totp.is_on(row):
            totp.stop(session, row)
            _record(session, request, caller, "stop_two_steps")
        else:
            totp.start(session, env, row)

    outcome = attempt_change(request, work)
    if isinstance(outcome, Refusal):
        return _page(request, caller, problem=said(outcome), status=status_of(outcome))
    return _page(request, caller, notice=SAVED, secret=" ".join(codes) or None)


@router.post("/account/sessions/{id}/end")
def post_end_session(request: Request, id: str, caller: SignedIn) -> Response:
    """End one of one's own sessions."""

    def work(session: Session) -> None:
        try:
            assert caller.person_id is not None, "a signed-in person"
            end_session(session, request.app.state.env, id=unb64(id), person_id=caller.person_id)
        except MalformedBase64:
            return
        _record(session, request, caller, "end_session")

    attempt_change(request, work)
    return _page(request, caller, notice=SAVED)


@router.post("/account/tokens")
def post_own_token(request: Request, caller: SignedIn, body: Body) -> Response:
    """Make a token that acts with one's own roles of the moment, or with less; it is shown once."""
    fields = form_fields(request, body)
    wrong = _wrong_password(request, caller, fields.get("present", ""))
    if wrong is not None:
        return _page(request, caller, problem=said(wrong), status=status_of(wrong))
    days = fields.get("days", "")
    life = timedelta(days=min(max(int(days[:4]) if days.isdecimal() else 90, 1), TOKEN_DAYS_MAX))
    made: list[str] = []

    def work(session: Session) -> None:
        name = "".join(sign for sign in fields.get("name", "") if sign.isprintable()).strip()[:100] or "-"
        site = fields.get("site") or None
        if site is not None and site not in own_sites(session, caller):
            raise SiteUnknown(gln=site[:20])
        rights = ticked_rights(fields)
        if not set(rights or ()) <= RIGHTS:
            raise GrantRefused()
        made.append(
            make_token(
                session,
                request.app.state.env,
                name=name,
                life=life,
                person_id=caller.person_id,
                scopes=rights or (EVERY_RIGHT,),
                sites=None if site is None else [site],
            )
        )
        _record(session, request, caller, "make_token")

    outcome = attempt_change(request, work)
    if isinstance(outcome, Refusal):
        return _page(request, caller, problem=said(outcome), status=status_of(outcome))
    return _page(request, caller, notice=SAVED, secret=made[0])


@router.post("/account/tokens/{id}/withdraw")
def post_withdraw_token(request: Request, id: UUID, caller: SignedIn) -> Response:
    """Withdraw one of one's own tokens."""

    def work(session: Session) -> None:
        memberships.revoke_token(
            session, request.app.state.env, by=caller.reader, scope=NOTHING, token_id=id, own=caller.person_id
        )
        _record(session, request, caller, "withdraw_token")

    outcome = attempt_change(request, work)
    if isinstance(outcome, Refusal):
        return _page(request, caller, problem=said(outcome), status=status_of(outcome))
    return _page(request, caller, notice=SAVED)


def _cookie(request: Request) -> str:
    from coldtrace.web.page_session import cookie_name

    return cookie_name(request)


def _row(session: Session, caller: Caller) -> PersonRow:
    row = session.get(PersonRow, caller.person_id, with_for_update=True)
    assert row is not None, "a signed-in person is kept"
    return row


def _wrong_password(request: Request, caller: Caller, password: str) -> Refusal | None:
    """Return why the present password is refused, None when it is right; failures make one wait as at the sign-in."""
    env = request.app.state.env
    with request.app.state.sessions() as session:
        row = session.get(PersonRow, caller.person_id)
        assert row is not None, "a signed-in person is kept"
        attempt = sign_in.begin_attempt(
            session,
            env,
            email=row.email or "",
            address=address_of(request.scope),
            production=False,
            known=known_browser(request),
        )
    is_right = attempt.check(password)
    with request.app.state.sessions.begin() as session:
        return None if sign_in.confirm_attempt(session, env, attempt, is_right=is_right) else PasswordRefused()


def _record(session: Session, request: Request, caller: Caller, act: str) -> None:
    journal.record(
        session,
        request.app.state.env,
        Act(actor=caller.actor, act=act, kind=Kind.PERSON.value, object=str(caller.person_id)),
    )


def _page(
    request: Request,
    caller: Caller,
    *,
    notice: Words | None = None,
    problem: Words | None = None,
    secret: str | None = None,
    status: int = 200,
) -> Response:
    env = request.app.state.env
    with request.app.state.sessions() as session:
        row = session.get(PersonRow, caller.person_id)
        assert row is not None, "a signed-in person is kept"
        assert caller.person_id is not None, "a signed-in person is kept"
        view = SheetView(
            here="/account",
            host=env.public_host,
            title=Words("我的账号", "My account"),
            sections=(
                _profile(row),
                _password(),
                _two_steps(request, row),
                _sessions(request, session, caller.person_id),
                _tokens(session, caller),
                _data(),
            ),
            frame=replace(frame_of(request, caller), who=row.name),
            notice=notice,
            problem=problem,
            secret=secret,
        )
    answer = remember_language(request, show(request, TEMPLATE, view, status))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _profile(row: PersonRow) -> Section:
    person = as_person(row)
    languages = (
        Choice(value="zh", label=Words("中文", "Chinese"), is_chosen=person.lang == "zh"),
        Choice(value="en", label=Words("英文", "English"), is_chosen=person.lang == "en"),
    )
    return Section(
        id="profile",
        title=Words("姓名与语言", "Name and language"),
        facts=((Words("邮箱", "E-mail"), Cell(text=person.email or "-")),),
        forms=(
            Form(
                action="/account/profile",
                submit=Words("保存", "Save"),
                fields=(
                    Field(name="name", label=Words("姓名", "Name"), value=person.name, autocomplete="name"),
                    Field(
                        name="lang", label=Words("邮件语言", "Language of letters"), kind="select", choices=languages
                    ),
                ),
            ),
        ),
    )


def _data() -> Section:
    return Section(
        id="data",
        title=Words("我的个人信息", "My data"),
        lead=Words(
            "平台保存的关于您的全部信息，一个 JSON 文件，不含密码等机密。如需删除，请联系本单位的管理者或平台管理员。",
            "Everything that is stored about you, as one JSON file without secrets. To have it erased, ask whoever"
            " manages your organisation or the platform's administrator.",
        ),
        links=(("/account/data", Words("下载我的个人信息", "Download my data")),),
    )


def _password() -> Section:
    return Section(
        id="password",
        title=Words("更改密码", "Change the password"),
        lead=Words("更改后，其他设备上的登录全部结束。", "Afterwards every other session ends."),
        forms=(
            Form(
                action="/account/password",
                submit=Words("更改", "Change"),
                fields=(
                    Field(name="present", label=PRESENT, kind="password", autocomplete="current-password"),
                    Field(
                        name="password",
                        label=NEW_PASSWORD,
                        kind="password",
                        help=PASSWORD_HELP,
                        autocomplete="new-password",
                    ),
                    Field(name="again", label=AGAIN, kind="password", autocomplete="new-password"),
                ),
            ),
        ),
    )


def _two_steps(request: Request, row: PersonRow) -> Section:
    title = Words("两步验证", "Two steps")
    present = Field(name="present", label=PRESENT, kind="password", autocomplete="current-password")
    secret = totp.waiting_secret(request.app.state.env, row)
    if totp.is_on(row):
        left = len(row.recovery_hashes)
        return Section(
            id="two-steps",
            title=title,
            lead=Words(
                f"已启用：登录时还需要验证器应用中的动态码。备用码还剩 {left} 个。",
                f"In use: signing in takes a code of the authenticator app too. {left} recovery codes are left.",
            ),
            forms=(
                Form(action="/account/two-steps", submit=Words("停用", "Stop using it"), fields=(present,), quiet=True),
            ),
        )
    if secret is not None:
        return Section(
            id="two-steps",
            title=title,
            lead=Words(
                "用验证器应用扫描此码（或手工输入密钥），再填写应用显示的 6 位动态码。确认后会显示备用码，请妥善保存。",
                "Scan this with an authenticator app, or type the secret, then enter the six digits that it shows. The"
                " recovery codes appear afterwards; keep them safe.",
            ),
            picture=qr_picture(totp.address(secret, email=row.email or "")),
            facts=((Words("密钥", "Secret"), Cell(text=secret)),),
            forms=(
                Form(
                    action="/account/two-steps",
                    submit=Words("确认", "Confirm"),
                    fields=(Field(name="code", label=Words("动态码", "Code"), autocomplete="one-time-code"),),
                ),
            ),
        )
    return Section(
        id="two-steps",
        title=title,
        lead=Words(
            "未启用。启用后，登录除密码外还需要手机上验证器应用的动态码。",
            "Not in use. With it, signing in takes a code of an authenticator app on your phone too.",
        ),
        forms=(Form(action="/account/two-steps", submit=Words("启用", "Begin"), fields=(present,)),),
    )


def _sessions(request: Request, session: Session, person_id: UUID) -> Section:
    here = token_hash(secret_of(request) or "")
    rows = tuple(
        Row(
            id=b64(each.id),
            cells=(
                Cell(text=each.agent or "-"),
                Cell(moment=each.seen_at),
                Cell(words=Words("本次登录", "This one") if each.id == here else Words("其他", "Another")),
            ),
            forms=()
            if each.id == here
            else (Form(action=f"/account/sessions/{b64(each.id)}/end", submit=Words("结束", "End"), quiet=True),),
        )
        for each in open_sessions(session, request.app.state.env, person_id)
    )
    return Section(
        id="sessions",
        title=Words("登录中的设备", "Open sessions"),
        columns=(
            Words("浏览器", "Browser"),
            Words("最近使用", "Last used"),
            Words("是否本次", "Which"),
            Words("操作", "Action"),
        ),
        rows=rows,
    )


def _tokens(session: Session, caller: Caller) -> Section:
    found = memberships.tokens(session, scope=NOTHING, limit=50, own=caller.person_id)
    sites = own_sites(session, caller)
    one_site = Field(
        name="site",
        label=Words("仅限场所", "Only this site"),
        kind="select",
        required=False,
        choices=(
            Choice(value="", label=Words("全部场所", "All sites")),
            *(
                Choice(value=gln, label=Words(f"{site.name_zh} {gln}", f"{site.name_en} {gln}"))
                for gln, site in sites.items()
            ),
        ),
    )
    rows = tuple(
        Row(
            id=str(each.token_id),
            cells=(
                Cell(text=each.name),
                Cell(words=Words("全部", "All")) if EVERY_RIGHT in each.scopes else Cell(text=", ".join(each.scopes)),
                Cell(words=Words("全部", "All")) if each.sites is None else Cell(text=" ".join(each.sites)),
                Cell(moment=each.created_at),
                Cell(moment=each.expires_at),
            ),
            forms=(
                Form(action=f"/account/tokens/{each.token_id}/withdraw", submit=Words("撤销", "Withdraw"), quiet=True),
            ),
        )
        for each in found
    )
    return Section(
        id="tokens",
        title=Words("我的接口令牌", "My API tokens"),
        lead=Words(
            "令牌以您的角色调用接口，您的角色变化时它随之变化；只给它需要的权限。令牌只显示一次。",
            "A token calls the API with your roles, and changes with them; give it only what it needs. It is shown"
            " once.",
        ),
        columns=(
            Words("名称", "Name"),
            Words("权限", "Rights"),
            Words("场所", "Sites"),
            Words("建立", "Made"),
            Words("到期", "Ends"),
            Words("操作", "Action"),
        ),
        rows=rows,
        empty=Words("还没有令牌。", "No token yet."),
        forms=(
            Form(
                action="/account/tokens",
                submit=Words("新建令牌", "Make a token"),
                fields=(
                    Field(name="name", label=Words("名称", "Name"), help=Words("例如：ERP 接口", "ERP, say")),
                    Field(name="present", label=PRESENT, kind="password", autocomplete="current-password"),
                    Field(
                        name="days",
                        label=Words("有效天数（最多 365）", "Days (at most 365)"),
                        value="90",
                        kind="number",
                    ),
                    *((one_site,) if sites else ()),
                    rights_field(caller),
                ),
            ),
        ),
    )
