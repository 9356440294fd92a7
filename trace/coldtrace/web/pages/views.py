"""What a page is given: frozen values, all decisions already taken.

A page function reads the rooms, fills one of these and calls `render`.  Templates only show or hide.  What a
consumer must never learn has no field here: prices, quantities shipped, names of intermediate customers, exact
hours of custody, papers' full numbers, vehicles, people.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coldtrace.errors import Words
from coldtrace.web.status_words import COUNTER, Advice, Status, Tone, advice_for


@dataclass(frozen=True, kw_only=True)
class Bilingual:
    """A name of the goods or of a firm in the languages in which it was stated; never formatted, only shown."""

    zh: str | None = None
    en: str | None = None

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


NOT_STATED = Bilingual()
Source = Literal["importer_declared", "certificate_verified", "official_data"]
ColdState = Literal["ok", "breach", "unknown"]
CheckResult = Literal["passed", "failed", "not_checked"]


@dataclass(frozen=True, kw_only=True)
class PageView:
    """What every page needs: `here` is the path with its query as received, `host` the published host."""

    here: str
    host: str


@dataclass(frozen=True, kw_only=True)
class NavGroup:
    """Pages of the desk that belong together; the first ones stand without a title."""

    title: Words | None
    pages: tuple[tuple[str, Words], ...]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What is around every page of somebody who is signed in: where else to go, who it is, the way out.

    `csrf` goes into every form of the page.  `purpose` is what the session says that it looks for, and `asks_purpose`
    whether it is asked at all: of whoever sees others' goods by an area.
    """

    csrf: str
    nav: tuple[NavGroup, ...]
    who: str
    purpose: str | None = None
    asks_purpose: bool = False


