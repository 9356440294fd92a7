"""Which lists `coldtrace bench desk` asks for, by whom, and where each is far behind its first page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from coldtrace.cli.bench.desk_world import BIG_STORE_NUMBER
from coldtrace.codes.check_digit import check_digit


def gln_of(number: int) -> str:
    """Return the GLN of a site of the city by its number."""
    body = f"{number:012}"
    return body + check_digit(body)


STORE = gln_of(BIG_STORE_NUMBER)
STORE_ID = f"CAST(lpad(to_hex({BIG_STORE_NUMBER}), 32, '0') AS uuid)"


@dataclass(frozen=True, kw_only=True)
class List:
    """A list: who asks, at which address, `deep` the question for the cursor of a page far behind, and `narrowed`, the
    queries of what people look for in it."""

    name: str
    who: str
    path: str
    deep: str | None = None
    narrowed: Sequence[str] = ()

    def addresses(self, ask: Callable[[str], object]) -> list[tuple[str, str]]:
        """Return each kind of page with its address; `ask` answers a question of one value."""
        found = [("first page", self.path)]
        joint = "&" if "?" in self.path else "?"
        if self.deep is not None:
            found.append(("a page far behind", f"{self.path}{joint}after={quote(str(ask(self.deep)), safe='')}"))
        return [*found, *((f"with {query}", f"{self.path}{joint}{query}") for query in self.narrowed)]


def _far(column: str, table: str, where: str = "TRUE", *, order: str | None = None) -> str:
    """Return the question for the value that nine in ten rows come before."""
    by = order or column
    return (
        f"SELECT {column} FROM {table} WHERE {where} ORDER BY {by}"
        f" OFFSET (SELECT count(*) * 9 / 10 FROM {table} WHERE {where}) LIMIT 1"
    )


_HERE = f"gln = '{STORE}' AND parent_pk IS NULL"
_NEWEST = "opened_at DESC, case_id DESC"
_STORES_CASE = _far(
    "case_id",
    "case_party",
    f"live AND operator_id = {STORE_ID}",
    order="opened_at DESC, case_id DESC",
)
_CITYS_CASE = _far("case_id", "case_party", "live AND district LIKE '1201%'", order="opened_at DESC, case_id DESC")
_STOCK = _far("unit_id", "unit", f"{_HERE} AND state = 'active'")
_SENT = _far("unit_id", "unit", f"{_HERE} AND state = 'in_transit'")
_EXPECTED_AT = "(SELECT to_gln FROM unit WHERE state = 'in_transit' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
_STATEMENT = _far(
    "entry_id",
    "statement_party",
    f"operator_id = {STORE_ID}",
    order="recorded_at DESC, entry_id DESC",
)
_CITYS_STATEMENT = _far("entry_id", "statement_party", "district LIKE '1201%'", order="recorded_at DESC, entry_id DESC")
_CONSIGNMENT = _far("consignment_id", "consignment", order="imported_at DESC, consignment_id DESC")
_RUN = _far("run_id", "code_run", order="run_id DESC")
_RECORD = _far("record_id", "journal_record", order="at DESC, record_id DESC")
_COMPLAINT = _far("complaint_id", "complaint", order="received_at DESC, complaint_id DESC")
_DEVICE = "SELECT translate(rtrim(encode(key_id, 'base64'), '='), '+/', '-_') FROM (" + _far("key_id", "device") + ") v"
_INVITE = (
    "SELECT translate(rtrim(encode(token_hash, 'base64'), '='), '+/', '-_') FROM ("
    + _far("token_hash", "invite")
    + ") v"
)

_LOT = "SELECT gtin || '|' || expiry_date || '|' || lot FROM (" + _far("*", "lot", order="expiry_date, lot") + ") v"
_DIFFERENCE = _far(
    "case_id",
    "(SELECT p.case_id, p.opened_at FROM case_party p JOIN case_file f USING (case_id)"
    f" WHERE p.gln = '{STORE}' AND f.live AND f.about NOT LIKE 'statement:%') v",
    order="opened_at DESC, case_id DESC",
)

LISTS: tuple[List, ...] = (
    List(name="desk: today of a store", who="store", path="/desk"),
    List(name="desk: stock of a large store", who="store", path=f"/desk/stock/{STORE}", deep=_STOCK),
    List(name="desk: sent by a large store", who="store", path=f"/desk/in-transit/{STORE}", deep=_SENT),
    List(name="desk: expected at a store", who="store", path=f"/desk/expected/{STORE}"),
    List(name="desk: a large store by lot", who="store", path=f"/desk/stock/{STORE}/lots", deep=_LOT,
         narrowed=("search=L7",)),
    List(name="desk: a large store near expiry", who="store", path=f"/desk/near-expiry/{STORE}"),
    List(name="desk: discrepancies of a large store", who="store", path=f"/desk/discrepancies/{STORE}",
         deep=_DIFFERENCE),
    List(name="desk: places to choose", who="country", path="/desk/stock", deep=_far("gln", "site")),
    List(name="desk: cases of a store", who="store", path="/desk/cases", deep=_STORES_CASE,
         narrowed=("kind=gap", "due=overdue", "mine=yes")),
    List(name="desk: cases of a city", who="city", path="/desk/cases", deep=_CITYS_CASE,
         narrowed=("kind=quantity_mismatch", "due=overdue", "mine=yes", "show=closed")),
    List(name="desk: consignments", who="station", path="/desk/consignments", deep=_CONSIGNMENT,
         narrowed=("search=L77", "search=0000000")),
    List(name="desk: runs", who="station", path="/desk/runs", deep=_RUN),
    List(name="desk: rolls", who="station", path="/desk/rolls"),
    List(name="desk: complaints of a city", who="city", path="/desk/complaints", deep=_COMPLAINT,
         narrowed=("show=all",)),
    List(name="desk: overview of a city", who="city", path="/desk/overview", narrowed=("days=7", "days=90")),
    List(name="desk: overview of the country", who="country", path="/desk/overview", narrowed=("days=7", "days=90")),
    List(name="desk: overview of a store", who="store", path="/desk/overview"),
    List(name="desk: organisations", who="administrator", path="/desk/organisations",
         deep=_far("uscc", "operator")),
    List(name="desk: sites", who="administrator", path="/desk/sites", deep=_far("gln", "site")),
    List(name="desk: people", who="administrator", path="/desk/people", deep=_far("person_id", "person")),
    List(name="desk: devices", who="administrator", path="/desk/devices", deep=_DEVICE),
    List(name="desk: tokens", who="administrator", path="/desk/tokens", deep=_far("token_id", "api_token")),
    List(name="desk: journal of a store", who="store", path="/desk/journal", deep=_RECORD, narrowed=("act=export",)),
    List(name="desk: journal of everything", who="administrator", path="/desk/journal", deep=_RECORD,
         narrowed=("act=export",)),
    List(name="api: stock of a large store", who="store", path=f"/api/v1/sites/{STORE}/stock?limit=200", deep=_STOCK),
    List(name="api: sent by a large store", who="store", path=f"/api/v1/sites/{STORE}/in-transit?limit=200",
         deep=_SENT),
    List(name="api: vouchers of a large store", who="store", path=f"/api/v1/sites/{STORE}/vouchers?limit=200",
         deep=_far("entry_id", "statement", f"gln = '{STORE}' AND type = 'ship'", order="recorded_at DESC, entry_id"),
         narrowed=("number=V7",)),
    List(name="api: statements of a store", who="store", path="/api/v1/statements?limit=200", deep=_STATEMENT),
    List(name="api: statements of a city", who="city", path="/api/v1/statements?limit=200", deep=_CITYS_STATEMENT),
    List(name="api: cases of a city", who="city", path="/api/v1/cases?limit=200", deep=_CITYS_CASE,
         narrowed=("kind=gap", "state=resolved")),
    List(name="api: how late a city's devices are", who="city", path="/api/v1/cases/late",
         narrowed=("days=7",)),
    List(name="api: consignments", who="station", path="/api/v1/consignments?limit=200", deep=_CONSIGNMENT,
         narrowed=("search=L77",)),
    List(name="api: runs", who="station", path="/api/v1/runs?limit=200", deep=_RUN, narrowed=("unfinished=true",)),
    List(name="api: rolls", who="station", path="/api/v1/rolls?limit=200"),
    List(name="api: links of products", who="station", path="/api/v1/product-links?limit=200"),
    List(name="api: reprints", who="station", path="/api/v1/labels/reprints?limit=200"),
    List(name="api: complaints of a city", who="city", path="/api/v1/complaints?limit=200", deep=_COMPLAINT),
    List(name="api: published complaints", who="city", path="/api/v1/complaints/published"),
    List(name="api: figures of a city", who="city", path="/api/v1/oversight", narrowed=("days=90",)),
    List(name="api: data quality in the country", who="country", path="/api/v1/oversight/operators",
         deep=_far("uscc", "operator"), narrowed=("days=90",)),
    List(name="api: organisations", who="administrator", path="/api/v1/organisations?limit=200",
         deep=_far("uscc", "operator")),
    List(name="api: sites", who="administrator", path="/api/v1/sites?limit=200", deep=_far("gln", "site")),
    List(name="api: people", who="administrator", path="/api/v1/people?limit=200", deep=_far("person_id", "person")),
    List(name="api: tokens", who="administrator", path="/api/v1/tokens?limit=200", deep=_far("token_id", "api_token")),
    List(name="api: devices", who="administrator", path="/api/v1/devices?limit=200", deep=_DEVICE),
    List(name="api: invitations", who="administrator", path="/api/v1/devices/invites?limit=200", deep=_INVITE),
    List(name="api: journal of everything", who="administrator", path="/api/v1/journal?limit=200", deep=_RECORD),
)  # fmt: skip
