"""Use cases of the goods room: open a consignment with its lots and its code run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.uscc import parse_uscc
from coldtrace.env import Env
from coldtrace.events.facts import facts_hash
from coldtrace.goods import run_store, store
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.declarations import PROVISIONAL, was_completed
from coldtrace.goods.draw import OpenRun, Progress, open_run
from coldtrace.goods.facts import REQUIRED_PAPERS, lot_facts
from coldtrace.goods.packing_list import ConsignmentPapers, PackingList
from coldtrace.goods.plan import Identity, consignment_plan
from coldtrace.goods.refusals import DeclarationImported, NotYourImport, PaperMissing, StationUnknown
from coldtrace.goods.store import ConsignmentRecord, LotRecord
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.closing import require_open_site
from coldtrace.parties.model import Operator, Site
from coldtrace.parties.provinces import province_of
from coldtrace.rights.model import EVERYTHING, Kind, Party, Relation, Scope, Thing
from coldtrace.rights.rules import reaches


@dataclass(frozen=True, kw_only=True)
class OpenConsignment:
    """A packing list that was understood, and where it came from."""

    packing: PackingList
    station_gln: str | None
    scope: Scope
    """The stations and importers for which whoever imports may."""
    source_name: str
    source_hash: bytes
    normalised: Sequence[object]
    warnings: Sequence[object]
    carton_identity: Identity = Identity.OWN
    """What names the cartons of lines without a GTIN."""


@dataclass(frozen=True, kw_only=True)
class OpenedConsignment:
    """What an import made, or found half-made.  `drawn` of `wanted` codes exist; `draw.draw_rest` draws the others."""

    consignment_id: UUID
    run_id: UUID
    wanted: int
    drawn: int
    cartons: int
    pallets: int
    lots: int
    net_g: int


def open_consignment(session: Session, env: Env, command: OpenConsignment) -> OpenedConsignment:
    """Keep a consignment with its papers, products and lots, and draw the first piece of its codes, all or nothing.

    The same file again, while its codes are not drawn to the end, returns the consignment as it is.  Raises
    PaperMissing, StationUnknown, NotYourImport, DeclarationImported, or what `open_run` raises.  The caller owns the
    transaction.
    """
    packing, papers = command.packing, command.packing.papers
    check_required(packing)
    declaration = _declaration_of(command)
    if was_completed(session, declaration):
        raise DeclarationImported(declaration=declaration, consignment="-")
    station = station_for(session, packing, command.station_gln, command.scope)
    importer = _importer(session, env, papers)
    consignment_id = env.new_id()
    kept = store.insert_consignment(
        session,
        ConsignmentRecord(
            consignment_id=consignment_id,
            importer_id=importer.operator_id,
            station_gln=station.gln,
            declaration_no=declaration,
            container_no=papers.container_number or "",
            papers={name: _plain(value) for name, value in asdict(papers).items() if value is not None},
            cartons=packing.cartons,
            net_g=packing.net_g,
            source_name=command.source_name,
            source_hash=command.source_hash,
            normalised=command.normalised,
            warnings=command.warnings,
            state="open",
            imported_at=env.clock(),
        ),
    )
    if not kept:
        return _opened(packing, *_unfinished(session, command))
    lot_ids = _keep_lots(session, env, packing, importer=importer, consignment_id=consignment_id)
    steps = consignment_plan(packing.lines, lot_ids, identity=command.carton_identity)
    run = OpenRun(station_gln=station.gln, steps=steps, consignment_id=consignment_id)
    return _opened(packing, consignment_id, open_run(session, env, run))


def _declaration_of(command: OpenConsignment) -> str:
    """Return the declaration's number; where there is none yet, a stand-in that the same file has every time."""
    return command.packing.papers.declaration_number or f"P-{command.source_hash.hex()[:16].upper()}"


def _unfinished(session: Session, command: OpenConsignment) -> tuple[UUID, Progress]:
    """Return the consignment that this very file opened before, if its codes are not drawn to the end.

    Raises DeclarationImported for any other file, and when nothing is left to do.  A declaration is imported once,
    whoever does it; which consignment it became is told only to whoever may change that.
    """
    declaration = _declaration_of(command)
    found = store.open_declaration(session, declaration, command.scope)
    if found is not None and found[1] == command.source_hash:
        run = run_store.run_of_consignment(session, found[0])
        if run is not None and not run.is_drawn:
            return found[0], Progress(run_id=run.run_id, drawn=run.drawn, wanted=run.wanted)
    raise DeclarationImported(declaration=declaration, consignment="-" if found is None else str(found[0]))


