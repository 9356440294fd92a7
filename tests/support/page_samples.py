"""Views with short, long, missing and hostile data, for every template.  All names are invented."""

from dataclasses import replace
from datetime import UTC, datetime

from fastapi import FastAPI

from coldtrace.errors import Words
from coldtrace.goods.product_link_rules import LINK_TYPE_WORDS, LinkType
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import describe
from coldtrace.web.pages.api_reader import ApiView, api_groups
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.run_view import RunView
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section, SheetView
from coldtrace.web.pages.views import (
    NOT_STATED,
    Bilingual,
    ColdState,
    ConsumerView,
    ErrorView,
    ForeignView,
    Frame,
    FrontView,
    Goods,
    HomeView,
    JourneyStop,
    LabelChoice,
    ListedLot,
    NavGroup,
    PageView,
    PalletView,
    PlaceView,
    PrintLine,
    PrivacyView,
    ProductView,
    ProofSummary,
    Queries,
    RecalledLot,
    RecallNotice,
    RecallsView,
    RefusedView,
    Repack,
    RollNumbers,
    RunLine,
    RunsView,
    Sample,
    SampleBox,
    Seller,
    ShownLink,
    Temperature,
    Tile,
    UnknownView,
)
from coldtrace.web.place_words import REPACKS
from coldtrace.web.status_words import Status, advice_for
from support.complaint_samples import COMPLAINT_PAGES
from support.run_samples import ROLL_FORMS
from support.stall_samples import stall_pages

