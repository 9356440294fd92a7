"""The never-shown list, walked: every field of the database is looked for in everything that a visitor gets.

Whatever is found there must be named below; a new column that reaches a page, a proof or a linkset fails this test
until somebody has decided that it may.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from coldtrace.codes.counter_name import counter_name
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import stops
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from support import consignments as goods
from support.boxes import ZH, make_world
from support.call_scene import fresh_declaration
from support.house import GLNS, unit_line
from support.web_house import LINKSET, PAGE, PROOF, WebHouse

SHORTEST = 5
"""Shorter texts are found in anything."""

FACTS = (
    "entry_date expiry_date gtin importer_city_en importer_en importer_zh lot origin_en plant plant_reg port_en"
    " product_en product_zh production_date quarantine_cert quarantine_state salt source spec storage_en storage_zh"
)
"""The facts text of a lot, whose hash is signed: a proof has it whole, so all of it may be shown, numbers masked."""

SAME_FACTS = (
    "consignment.papers.entry_date consignment.papers.importer_en consignment.papers.importer_zh"
    " consignment.papers.origin_en consignment.papers.overseas_registration consignment.papers.plant"
    " consignment.papers.port_en consignment.papers.storage_en consignment.papers.storage_zh"
    " code_run.plan.steps.gtin code_run.plan.steps.lot lot.gtin lot.lot lot.maker_lot lot.production_date lot.spec"
    " operator.city_en operator.name_en operator.name_zh product.gtin product.name_en product.name_zh"
    " code_run.plan.steps.net_g issued_code.net_g lot.facts.net_g lot.net_g"
    " recalled_lot.gtin recalled_lot.lot recalled_lot.reason stray_look.gtin stray_look.lot"
)
"""The same said elsewhere; of firms only the importer's name is found, see below."""

THE_CODE = (
    "issued_code.kid issued_code.kind issued_code.serial issued_code.unit_id issued_code.uri unit.unit_id unit.state"
    " consumer_lookup.unit_id look_cell.unit_id look_visitor.unit_id look_network.unit_id"
    " sscc_counter.company_prefix site.company_prefixes code_run.kid"
)
"""What the label has itself."""

PROOF_OF_IT = (
    "containment.packed_by containment.unpacked_by device.alg device.certificate device.certificate.district"
    " device.certificate.naf device.certificate.nbf device.certificate.net device.certificate.role"
    " device.certificate.site device.certificate.spki device.certificate.use device.certificate_sig device.state"
    " installation.root installation.root.roots.alg installation.root.roots.spki ledger_entry.entry_id"
    " ledger_entry_1.entry_id ledger_leaf.entry_id ledger_leaf_1.entry_id ledger_log.origin ledger_log.vkey"
    " root_version.root root_version.root.roots.alg root_version.root.roots.spki signing_key.alg signing_key.kid"
    " signing_key.state signing_key.use statement.entry_id statement.type statement_line.entry_id statement_line.role"
    " device.key_id device.operations device.spki installation.net invite.operations invite.used_by"
    " issued_code.code_hash ledger_checkpoint.root ledger_entry.leaf_hash ledger_entry_1.leaf_hash ledger_head.root"
    " ledger_leaf.leaf_hash ledger_leaf_1.leaf_hash ledger_published.root lot.facts_hash signing_key.spki"
    " statement.header_hash statement.key_id statement.prev"
    " statement_party.entry_id statement_piece.entry_id statement_piece.piece trust_list.envelope"
    " trust_list.envelope.sigs.alg trust_list.envelope.sigs.sig"
)
"""Keys, certificates without a firm's name, the names of statements and the open pieces, the trust list."""

PLACES = (
    "site.district site.role membership.role statement_party.district statement_party.relation site.name_en"
    " site.name_zh site.gln unit.gln statement.gln statement.to_gln statement_line.from_gln statement_party.gln"
    " code_quota.gln code_run.station_gln consignment.station_gln device.gln invite.gln signing_key.gln"
)
"""Kinds of places and districts; of names only the seller's, and of numbers only those of the sign that was scanned
and of first stations, which are on the trust list: see below."""

