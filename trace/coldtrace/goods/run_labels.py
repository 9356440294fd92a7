"""The labels of a code run: what each issued code says on its carton or pallet."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import format_short_code
from coldtrace.errors import Words
from coldtrace.events.facts import Facts, read_facts
from coldtrace.goods import run_store, store
from coldtrace.goods.refusals import RunUnfinished, RunUnknown
from coldtrace.goods.store import IssuedCode
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.rights.model import Scope

UNNAMED = Words("冷链货物", "Cold-chain goods")
"""The name on a label of a roll: it must stay true whatever the label is put on."""


def run_labels(session: Session, run_id: UUID, scope: Scope) -> Iterator[LabelContent]:
    """Yield the labels of a run of the scope in the order of its codes: each pallet's cartons, then the pallet.

    Raises RunUnknown, or RunUnfinished while not all its codes exist, at once.
    """
    run = run_store.find_run(session, run_id, scope)
    if run is None:
        raise RunUnknown(id=str(run_id))
    if not run.is_drawn:
        raise RunUnfinished(id=str(run_id), drawn=run.drawn, wanted=run.wanted)
    return contents_of(store.codes_of_run(session, run_id))


def contents_of(codes: Iterable[IssuedCode]) -> Iterator[LabelContent]:
    """Yield the labels of codes that come in the order of their run."""
    known: dict[str, Facts] = {}
    first: Facts = {}
    cartons = 0
    for code in codes:
        if code.kind == "pallet":
            yield _pallet(code, first, cartons)
            first, cartons = {}, 0
            continue
        facts = known.setdefault(code.facts or "", {} if code.facts is None else read_facts(code.facts))
        first, cartons = first or facts, cartons + 1
        yield carton_label(code, facts)


def carton_label(code: IssuedCode, facts: Facts) -> LabelContent:
    """Return the label of one carton; a roll's label that has no lot yet says whose it is, and its number."""
    is_blank = code.roll_count is not None and not facts
    return LabelContent(
        uri=code.uri,
        gs1_text=_bracketed(code.uri),
        kind=LabelKind.UNIT,
        product_zh=str(facts.get("product_zh") or facts.get("product_en") or (UNNAMED.zh if is_blank else "")),
        product_en=str(facts.get("product_en") or (UNNAMED.en if is_blank else "")),
        lot=str(facts.get("maker_lot") or facts.get("lot", "")),
        production_date=str(facts.get("production_date", "")),
        expiry_date=str(facts.get("expiry_date", "")),
        origin_zh=str(facts.get("origin_zh", "")),
        origin_en=str(facts.get("origin_en", "")),
        net_g=code.net_g,
        storage_zh=str(facts.get("storage_zh", "")),
        storage_en=str(facts.get("storage_en", "")),
        importer_zh=str(facts.get("importer_zh", "")),
        importer_en=str(facts.get("importer_en", "")),
        plant_reg=str(facts.get("plant_reg", "")),
        short_code="" if code.serial is None else format_short_code(code.serial),
        roll_number=code.position if is_blank else None,
        roll_count=code.roll_count if is_blank else None,
        station_zh=(code.station_zh or "") if is_blank else "",
        station_en=(code.station_en or "") if is_blank else "",
    )


def _bracketed(uri: str) -> str:
    """Return what a code says in the form that people read: `(01)...(10)...(21)...`."""
    return "".join(f"({ai}){value}" for ai, value in parse_trace_code(uri).elements)


def _pallet(code: IssuedCode, first: Facts, cartons: int) -> LabelContent:
    return LabelContent(
        uri=code.uri,
        gs1_text=_bracketed(code.uri),
        kind=LabelKind.PALLET,
        product_zh=str(first.get("product_zh") or first.get("product_en") or ""),
        product_en=str(first.get("product_en", "")),
        lot=str(first.get("maker_lot") or first.get("lot", "")),
        production_date=str(first.get("production_date", "")),
        expiry_date=str(first.get("expiry_date", "")),
        origin_zh=str(first.get("origin_zh", "")),
        origin_en=str(first.get("origin_en", "")),
        net_g=code.net_g,
        storage_zh=str(first.get("storage_zh", "")),
        storage_en=str(first.get("storage_en", "")),
        importer_zh=str(first.get("importer_zh", "")),
        importer_en=str(first.get("importer_en", "")),
        count=cartons or None,
        note_zh=f"托盘 {code.pallet}",
        note_en=f"Pallet {code.pallet}",
    )
