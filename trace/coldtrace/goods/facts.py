"""The product facts of one lot as every consumer of it will read them, signed into its commission statements.

They are frozen at import: a later change is a correction, never an edit.  Paper numbers are masked here already,
because the text is disclosed whole with each proof.
"""

from collections.abc import Callable

from coldtrace.errors import Words
from coldtrace.events.facts import write_facts
from coldtrace.goods.packing_list import ConsignmentPapers, PackedLot
from coldtrace.parties.model import Operator

IMPORTER_DECLARED = "importer_declared"


def lot_facts(papers: ConsignmentPapers, lot: PackedLot, *, importer: Operator, random: Callable[[int], bytes]) -> str:
    """Return the exact facts text of one lot; what the papers do not say is left out."""
    shelf_life = None if lot.shelf_life is None else lot.shelf_life.iso()
    facts: dict[str, str | int | None] = {
        "product_zh": lot.product_zh,
        "product_en": lot.product_en,
        "gtin": lot.gtin,
        "lot": lot.printed_lot,
        "maker_lot": None if lot.intake_lot is None else lot.lot,
        "origin": papers.origin,
        "origin_zh": papers.origin_zh,
        "origin_en": papers.origin_en,
        "production_date": lot.production_date.iso(),
        "shelf_life": shelf_life,
        "expiry_date": None if lot.expiry is None else lot.expiry.isoformat(),
        "storage_zh": papers.storage_zh,
        "storage_en": papers.storage_en,
        "spec": lot.spec,
        "net_g": lot.carton_net_g,
        "plant": papers.plant,
        "plant_reg": papers.overseas_registration,
        "importer_zh": importer.name_zh,
        "importer_en": importer.name_en,
        "importer_city_zh": importer.city_zh,
        "importer_city_en": importer.city_en,
        "port_zh": papers.port_zh,
        "port_en": papers.port_en,
        "entry_date": None if papers.entry_date is None else papers.entry_date.iso(),
        "quarantine_cert": None if papers.quarantine_certificate is None else masked(papers.quarantine_certificate),
        "quarantine_state": None if papers.quarantine_certificate is None else IMPORTER_DECLARED,
        "source": IMPORTER_DECLARED,
    }
    return write_facts({name: value for name, value in facts.items() if value is not None}, random)


def masked(number: str) -> str:
    """Keep the first and last four signs of a paper's number (domain guide, section 5, row 11)."""
    return number if len(number) <= 4 else f"{number[:4]}…{number[-4:]}" if len(number) > 11 else f"…{number[-4:]}"


REQUIRED_PAPERS: dict[str, Words] = {
    "declaration_number": Words("报关单号", "declaration number"),
    "container_number": Words("集装箱号", "container number"),
    "importer_uscc": Words("境内收货人统一社会信用代码", "importer's unified social credit code"),
    "quarantine_certificate": Words("入境货物检验检疫证明编号", "quarantine certificate number"),
    "overseas_registration": Words("境外生产企业注册编号", "overseas registration number"),
}
"""Without these nothing is coded; the paper gate with its policies comes with the desk."""