@dataclass(frozen=True, kw_only=True)
class DeskView(PageView):
    """A page behind a sign-in; without a frame nobody is signed in."""

    frame: Frame | None = None


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One thing of today: how many there are, and the page that shows them.

    `name` is the count's name in `today` and in the stream; `number` is None where nothing is counted, and `more` says
    that there are so many or more.  `tone` is what it means that there are some.
    """

    name: str
    title: Words
    says: Words
    url: str
    number: int | None = None
    more: bool = False
    tone: Literal["plain", "look", "stop"] = "plain"


@dataclass(frozen=True, kw_only=True)
class HomeView(DeskView):
    """What matters today; `first` are the first steps of somebody for whom there is nothing yet."""

    tiles: tuple[Tile, ...]
    first: tuple[tuple[str, Words, Words], ...] = ()


@dataclass(frozen=True, kw_only=True)
class StallAct:
    """One thing that may be done with goods."""

    value: str
    words: Words


@dataclass(frozen=True, kw_only=True)
class StallLine:
    """One statement that was made by phone, with a few of its units."""

    id: str
    act: Words
    at: datetime
    units: tuple[str, ...]
    annulled: bool
    may_undo: bool


@dataclass(frozen=True, kw_only=True)
class StallView(DeskView):
    """A stall's page for a phone.  `ref` makes sending a form twice one statement; `said` is what came of the last."""

    name: Bilingual
    gln: str
    is_open: bool
    may_open: bool
    acts: tuple[StallAct, ...] = ()
    counters: bool = False
    ref: str = ""
    codes: str = ""
    tone: Literal["ok", "look", "stop"] | None = None
    said: Words | None = None
    lately: tuple[StallLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CodePageView(PageView):
    """A page that answers a scanned code.  `decided_at` is the moment of the answer, shown in local time."""

    status: Status
    decided_at: datetime
    also: tuple[Status, ...] = ()
    verdict: str = "valid"
    code_label: str | None = None

    @property
    def advice(self) -> Advice:
        """The banner's words."""
        return advice_for(self.status, verdict=self.verdict)

    @property
    def also_advice(self) -> tuple[Advice, ...]:
        """Further statuses that hold at the same time, without the quiet ones."""
        told = (advice_for(status) for status in self.also if status is not self.status)
        return tuple(advice for advice in told if advice.tone is not Tone.OK)


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Row 2: this is look-up number `count`; the first was in the hour of `first_at`."""

    count: int
    first_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Goods:
    """Rows 3 to 11, as the first station's signed facts state them (see `goods_facts.read_goods`)."""

    product: Bilingual = NOT_STATED
    origin: Bilingual = NOT_STATED
    production_date: str | None = None
    shelf_life: str | None = None
    expiry_date: str | None = None
    days_left: int | None = None
    storage: Bilingual = NOT_STATED
    spec: str | None = None
    net_g: int | None = None
    gtin: str | None = None
    lot: str | None = None
    plant: str | None = None
    plant_reg: str | None = None
    importer: Bilingual = NOT_STATED
    importer_city: Bilingual = NOT_STATED
    port: Bilingual = NOT_STATED
    entry_date: str | None = None
    quarantine_cert: str | None = None
    quarantine_state: Source | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Repack:
    """Row 12: one repacking or change of labels.

    `act` is the statement's type with what it did to this box: it went in (`input`), came out (`output`), or was on a
    pallet that went in (`parent`).  A repacker is named; of others, who only put a new label on, `role` says who.
    """

    act: str
    role: str
    date: str
    district: str
    name: Bilingual | None = None
    by_platform: bool = False


@dataclass(frozen=True, kw_only=True)
class JourneyStop:
    """Row 13: one stay.  Role, district and local days only; `gap_before` means nobody signed the hand-over.

    `waiting`: something was said here that the proof does not have, or not yet.
    """

    role: str
    district: str
    first_date: str
    last_date: str
    acts: tuple[str, ...]
    cold: ColdState = "unknown"
    leg_cold: ColdState = "unknown"
    by_platform: bool = False
    waiting: bool = False
    gap_before: bool = False


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """Row 14.  `covered_percent` is the share of time with readings; without readings the state is unknown.

    `in_part` tells whether anything was said of it at all: some of the way may be known where all of it is not.
    """

    state: ColdState = "unknown"
    in_part: bool = False
    covered_percent: int | None = None
    highest_mdegc: int | None = None
    lowest_mdegc: int | None = None


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Row 16: the shop that scanned the box; `date` is the local day of the sale when it was sold."""

    name: Bilingual
    district: str
    date: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecallNotice:
    """Row 18, and below the banner: a recall that a statement said, on which day and by what kind of place; or that of
    a lot by its number, of which the reason is public and `url` leads to the notice.

    The reason of a statement is none of its public words (docs/formats/events.md).
    """

    published: str
    role: str | None = None
    district: str | None = None
    reason: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProofSummary:
    """The server's own verdict on the proof bundle, and where the visitor gets it.

    `pending`: the box is stated but its statements are not in the log yet.  `url` serves the bundle.
    """

    result: Literal["passed", "failed", "pending", "none"]
    url: str | None = None
    passed: int = 0
    failed: int = 0
    not_checked: int = 0


@dataclass(frozen=True, kw_only=True)
class ConsumerView(CodePageView):
    """The page of one box: rows 1 to 18 of the domain guide, section 5."""

    queries: Queries
    goods: Goods
    journey: tuple[JourneyStop, ...] = ()
    in_transit: bool = False
    temperature: Temperature = Temperature()
    repacks: tuple[Repack, ...] = ()
    seller: Seller | None = None
    recall: RecallNotice | None = None
    proof: ProofSummary = ProofSummary(result="none")
    complaint_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListedLot:
    """One lot on a pallet or open at a counter: what it is and what must be said of it, never how many."""

    product: Bilingual
    origin: Bilingual
    lot: str | None
    expiry_date: str | None
    also: tuple[Advice, ...] = ()
    notice_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class PalletView(CodePageView):
    """The page of a pallet label; `more` lots are on it than are listed."""

    queries: Queries
    lots: tuple[ListedLot, ...] = ()
    more: int = 0
    journey: tuple[JourneyStop, ...] = ()
    in_transit: bool = False
    temperature: Temperature = Temperature()
    recall: RecallNotice | None = None
    complaint_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlaceView(CodePageView):
    """The page of a place code at a door, a gate or a counter; `name` only where the site agreed to be shown.

    `open_lots` are those of which something is open at a counter; so many `more` come behind them, on the page at
    `next_url`.  Behind the first page `first_url` leads back to it.
    """

    status: Status = Status.PLACE
    role: str
    district: str
    gln: str
    door: str | None = None
    name: Bilingual = NOT_STATED
    open_lots: tuple[ListedLot, ...] = ()
    more: int = 0
    next_url: str | None = None
    first_url: str | None = None
    complaint_url: str | None = None

    @property
    def advice(self) -> Advice:
        """The banner's words: of a place at which something is on sale, that comes first."""
        return COUNTER if self.open_lots and self.status is Status.PLACE else super().advice


@dataclass(frozen=True, kw_only=True)
class ShownLink:
    """A link that an importer registered: its kind, and its title as stated."""

    kind: Words
    title: Bilingual
    href: str


@dataclass(frozen=True, kw_only=True)
class ProductView(CodePageView):
    """The page of a product's or a lot's own code, which stands for no box: links of importers, and nothing else."""

    status: Status = Status.PRODUCT
    gtin: str
    lot: str | None = None
    links: tuple[ShownLink, ...]


@dataclass(frozen=True, kw_only=True)
class UnknownView(CodePageView):
    """A code of which the platform knows nothing, or one that is signed but not registered."""

    scanned: str | None = None
    complaint_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ForeignView(CodePageView):
    """Somebody else's code.  `elements` are the parts that could be read: name of the part, value."""

    scanned: str
    elements: tuple[tuple[str, str], ...] = ()
    platform: Bilingual = NOT_STATED
    platform_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecalledGoods:
    """What is known of a recalled lot: what it is, since which local day it is recalled, and why, in one language.

    `url` leads to the notice.
    """

    product: Bilingual
    lot: str
    published: str
    reason: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecalledLot(RecalledGoods):
    """A recall notice."""

    gtin: str
    origin: Bilingual = NOT_STATED
    importer: Bilingual = NOT_STATED
    expiry_date: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecallsView(PageView):
    """The recall notices, the newest first; `one_lot` when a single lot was asked for."""

    decided_at: datetime
    lots: tuple[RecalledLot, ...] = ()
    one_lot: bool = False
    next_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefusedView(CodePageView):
    """A code that did not pass; nothing about any goods is shown, but for a genuine code of a recalled lot."""

    scanned: str | None = None
    recalled: RecalledGoods | None = None
    complaint_url: str | None = None


SampleKind = Literal["box", "sold", "recalled", "pallet", "place", "tampered", "foreign", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One code to open on the front page."""

    kind: SampleKind
    url: str


@dataclass(frozen=True, kw_only=True)
class QrPicture:
    """A QR symbol as one SVG path on a `size` by `size` grid, quiet zone included."""

    size: int
    path: str


@dataclass(frozen=True, kw_only=True)
class SampleBox:
    """The label on the front page: a real box of this installation."""

    url: str
    code_label: str
    product: Bilingual
    origin: Bilingual
    journey: tuple[JourneyStop, ...] = ()
    qr: QrPicture | None = None


@dataclass(frozen=True, kw_only=True)
class FrontView(PageView):
    """The front page.  A link that is None is not shown."""

    sample: SampleBox | None = None
    samples: tuple[Sample, ...] = ()
    base_url: str = "http://127.0.0.1:8000"
    api_docs_url: str = "/api/docs"
    openapi_url: str = "/api/openapi.json"
    trust_list_url: str = "/api/v1/trust-list"
    checkpoint_url: str | None = None
    labels_url: str | None = None
    lookup_url: str | None = None
    demo: bool = False


@dataclass(frozen=True, kw_only=True)
class ErrorView(PageView):
    """Any other answer for people: a refusal's words or a crash's request id."""

    http_status: int
    title: Words
    detail: Words
    code: str | None = None
    request_id: str | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class PrivacyView(PageView):
    """What is kept of a visitor; the days are the installation's settings, None where nothing is kept."""

    look_up_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One code run in a list: `drawn` of `wanted` codes exist."""

    url: str
    run_id: str
    kind: Literal["consignment", "roll"]
    station: Bilingual
    subject: str
    wanted: int
    drawn: int
    created_at: datetime
    no_gtin: bool = False

    @property
    def is_drawn(self) -> bool:
        """Whether every code exists."""
        return self.drawn >= self.wanted


@dataclass(frozen=True, kw_only=True)
class RunsView(DeskView):
    """The list of code runs, newest first; `next_url` leads to older ones."""

    runs: tuple[RunLine, ...] = ()
    next_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class PrintLine:
    """One print job: `done` of `total` labels were handed over to `target`; `trouble` is what stopped it."""

    layout: str
    format: str
    target: str
    state: Literal["running", "done", "failed"]
    done: int
    total: int
    updated_at: datetime
    trouble: Bilingual | None = None


@dataclass(frozen=True, kw_only=True)
class RollNumbers:
    """The numbers of a roll, as ranges such as `17-23, 40`; an empty text where there are none."""

    bound: int
    unused: str
    skipped: str
    double_bound: str
    voided: str


@dataclass(frozen=True, kw_only=True)
class LabelChoice:
    """One file of labels to download."""

    layout: str
    format: str
    url: str
