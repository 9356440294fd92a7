"""A small consignment as the broker's workbook would bring it, and what a first station says of its cartons."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.gtin import parse_gtin
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.env import Env
from coldtrace.events.facts import facts_hash
from coldtrace.events.units_piece import Line
from coldtrace.goods import service as goods
from coldtrace.goods import store as goods_store
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.packing_list import ConsignmentPapers, PackedLine, PackingList
from coldtrace.goods.plan import Identity
from coldtrace.goods.shelf_life import ShelfLife
from coldtrace.goods.store import IssuedCode
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from support.house import unit_line

GTIN = "19521234543210"
LOT = "L2409A17"
PRODUCED = CalendarDate(2026, 9, 3)

# Every number that a consumer may see only in part, or not at all.
DECLARATION = "020220261000000123"
CERTIFICATE = "120000226099887001"
HEALTH_CERTIFICATE = "BR-HC-7788990011"
BILL_OF_LADING = "COSU6199887766"
CONTAINER = "CSQU3054383"
SEAL = "SEAL5566778"
IMPORTER_USCC = "91120118MA00000011"
IMPORTER_ZH = "天津渤海进口食品有限公司"
IMPORTER_EN = "Tianjin Bohai Imported Foods Co., Ltd."


@dataclass(frozen=True, kw_only=True)
class Pallet:
    """One pallet label and the cartons that belong on it."""

    label: IssuedCode
    cartons: tuple[IssuedCode, ...]


@dataclass(frozen=True, kw_only=True)
class Consignment:
    """An opened consignment with its codes."""

    consignment_id: UUID
    run_id: UUID
    pallets: tuple[Pallet, ...]

    @property
    def carton(self) -> IssuedCode:
        """The first carton."""
        return self.pallets[0].cartons[0]


def packing_list(
    *,
    pallets: int = 1,
    cartons: int = 3,
    declaration: str = DECLARATION,
    gtin: str | None = GTIN,
    importer: str = IMPORTER_USCC,
    lot: str = LOT,
    produced: CalendarDate = PRODUCED,
) -> PackingList:
    """Return a packing list of one lot of frozen beef."""
    shelf_life = ShelfLife(24, "month")
    papers = ConsignmentPapers(
        declaration_number=declaration,
        declaration_status="final",
        container_number=CONTAINER,
        seal_number=SEAL,
        bill_of_lading=BILL_OF_LADING,
        port_code="CNTXG",
        port_zh="天津新港",
        port_en="Tianjin Xingang",
        entry_date=CalendarDate(2026, 11, 20),
        importer_uscc=importer,
        importer_zh=IMPORTER_ZH,
        importer_en=IMPORTER_EN,
        overseas_registration="CBRA01012201010001",
        overseas_registration_kind="gacc",
        plant="SIF 385",
        origin="BR",
        origin_zh="巴西",
        origin_en="Brazil",
        quarantine_certificate=CERTIFICATE,
        health_certificate=HEALTH_CERTIFICATE,
        storage_zh="-18℃以下冷冻保存",
        storage_en="Keep frozen at or below -18 °C",
        hs_code="0202300090",
    )
    lines = tuple(
        PackedLine(
            sheet="装箱单",
            row=10 + number,
            number=number + 1,
            pallet=f"P{number + 1:02}",
            carton_ranges=(),
            product_zh="冻去骨牛腩",
            product_en="Frozen boneless beef brisket",
            gtin=None if gtin is None else parse_gtin(gtin),
            lot=lot,
            intake_lot=None,
            production_date=produced,
            shelf_life=shelf_life,
            expiry=shelf_life.expiry(produced),
            spec="20kg/箱",
            cartons=cartons,
            net_g=20_000 * cartons,
            gross_g=None,
            remark=None,
        )
        for number in range(pallets)
    )
    return PackingList(papers=papers, lines=lines)


EXPIRY: date = ShelfLife(24, "month").expiry(PRODUCED)


def open_consignment(
    session: Session,
    env: Env,
    *,
    carton_identity: Identity = Identity.OWN,
    station: str | None = None,
    scope: Scope = EVERYTHING,
    **contents: Any,
) -> Consignment:
    """Open a consignment of a `packing_list` and return its codes, pallet by pallet.  The caller commits."""
    opened = goods.open_consignment(
        session,
        env,
        goods.OpenConsignment(
            packing=packing_list(**contents),
            station_gln=station,
            scope=scope,
            source_name="packing-list.xlsx",
            source_hash=bytes(32),
            normalised=[],
            warnings=[],
            carton_identity=carton_identity,
        ),
    )
    found: list[Pallet] = []
    loose: list[IssuedCode] = []
    for code in goods_store.codes_of_run(session, opened.run_id):
        if code.kind == "pallet":
            found.append(Pallet(label=code, cartons=tuple(loose)))
            loose = []
        else:
            loose.append(code)
    return Consignment(consignment_id=opened.consignment_id, run_id=opened.run_id, pallets=tuple(found))


def commission_line(code: IssuedCode) -> Line:
    """Return the line with which a first station binds a code: it repeats the hash of what the code signs."""
    printed = parse_trace_code(code.uri)
    assert printed.token is not None
    signed = signing_input(decode_token(printed.token).header, printed.elements)
    return unit_line(code.unit_id, code=b64(sha256(signed)))


def facts_of(code: IssuedCode) -> bytes:
    """Return the hash of the facts that a carton's commission statement names."""
    assert code.facts is not None
    return facts_hash(code.facts)