HOST = "trace.example.cn"
NOW = datetime(2026, 11, 23, 4, 4, tzinfo=UTC)
TOKEN = (
    "CEUNZ6UQLZOVOIY6SGZI6ED5CZ36ZJPHSQ53MUHQ5W4X23OVYCAFICFTMCDJ6I5KGPSHHMPULMLAVTME752Y5KLWSH4C4YJH6LBFSTF2FV4EOAY"
)
HERE = f"/01/09521234543210/10/BR26A17/21/7QK4M2ZX9RTB?s={TOKEN}"
BEEF = Bilingual(zh="冷冻去骨牛肉（牛腩）", en="Frozen boneless beef, thin flank")
GOODS = Goods(
    product=BEEF,
    origin=Bilingual(zh="巴西", en="Brazil"),
    production_date="2026-08-12",
    shelf_life="24个月",
    expiry_date="2028-08-11",
    days_left=627,
    storage=Bilingual(zh="−18℃以下冷冻保存", en="Keep frozen at −18 °C or below"),
    spec="20KG/箱",
    net_g=19_625,
    gtin="09521234543210",
    lot="BR26A17",
    plant="FRIGORÍFICO EXEMPLO S.A. (SIF 0337)",
    plant_reg="CBRA01012201010001",
    importer=Bilingual(
        zh="滨海远洋冷链进出口（天津）有限公司", en="Binhai Ocean Cold Chain Imp. & Exp. (Tianjin) Co., Ltd."
    ),
    importer_city=Bilingual(zh="天津", en="Tianjin"),
    port=Bilingual(zh="天津新港", en="Tianjin Xingang"),
    entry_date="2026-11-18",
    quarantine_cert="1200…0456",
    quarantine_state="importer_declared",
    source="importer_declared",
)
JOURNEY = (
    JourneyStop(
        role="first_station",
        district="120116",
        first_date="2026-11-18",
        last_date="2026-11-19",
        acts=("commission", "pack", "ship"),
    ),
    JourneyStop(
        role="cold_store", district="120118", first_date="2026-11-19", last_date="2026-11-20", acts=("receive", "ship")
    ),
    JourneyStop(
        role="distributor", district="120110", first_date="2026-11-20", last_date="2026-11-21", acts=("receive", "ship")
    ),
    JourneyStop(
        role="market",
        district="120103",
        first_date="2026-11-21",
        last_date="2026-11-22",
        acts=("receive", "unpack", "ship"),
    ),
    JourneyStop(
        role="retailer", district="120101", first_date="2026-11-22", last_date="2026-11-23", acts=("receive", "sell")
    ),
)
SELLER = Seller(name=Bilingual(zh="和平路鲜品店", en="Heping Road Fresh Foods"), district="120101", date="2026-11-23")
PROOF = ProofSummary(
    result="passed", url="/01/09521234543210/10/BR26A17/21/7QK4M2ZX9RTB/proof", passed=11, not_checked=1
)
SOLD = ConsumerView(
    here=HERE,
    host=HOST,
    status=Status.SOLD,
    decided_at=NOW,
    code_label="7QK4-M2ZX-9RTB-5",
    queries=Queries(count=3, first_at=NOW),
    goods=GOODS,
    journey=JOURNEY,
    temperature=Temperature(),
    seller=SELLER,
    proof=PROOF,
)
FRESH = replace(
    SOLD,
    status=Status.NORMAL,
    queries=Queries(count=1),
    journey=JOURNEY[:2],
    in_transit=True,
    seller=None,
    proof=ProofSummary(result="pending"),
)
RECALL = RecallNotice(
    published="2026-11-22",
    role="regulator",
    district="120112",
)
RECALLED = replace(SOLD, status=Status.RECALLED, also=(Status.SOLD,), recall=RECALL)
RECALLED_BY_NUMBER = replace(
    RECALLED, verdict="recalled_lot", recall=replace(RECALL, role=None, reason="抽检", url="/recalls?gtin=1&lot=2")
)
MISSING = ConsumerView(
    here=HERE, host=HOST, status=Status.NORMAL, decided_at=NOW, queries=Queries(count=1), goods=Goods()
)
_WARM: tuple[tuple[ColdState, ColdState], ...] = (
    ("ok", "ok"),
    ("ok", "breach"),
    ("breach", "unknown"),
    ("unknown", "unknown"),
    ("ok", "unknown"),
)
WARM = tuple(replace(stop, cold=cold, leg_cold=leg) for stop, (cold, leg) in zip(JOURNEY, _WARM, strict=True))
BREACH = replace(
    SOLD,
    status=Status.TEMP_BREACH,
    also=(Status.CLONE_SUSPECT, Status.SOLD),
    queries=Queries(count=41, first_at=NOW),
    journey=(*WARM[:3], replace(WARM[3], gap_before=True, by_platform=True), WARM[4]),
    temperature=Temperature(state="breach", covered_percent=87, highest_mdegc=-9_400, lowest_mdegc=-21_250),
    goods=replace(GOODS, quarantine_state="certificate_verified", source="official_data"),
    proof=replace(PROOF, result="failed", passed=8, failed=3),
)
_LONG_ZH = "冷冻去骨牛前四分体肉（含牛腱、牛肩、牛胸及其他部位混装，巴西南里奥格兰德州产，供进一步加工使用）" * 2
_LONG_EN = (
    "Frozen boneless beef forequarter cuts, assorted, from Rio Grande do Sul, intended for further processing " * 3
)
LONG_NAME = Bilingual(zh=_LONG_ZH, en=_LONG_EN)
LONG = replace(
    SOLD,
    status=Status.EXPIRED,
    also=(Status.HELD, Status.CLONE_SUSPECT, Status.TEMP_BREACH),
    queries=Queries(count=1_234_567, first_at=NOW),
    code_label="(00)395212340000000014",
    goods=replace(
        GOODS,
        product=LONG_NAME,
        origin=LONG_NAME,
        storage=LONG_NAME,
        importer=LONG_NAME,
        port=LONG_NAME,
        days_left=-42,
        expiry_date="2026-10-12",
        spec="Q" * 120,
        lot="L" * 20,
        plant="ESTABELECIMENTOINDUSTRIALDECARNESBOVINASCONGELADASEXEMPLO" * 3,
        plant_reg="X" * 30,
    ),
    journey=tuple(
        replace(stop, acts=(*stop.acts, "store", "temperature", "sample", "inspect", "hold", "release"))
        for stop in JOURNEY * 3
    ),
    repacks=tuple(
        Repack(
            act=act,
            role="repacker",
            date="2026-11-21",
            district="120112",
            name=LONG_NAME if act.startswith("transform") else None,
            by_platform=act.endswith("input"),
        )
        for act in REPACKS
    ),
    seller=Seller(name=LONG_NAME, district="120101"),
)
PALLET = PalletView(
    here="/00/395212340000000014?s=" + TOKEN,
    host=HOST,
    status=Status.NORMAL,
    decided_at=NOW,
    code_label="3 9521234 000000001 4",
    queries=Queries(count=2, first_at=NOW),
    lots=(
        ListedLot(product=BEEF, origin=GOODS.origin, lot="BR26A17", expiry_date="2028-08-11"),
        ListedLot(product=BEEF, origin=GOODS.origin, lot="BR26A18", expiry_date=None),
    ),
    journey=JOURNEY[:3],
)
PLACE = PlaceView(
    here="/414/9521234000013/254/D3?s=" + TOKEN,
    host=HOST,
    decided_at=NOW,
    role="cold_store",
    district="120118",
    gln="9521234000013",
    door="D3",
    name=Bilingual(zh="静海一号冷库", en="Jinghai Cold Store One"),
)
COUNTER = replace(
    PLACE,
    here="/414/9521234000051/254/C1?s=" + TOKEN,
    status=Status.HELD,
    role="retailer",
    gln="9521234000051",
    door="C1",
    open_lots=(
        ListedLot(
            product=BEEF,
            origin=GOODS.origin,
            lot="BR26A17",
            expiry_date="2028-08-11",
            also=(advice_for(Status.HELD),),
            notice_url="/recalls?gtin=19521234000017&lot=BR26A17",
        ),
        ListedLot(product=BEEF, origin=GOODS.origin, lot=None, expiry_date=None),
    ),
    more=12,
    next_url="/414/9521234000051/254/C1?s=" + TOKEN + "&after=4." + 43 * "A",
    first_url="/414/9521234000051/254/C1?s=" + TOKEN,
)
PRODUCT = ProductView(
    here="/01/19521234000017/10/BR26A17",
    host=HOST,
    decided_at=NOW,
    verdict="unsigned",
    gtin="19521234000017",
    lot="BR26A17",
    links=(
        ShownLink(
            kind=LINK_TYPE_WORDS[LinkType.RECIPE_INFO],
            title=Bilingual(zh="红烧牛腩", en="Braised brisket"),
            href="https://www.example.com/recipes/brisket?lang=zh",
        ),
        ShownLink(
            kind=LINK_TYPE_WORDS[LinkType.PIP], title=Bilingual(zh="冻去骨牛腩"), href="https://www.example.com/brisket"
        ),
    ),
)
UNKNOWN = UnknownView(
    here="/find?code=7QK4M2ZX9RTB5", host=HOST, status=Status.UNKNOWN, decided_at=NOW, scanned="7QK4-M2ZX-9RTB-5"
)
FOREIGN = ForeignView(
    here="/find?code=x",
    host=HOST,
    status=Status.FOREIGN,
    decided_at=NOW,
    scanned="https://id.example.org/01/09506000134352/10/ABC",
    elements=(("(01)", "09506000134352"), ("(10)", "ABC")),
    platform=Bilingual(zh="示例追溯平台", en="Example Trace"),
    platform_url="https://id.example.org/01/09506000134352",
)
REFUSED = RefusedView(
    here=HERE,
    host=HOST,
    status=Status.REFUSED,
    verdict="bad_signature",
    decided_at=NOW,
    scanned="https://TRACE.EXAMPLE.CN" + HERE,
)
RECALLED_LOT = RecalledLot(
    product=BEEF,
    lot="BR26A17",
    published="2026-11-22",
    reason="抽检检出单核细胞增生李斯特氏菌 / Listeria monocytogenes",
    gtin="19521234000017",
    origin=GOODS.origin,
    importer=GOODS.importer,
    expiry_date="2028-08-11",
)
RECALLS = RecallsView(
    here="/recalls",
    host=HOST,
    decided_at=NOW,
    lots=(
        RECALLED_LOT,
        RecalledLot(product=NOT_STATED, lot="X", published="2026-11-21", reason="?", gtin="09506000134352"),
    ),
    next_url="/recalls?page=2",
)
FRONT = FrontView(
    here="/",
    host=HOST,
    sample=SampleBox(
        url=HERE,
        code_label="7QK4-M2ZX-9RTB-5",
        product=BEEF,
        origin=GOODS.origin,
        journey=JOURNEY,
        qr=qr_picture("https://TRACE.EXAMPLE.CN" + HERE),
    ),
    samples=tuple(
        Sample(kind=kind, url=HERE) for kind in ("sold", "box", "pallet", "place", "tampered", "foreign", "unknown")
    ),
    checkpoint_url="/logs/dev/checkpoint",
    labels_url="/demo/sample-labels.pdf",
    lookup_url="/find",
    demo=True,
)
ERROR = ErrorView(
    here="/x",
    host=HOST,
    http_status=500,
    title=Words("出错了", "Something went wrong"),
    detail=Words(
        "服务器出了错，您的操作没有完成，请稍后再试。",
        "The server failed and nothing was done. Please try again later.",
    ),
    request_id="0192f0c1-7e52-7cc3-98c4-dc0c0c07398f",
)
NOT_FOUND = replace(
    ERROR,
    http_status=404,
    title=Words("没有这个页面", "No such page"),
    detail=Words("网址可能不完整，请重新扫码。", "The address may be incomplete. Please scan the code again."),
    code="not_found",
    request_id=None,
)


