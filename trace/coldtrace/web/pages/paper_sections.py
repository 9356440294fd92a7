"""What pages show of papers: the list of a consignment, the form that declares one, what a shipment still lacks."""

from collections.abc import Collection, Sequence
from datetime import date

from coldtrace.errors import Words
from coldtrace.goods.paper_bytes import ACCEPTED
from coldtrace.goods.paper_rules import (
    PAPER_KIND_WORDS,
    PAPER_STATE_WORDS,
    LackingPaper,
    NeedLevel,
    Paper,
    PaperKind,
    PaperState,
)
from coldtrace.web.pages.desk_form import STATE
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section

KIND, NUMBER = Words("单证", "Paper"), Words("编号", "Number")
ISSUER, VALIDITY = Words("签发机构", "Issuer"), Words("有效期", "Validity")
DECLARED_AT, FILE = Words("上传时间", "Declared"), Words("文件", "File")
_TONES = {
    PaperState.DECLARED: "look",
    PaperState.CHECKED: "ok",
    PaperState.VERIFIED: "ok",
    PaperState.REJECTED: "stop",
}


def papers_section(papers: Sequence[Paper], *, today: date, form: Form | None, next_url: str | None) -> Section:
    """Return the papers of one consignment, and the form that adds one."""
    return Section(
        id="papers",
        title=Words("单证", "Papers"),
        lead=Words(
            "单证不作修改：新上传的一份替换旧的，旧的保留在清单中。",
            "Papers are not edited: a new one takes the place of the older, which stays in the list.",
        ),
        columns=(KIND, NUMBER, ISSUER, VALIDITY, STATE, DECLARED_AT, FILE),
        rows=tuple(paper_row(each, today=today) for each in papers),
        empty=Words(
            "还没有单证。上传入境货物检验检疫证明、卫生证书等的扫描件（PDF、JPEG 或 PNG），"
            "监管部门、海关或首站可据此核对。",
            "No paper yet. Upload scans of the quarantine certificate, the health certificate and others (PDF, JPEG or"
            " PNG), so that a regulator, customs or the first station can check them.",
        ),
        next_url=next_url,
        forms=() if form is None else (form,),
    )


def paper_row(paper: Paper, *, today: date, declaration: bool = False) -> Row:
    """Return a paper as a line of a table; with its `declaration` where several consignments stand together."""
    first = (Cell(text=paper.declaration_no, url=f"/desk/consignments/{paper.consignment_id}"),) if declaration else ()
    return Row(
        id=str(paper.paper_id),
        cells=(
            Cell(words=PAPER_KIND_WORDS[paper.kind], url=f"/desk/papers/{paper.paper_id}"),
            *first,
            Cell(text=paper.number),
            Cell(text=paper.issuer),
            validity_cell(paper, today=today),
            state_cell(paper),
            Cell(moment=paper.declared_at),
            Cell(text=size_of(paper), url=f"/desk/papers/{paper.paper_id}/file"),
        ),
    )


def state_cell(paper: Paper) -> Cell:
    """Return how far a paper was verified, or that another took its place."""
    if paper.replaced_by is not None:
        return Cell(words=Words("已被替换", "Replaced"))
    return Cell(words=PAPER_STATE_WORDS[paper.state], tone=_TONES[paper.state])  # type: ignore[arg-type]


def validity_cell(paper: Paper, *, today: date) -> Cell:
    """Return from when until when a paper is valid, and that it is over."""
    if paper.valid_from is None and paper.valid_until is None:
        return Cell(text="-")
    begin, end = paper.valid_from, paper.valid_until
    if begin is not None and end is not None:
        span = Words(f"{begin} – {end}", f"{begin} – {end}")
    else:
        span = Words(f"至 {end}", f"until {end}") if begin is None else Words(f"{begin} 起", f"from {begin}")
    if paper.is_over(today) and paper.replaced_by is None:
        return Cell(words=Words(f"{span.zh}（已过期）", f"{span.en} (over)"), tone="stop")
    return Cell(words=span)


def size_of(paper: Paper) -> str:
    """Return what a file is and how large: "PDF, 178 KiB"."""
    return f"{paper.media_type.rpartition('/')[2].upper()}, {max(1, paper.size // 1024):,} KiB"


def upload_form(consignment_id: object, *, limit_bytes: int, replaced: Paper | None = None) -> Form:
    """Return the form that declares a paper of a consignment, or one that takes the place of another."""
    older = replaced
    kind = (
        Field(
            name="kind",
            label=Words("单证类别", "Kind of paper"),
            kind="select",
            choices=tuple(Choice(value=each.value, label=PAPER_KIND_WORDS[each]) for each in PaperKind),
        )
        if older is None
        else Field(name="kind", label=KIND, kind="hidden", value=older.kind.value)
    )
    mib = limit_bytes // (1024 * 1024)
    return Form(
        action="/desk/papers",
        submit=Words("上传单证", "Upload the paper") if older is None else Words("上传并替换", "Upload in its place"),
        quiet=older is not None,
        fields=(
            Field(name="consignment", label=KIND, kind="hidden", value=str(consignment_id)),
            *(() if older is None else (Field(name="replaces", label=KIND, kind="hidden", value=str(older.paper_id)),)),
            kind,
            Field(name="number", label=NUMBER, value="" if older is None else older.number),
            Field(name="issuer", label=ISSUER, value="" if older is None else older.issuer),
            Field(name="valid_from", label=Words("有效期起", "Valid from"), kind="date", required=False),
            Field(
                name="valid_until",
                label=Words("有效期止", "Valid until"),
                kind="date",
                required=False,
                help=Words("单证上没有写明的，留空。", "Leave empty what the paper does not say."),
            ),
            Field(
                name="file",
                label=FILE,
                kind="file",
                accept=ACCEPTED,
                help=Words(f"PDF、JPEG 或 PNG，最大 {mib} MiB。", f"PDF, JPEG or PNG, at most {mib} MiB."),
            ),
        ),
    )


def lacking_cells(lacking: Collection[LackingPaper]) -> tuple[Cell, Cell, Cell]:
    """Return the row that says what a shipment still lacks, and what comes of it."""
    stops = any(each.level is NeedLevel.BLOCK for each in lacking)
    zh = "、".join(f"{PAPER_KIND_WORDS[each.kind].zh}{_least(each).zh}" for each in lacking)
    en = ", ".join(f"{small(PAPER_KIND_WORDS[each.kind].en)}{_least(each).en}" for each in lacking)
    after = (
        Words("。缺少时出库会被拦截。", ". Without them an out-scan is stopped.")
        if stops
        else Words("。缺少时出库会有提醒。", ". Without them an out-scan is remarked on.")
    )
    return (
        Cell(words=Words("单证", "Papers")),
        Cell(words=Words(zh + after.zh, en[:1].upper() + en[1:] + after.en), tone="stop" if stops else "look"),
        Cell(words=Words("上传单证", "Upload them"), url="#papers"),
    )


def _least(each: LackingPaper) -> Words:
    return {
        PaperState.CHECKED: Words("（须经核对）", " (checked)"),
        PaperState.VERIFIED: Words("（须经核实）", " (verified)"),
    }.get(each.least, Words("", ""))


def small(text: str) -> str:
    """Return a name as it stands within a sentence."""
    return text[:1].lower() + text[1:]