MAY_BE_SHOWN = {f"lot.facts.{name}" for name in FACTS.split()} | {
    name for names in (SAME_FACTS, THE_CODE, PROOF_OF_IT, PLACES) for name in names.split()
}

NEVER = (
    goods.DECLARATION,
    goods.CERTIFICATE,
    goods.HEALTH_CERTIFICATE,
    goods.BILL_OF_LADING,
    goods.CONTAINER,
    goods.SEAL,
    goods.IMPORTER_USCC,
)


@pytest.fixture(scope="module")
def shown(shared: WebHouse) -> dict[str, str]:
    """Everything a visitor gets of boxes in each state, a pallet, a counter and a recall, by what was asked."""
    world = make_world(shared)
    web = world.web
    with web.sessions.begin() as session:
        for gln in GLNS.values():
            session.execute(
                text("UPDATE site SET name_zh = :zh, name_en = :en WHERE gln = :gln"),
                {"zh": f"冷库名称{gln[-4:]}", "en": f"Name of place {gln[-4:]}", "gln": gln},
            )
    open_box = world.consignment.pallets[0].cartons[2]
    web.tell(SiteRole.RETAILER, T.OPEN, [unit_line(open_box.unit_id, counter=counter_name("C1"))])
    recalled = web.consignment(declaration=fresh_declaration(), cartons=1, lot="RECALLED7")
    web.commission(recalled.pallets[0])
    with web.sessions.begin() as session:
        stops.recall_lot(session, web.env, gtin=goods.GTIN, lot="RECALLED7", reason="found by a laboratory")
        # A consignment of one carton weighs what the carton does.
        session.execute(text("UPDATE consignment SET net_g = net_g + 7654321"))
    web.settle()
    codes = {
        "sold": world.sold,
        "shelf": world.shelf,
        "moving": world.moving,
        "blank": world.blank,
        "pallet": world.pallet,
        "loaded pallet": recalled.pallets[0].label.uri,
        "recalled": recalled.carton.uri,
        "tampered": world.sold.replace("/21/", "/21/0"),
        "counter": web.signed([("414", GLNS[SiteRole.RETAILER]), ("254", "C1")]),
        "place": web.place_code(GLNS[SiteRole.COLD_STORE]),
    }
    asked = {"zh": ZH, "en": PAGE, "proof": {"Accept": PROOF}, "linkset": {"Accept": LINKSET}}
    found = {
        f"{name} {how}": web.client.get(web.path(uri), headers=headers).text
        for name, uri in codes.items()
        for how, headers in asked.items()
    }
    for path in (
        "/recalls",
        f"/find?code={quote('https://www.example.com/01/09506000134352', safe='')}",
        "/complaints",
    ):
        for how in ("zh", "en"):
            found[f"{path} {how}"] = web.client.get(path, headers=asked[how]).text
    assert "RECALLED7" in found["/recalls en"]
    assert '"statements"' in found["sold proof"]
    return found


def test_every_field_that_a_visitor_gets_is_one_that_may_be_shown(shared: WebHouse, shown: dict[str, str]) -> None:
    everything = "\n".join(shown.values())
    with shared.engine.connect() as connection:
        found = {
            where
            for where, value in _fields(connection)
            if len(value) >= SHORTEST and (_told(value, everything) or json.dumps(value)[1:-1] in everything)
        }
    assert {"lot.facts.product_zh", "device.certificate.spki"} <= found
    assert found <= MAY_BE_SHOWN, "\n".join(sorted(found - MAY_BE_SHOWN))


_HOUR = re.compile(r"(?<![0-9:])[0-2]?[0-9]:[0-5][0-9](?![0-9])")