def _api() -> ApiView:
    """Return the reader of our own API."""
    app = FastAPI(openapi_url="/api/openapi.json")
    for router in ROUTERS:
        app.include_router(router)
    groups = api_groups(describe(app.openapi(), ROUTERS))
    return ApiView(
        here="/api/docs", host=HOST, groups=groups, example="curl -s http://127.0.0.1:8000/api/v1/trust-list"
    )


_STATION = Bilingual(zh="天津港口岸冷库（示例）", en="Tianjin Port Cold Store (example)")
_RUN = RunLine(
    url="/desk/runs/0199f3c1-0000-7000-8000-000000000001",
    run_id="0199f3c1-0000-7000-8000-000000000001",
    kind="consignment",
    station=_STATION,
    subject="020220261000000123",
    wanted=1224,
    drawn=720,
    created_at=NOW,
)
_ROLL = replace(
    _RUN, kind="roll", subject="09521234543210 × 1,000", wanted=1000, drawn=1000, station=Bilingual(zh="首站")
)
FRAME = Frame(
    csrf="token",
    nav=(
        NavGroup(title=None, pages=(("/desk", Words("今日", "Today")),)),
        NavGroup(title=Words("货物", "Goods"), pages=(("/desk/runs", Words("赋码批", "Code runs")),)),
        NavGroup(
            title=Words("管理", "Keeping"),
            pages=(("/desk/people", Words("人员", "People")), ("/account", Words("我的账号", "My account"))),
        ),
    ),
    who="李娜",
    purpose="抽查，津市监〔2026〕12号",
    asks_purpose=True,
)
HOME = HomeView(
    here="/desk",
    host=HOST,
    frame=FRAME,
    tiles=(
        Tile(
            name="cases",
            title=Words("待处理的异常", "Cases to do"),
            says=Words("需要有人看。", "Somebody has to look."),
            url="/desk/cases",
            number=200,
            more=True,
            tone="look",
        ),
        Tile(
            name="silent",
            title=Words("没有联系的设备", "Devices not heard of"),
            says=Words("可能离线。", "Offline, maybe."),
            url="/desk/devices",
            number=0,
        ),
    ),
    first=(("/desk/devices", Words("邀请一台设备", "Invite a device"), Words("扫码登记。", "It scans a text.")),),
)
RUNS = RunsView(here="/desk/runs", host=HOST, frame=FRAME, runs=(_RUN, _ROLL), next_url="/desk/runs?after=x")
RUN_BUSY = RunView(
    here=_RUN.url,
    host=HOST,
    frame=replace(FRAME, purpose=None),
    run=_RUN,
    kid="28dcfa90",
    void="3, 17-23",
    jobs=(
        PrintLine(
            layout="100x100",
            format="zpl",
            target="dock1",
            state="failed",
            done=312,
            total=1224,
            updated_at=NOW,
            trouble=Bilingual(zh="打印机停止接收（printer_stopped）", en="The printer stopped (printer_stopped) <b>"),
        ),
        PrintLine(
            layout="100x150", format="pdf", target="run.pdf", state="running", done=500, total=1224, updated_at=NOW
        ),
    ),
)
RUN_ROLL = RunView(
    here=_ROLL.url,
    host=HOST,
    frame=replace(FRAME, asks_purpose=False),
    run=_ROLL,
    kid="28dcfa90",
    jobs=(
        PrintLine(layout="60x40", format="pdf", target="run.pdf", state="done", done=1000, total=1000, updated_at=NOW),
        PrintLine(layout="a4", format="pdf", target="a4.pdf", state="done", done=1000, total=1000, updated_at=NOW),
    ),
    downloads=(LabelChoice(layout="100x100", format="pdf", url="/desk/runs/x/labels?layout=100x100"),),
    reprints=3,
    roll_url=f"/desk/rolls/{_ROLL.run_id}",
    forms=ROLL_FORMS,
    problem=Words("序号写错了", "The numbers are malformed"),
    roll=RollNumbers(bound=640, unused="641-1000", skipped="17-23, 40", double_bound="", voided="5"),
)
_FORM = Form(
    action="/desk/people",
    submit=Words("邀请", "Invite"),
    fields=(
        Field(name="email", label=Words("邮箱", "E-mail"), kind="email", problem=Words("写错了", "It is wrong")),
        Field(name="password", label=Words("密码", "Password"), kind="password", help=Words("要长", "A long one")),
        Field(
            name="role",
            label=Words("角色", "Role"),
            kind="select",
            choices=(
                Choice(value="retailer", label=Words("零售单位", "Retailer"), is_chosen=True),
                Choice(value="market", label=Words("市场", "Market")),
            ),
        ),
        Field(name="manages", label=Words("可管理", "May manage"), kind="check", value="yes"),
        Field(name="area", label=Words("区域", "Area"), required=False),
        Field(name="answer", label=Words("答复", "Answer"), kind="textarea", help=Words("请简短", "Be short")),
        Field(name="next", label=Words("去向", "Next"), kind="hidden", value="/desk"),
    ),
)
SHEET = SheetView(
    here="/desk/people",
    host=HOST,
    title=Words("人员", "People"),
    sections=(
        Section(
            id="people",
            title=Words("本单位人员", "People of my organisations"),
            lead=Words("只列出本单位。", "Of your own organisations."),
            facts=((Words("邮箱", "E-mail"), Cell(text="li.na@example.cn")),),
            columns=(
                Words("姓名", "Name"),
                Words("单位", "Organisation"),
                Words("登录", "Signed in"),
                Words("操作", "Action"),
            ),
            rows=(
                Row(
                    id="1",
                    cells=(Cell(text="李娜"), Cell(name=BEEF, text="91120116MA05TE5T1N"), Cell(moment=NOW)),
                    forms=(Form(action="/desk/memberships/1/end", submit=Words("结束", "End"), quiet=True),),
                ),
                Row(id="2", cells=(Cell(text="王强"), Cell(words=Words("无", "None")), Cell(text="-"))),
            ),
            next_url="/desk/people?after=1",
        ),
        Section(
            id="invite",
            title=Words("邀请", "Invite"),
            empty=Words("还没有。", "None yet."),
            picture=qr_picture("otpauth://totp/coldtrace"),
            forms=(_FORM,),
            links=(("/forgot", Words("忘记密码", "Forgot the password")),),
        ),
    ),
    frame=FRAME,
    notice=Words("已完成。", "Done."),
    problem=Words("没有完成。", "Not done."),
    secret="ct_abc",
    wide=True,
)