def _opened(packing: PackingList, consignment_id: UUID, run: Progress) -> OpenedConsignment:
    return OpenedConsignment(
        consignment_id=consignment_id,
        run_id=run.run_id,
        wanted=run.wanted,
        drawn=run.drawn,
        cartons=packing.cartons,
        pallets=len(packing.pallets),
        lots=len(packing.lots),
        net_g=packing.net_g,
    )


def check_required(packing: PackingList) -> None:
    """Raise PaperMissing when nothing could be coded from this list."""
    for name, words in REQUIRED_PAPERS.items():
        # A workbook that says "provisional" has no number yet; one that says nothing was forgotten.
        is_to_come = name == "declaration_number" and packing.papers.declaration_status == PROVISIONAL
        if getattr(packing.papers, name) is None and not is_to_come:
            raise PaperMissing(paper_zh=words.zh, paper_en=words.en)


def find_station(session: Session, gln: str | None, scope: Scope) -> Site:
    """Return the named first station that may draw rolls for this scope, or its only one; raise StationUnknown."""
    return _choose(session, gln, store.stations(session, scope, Kind.ROLL))


def station_for(session: Session, packing: PackingList, gln: str | None, scope: Scope) -> Site:
    """Return the first station of an import: one of the scope, or any that an importer of the scope names.

    Without a GLN it is the only one there is.  Raises StationUnknown, or NotYourImport when neither the station nor the
    importer is in the scope: in the same words whether that importer is registered or not.
    """
    importer = parties_store.operator_of_uscc(session, parse_uscc(packing.papers.importer_uscc or ""))
    party = Party(operator_id=None if importer is None else importer.operator_id)
    own = store.stations(session, scope, Kind.CONSIGNMENT)
    if reaches(scope, Kind.CONSIGNMENT, Thing(parties={Relation.IMPORTER: party})):
        every = store.stations(session, EVERYTHING, Kind.CONSIGNMENT)
        return _choose(session, gln, own if gln is None and own else every)
    if not own or (gln is not None and gln not in own):
        raise NotYourImport()
    return _choose(session, gln, own)


def _choose(session: Session, gln: str | None, stations: Sequence[str]) -> Site:
    if gln is None and len(stations) == 1:
        gln = stations[0]
    site = None if gln is None or gln not in stations else parties_store.site(session, gln)
    if site is None:
        raise StationUnknown(gln=gln or "-")
    require_open_site(session, site.gln)
    return site


def _importer(session: Session, env: Env, papers: ConsignmentPapers) -> Operator:
    uscc = parse_uscc(papers.importer_uscc or "")
    city = province_of(uscc)
    name_zh = papers.importer_zh or papers.importer_en or uscc
    return parties.register_operator(
        session,
        env,
        uscc=uscc,
        name_zh=name_zh,
        name_en=papers.importer_en or name_zh,
        city_zh=city.zh,
        city_en=city.en,
    )


def _plain(value: object) -> object:
    """Return a paper's value as JSON keeps it."""
    if isinstance(value, dict) and value.keys() == {"year", "month", "day"}:
        return CalendarDate(value["year"], value["month"], value["day"]).iso()
    return value.isoformat() if isinstance(value, date) else value


def _keep_lots(
    session: Session, env: Env, packing: PackingList, *, importer: Operator, consignment_id: UUID
) -> dict[int, int]:
    """Keep the lots and their products; return the lot of each line by the line's place in the list."""
    lot_of: dict[int, int] = {}
    for lot in packing.lots:
        if lot.gtin is not None:
            name_zh = lot.product_zh or lot.product_en or lot.gtin
            store.keep_product(
                session,
                gtin=lot.gtin,
                name_zh=name_zh,
                name_en=lot.product_en or name_zh,
                hs_code=packing.papers.hs_code or "",
                at=env.clock(),
            )
        facts = lot_facts(packing.papers, lot, importer=importer, random=env.random)
        lot_id = store.insert_lot(
            session,
            LotRecord(
                consignment_id=consignment_id,
                gtin=lot.gtin,
                lot=lot.printed_lot,
                maker_lot=lot.lot,
                production_date=lot.production_date.iso(),
                expiry_date=lot.expiry,
                spec=lot.spec or "",
                cartons=lot.cartons,
                net_g=lot.net_g,
                facts=facts,
                facts_hash=facts_hash(facts),
            ),
        )
        lot_of |= {id(line): lot_id for line in lot.lines}
    return {place: lot_of[id(line)] for place, line in enumerate(packing.lines)}