def test_no_page_tells_the_hour_of_anything_but_its_own_look_ups(shown: dict[str, str]) -> None:
    pages = {asked: page for asked, page in shown.items() if asked.endswith((" zh", " en"))}
    for asked, page in pages.items():
        row = re.sub(r'(?s)<section class="strip".*?</section>', "", page)
        words = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", row)
        words = re.sub(r"(查询时间|Looked up) [^\n]*", "", words)
        found = [words[max(0, at.start() - 60) : at.end()] for at in _HOUR.finditer(words)]
        assert found == [], asked


@pytest.mark.parametrize("secret", NEVER)
def test_numbers_of_papers_are_in_no_answer(shown: dict[str, str], secret: str) -> None:
    assert [asked for asked, answer in shown.items() if secret in answer] == []


def test_no_place_but_the_seller_is_named(shown: dict[str, str]) -> None:
    for asked, answer in shown.items():
        for role, gln in GLNS.items():
            named = f"冷库名称{gln[-4:]}" in answer or f"Name of place {gln[-4:]}" in answer
            assert named is (role is SiteRole.RETAILER and asked in ("sold zh", "sold en")), (asked, role)


def test_no_number_of_a_place_but_the_scanned_one_and_first_stations(shown: dict[str, str]) -> None:
    signs = {SiteRole.RETAILER: "counter", SiteRole.COLD_STORE: "place"}
    for role, gln in GLNS.items():
        told = {asked.partition(" ")[0] for asked, answer in shown.items() if gln in answer}
        allowed = {"sold", "shelf", "moving"} if role is SiteRole.FIRST_STATION else {signs.get(role)}
        assert told <= allowed, (role, told)


def test_no_firm_but_the_importer_is_named(shared: WebHouse, shown: dict[str, str]) -> None:
    with shared.engine.connect() as connection:
        firms = connection.execute(text("SELECT uscc, name_zh, name_en FROM operator")).all()
    others = [firm for firm in firms if firm.uscc != goods.IMPORTER_USCC]
    assert len(others) >= 1
    for firm in others:
        for name in (firm.uscc, firm.name_zh, firm.name_en):
            assert [asked for asked, answer in shown.items() if name in answer] == [], name


def _told(value: str, everything: str) -> bool:
    """Tell whether a value is in an answer; of a number, whether it stands there by itself."""
    if re.fullmatch(r"-?[0-9]+", value):
        return re.search(rf"(?<![0-9A-Za-z_-]){value}(?![0-9A-Za-z_-])", everything) is not None
    return value in everything


def _fields(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield every text and number of every table, bytes, JSON and arrays opened, with the name of its column.

    Days and moments are all of the world's one day; what a page tells of them is looked at by itself.
    """
    columns = connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type NOT IN ('boolean', 'date', 'timestamp with time zone')"
        )
    ).all()
    assert len(columns) > 100
    for table, column in columns:
        asked = f'SELECT DISTINCT to_jsonb("{column}")::text FROM "{table}" WHERE "{column}" IS NOT NULL'
        for value in connection.execute(text(asked)).scalars():
            yield from _read(f"{table}.{column}", json.loads(value))


def _read(where: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield a value as it may be told: bytes in base64 and in hex, too."""
    if isinstance(value, str):
        yield from _opened(where, value)
        if value.startswith("\\x"):
            data = bytes.fromhex(value[2:])
            yield from ((where, told) for told in (data.hex(), b64(data)))
    else:
        yield from _leaves(where, value)


def _opened(where: str, value: str) -> Iterator[tuple[str, str]]:
    yield where, value
    if value[:1] not in "[{":
        return
    try:
        parsed = json.loads(value)
    except ValueError:
        return
    yield from _leaves(where, parsed)


def _leaves(where: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(f"{where}.{name}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(where, each)
    elif isinstance(value, str):
        yield where, value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield where, str(value)