PAGES: dict[str, tuple[str, PageView]] = {
    "unit-sold": ("consumer/unit.html", SOLD),
    "unit-fresh": ("consumer/unit.html", FRESH),
    "unit-recalled": ("consumer/unit.html", RECALLED),
    "unit-recalled-lot": ("consumer/unit.html", RECALLED_BY_NUMBER),
    "unit-missing": ("consumer/unit.html", MISSING),
    "unit-breach": ("consumer/unit.html", BREACH),
    "unit-long": ("consumer/unit.html", LONG),
    "pallet": ("consumer/pallet.html", PALLET),
    "pallet-empty": ("consumer/pallet.html", replace(PALLET, lots=(), journey=(), queries=Queries(count=1))),
    "place": ("consumer/place.html", PLACE),
    "counter": ("consumer/place.html", COUNTER),
    "counter-in-order": (
        "consumer/place.html",
        replace(COUNTER, status=Status.PLACE, more=0, next_url=None, first_url=None),
    ),
    "product": ("consumer/product.html", PRODUCT),
    "place-bare": ("consumer/place.html", replace(PLACE, name=Bilingual(), door=None, district="")),
    "unknown": ("consumer/unknown.html", UNKNOWN),
    "not-registered": ("consumer/unknown.html", replace(UNKNOWN, status=Status.NOT_REGISTERED, scanned=None)),
    "foreign": ("consumer/foreign.html", FOREIGN),
    "foreign-bare": ("consumer/foreign.html", replace(FOREIGN, elements=(), platform=Bilingual(), platform_url=None)),
    "refused": ("consumer/refused.html", REFUSED),
    "refused-host": ("consumer/refused.html", replace(REFUSED, verdict="untrusted_host", scanned=None)),
    "front": ("door/front.html", FRONT),
    "front-bare": ("door/front.html", FrontView(here="/", host=HOST)),
    "api": ("door/api.html", _api()),
    "home": ("desk/home.html", HOME),
    "home-new": ("desk/home.html", replace(HOME, tiles=(), first=HOME.first[:1])),
    **stall_pages(host=HOST, frame=FRAME, station=_STATION, now=NOW),
    "runs": ("desk/runs.html", RUNS),
    "runs-none": ("desk/runs.html", RunsView(here="/desk/runs", host=HOST)),
    "run-busy": ("desk/run.html", RUN_BUSY),
    "run-roll": ("desk/run.html", RUN_ROLL),
    "sheet": ("people/sheet.html", SHEET),
    "sheet-bare": (
        "people/sheet.html",
        SheetView(
            here="/sign-in",
            host=HOST,
            title=Words("登录", "Sign in"),
            sections=(Section(id="form", title=Words("登录", "Sign in")),),
        ),
    ),
    "error": ("error.html", ERROR),
    "not-found": ("error.html", NOT_FOUND),
    "privacy": ("privacy.html", PrivacyView(here="/privacy", host=HOST)),
    "recalled-lot": ("consumer/refused.html", replace(REFUSED, verdict="recalled_lot", recalled=RECALLED_LOT)),
    "recalls": ("consumer/recalls.html", RECALLS),
    "recalls-none": ("consumer/recalls.html", replace(RECALLS, lots=(), one_lot=True, next_url=None)),
    **COMPLAINT_PAGES,
}
