"""Use cases of the goods room: open a consignment with its lots and its code run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.uscc import parse_uscc
from coldtrace.env import Env
from coldtrace.events.facts import facts_hash
from coldtrace.goods import store
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.facts import REQUIRED_PAPERS, lot_facts
from coldtrace.goods.mint import Minter
from coldtrace.goods.packing_list import ConsignmentPapers, PackedLine, PackingList
from coldtrace.goods.refusals import DeclarationImported, GtinMissing, PaperMissing, StationUnknown
from coldtrace.goods.store import ConsignmentRecord, LotRecord
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties import trust
from coldtrace.parties.model import Operator, Site, SiteRole
from coldtrace.parties.provinces import province_of


@dataclass(frozen=True, kw_only=True)
class OpenConsignment:
    """A packing list that was understood, and where it came from."""

    packing: PackingList
    station_gln: str | None
    source_name: str
    source_hash: bytes
    normalised: Sequence[object]
    warnings: Sequence[object]


@dataclass(frozen=True, kw_only=True)
class OpenedConsignment:
    """What an import made."""

    consignment_id: UUID
    run_id: UUID
    cartons: int
    pallets: int
    lots: int
    net_g: int


def open_consignment(session: Session, env: Env, command: OpenConsignment) -> OpenedConsignment:
    """Keep a consignment with its papers, products and lots, and draw its codes, all or nothing.

    Raises PaperMissing, GtinMissing, StationUnknown or DeclarationImported.  The caller owns the transaction.
    """
    packing, papers = command.packing, command.packing.papers
    check_required(packing)
    station = find_station(session, command.station_gln)
    importer = _importer(session, env, papers)
    consignment_id = env.new_id()
    kept = store.insert_consignment(
        session,
        ConsignmentRecord(
            consignment_id=consignment_id,
            importer_id=importer.operator_id,
            station_gln=station.gln,
            declaration_no=papers.declaration_number or "",
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
        known = store.open_declaration(session, papers.declaration_number or "")
        raise DeclarationImported(declaration=papers.declaration_number, consignment=str(known))
    lot_ids = _keep_lots(session, env, packing, importer=importer, consignment_id=consignment_id)
    run_id = _draw_codes(session, env, packing, station=station, consignment_id=consignment_id, lot_ids=lot_ids)
    return OpenedConsignment(
        consignment_id=consignment_id,
        run_id=run_id,
        cartons=packing.cartons,
        pallets=len(packing.pallets),
        lots=len(packing.lots),
        net_g=packing.net_g,
    )


def check_required(packing: PackingList) -> None:
    """Raise PaperMissing or GtinMissing when nothing could be coded from this list."""
    for name, words in REQUIRED_PAPERS.items():
        if getattr(packing.papers, name) is None:
            raise PaperMissing(paper_zh=words.zh, paper_en=words.en)
    for line in packing.lines:
        if line.gtin is None:
            raise GtinMissing(sheet=line.sheet, row=line.row)


def find_station(session: Session, gln: str | None) -> Site:
    """Return the named first station, or the only one there is; raise StationUnknown."""
    stations = [site for site in parties_store.sites(session) if site.role is SiteRole.FIRST_STATION]
    if gln is None and len(stations) == 1:
        return stations[0]
    for station in stations:
        if station.gln == gln:
            return station
    raise StationUnknown(gln=gln or "-")


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
) -> dict[tuple[str, str], int]:
    lot_ids = {}
    for lot in packing.lots:
        assert lot.gtin is not None, "lines without a GTIN were refused"
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
        lot_ids[str(lot.gtin), lot.lot] = store.insert_lot(
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
    return lot_ids


def _draw_codes(
    session: Session,
    env: Env,
    packing: PackingList,
    *,
    station: Site,
    consignment_id: UUID,
    lot_ids: dict[tuple[str, str], int],
) -> UUID:
    pallets: dict[str, list[PackedLine]] = {}
    for line in packing.lines:
        pallets.setdefault(line.pallet or "", []).append(line)
    run_id, now = env.new_id(), env.clock()
    key = trust.code_key(session, env, station.gln, now)
    minter = Minter(
        host=env.public_host,
        signer=key.signer,
        company_prefix=key.company_prefixes[0],
        random=env.random,
        next_reference=lambda: store.next_sscc_reference(session),
    )
    codes = list(minter.mint(pallets))
    store.insert_run(
        session,
        run_id=run_id,
        consignment_id=consignment_id,
        station_gln=station.gln,
        kid=key.kid,
        wanted=len(codes),
        at=now,
    )
    store.insert_codes(session, run_id, codes, lot_ids, kid=key.kid, at=now)
    return run_id
