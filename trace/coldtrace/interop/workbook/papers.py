"""The papers of the consignment: each value of the block through its own reader, contradictions named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coldtrace.codes.container_number import parse_container_number
from coldtrace.codes.declaration_number import parse_declaration_number
from coldtrace.codes.hs_code import parse_hs_code
from coldtrace.codes.overseas_registration import parse_overseas_registration
from coldtrace.codes.paper_number import MalformedPaperNumber
from coldtrace.codes.port import UnknownPort, parse_port
from coldtrace.codes.quarantine_certificate import parse_quarantine_certificate
from coldtrace.codes.uscc import parse_uscc
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.packing_list import ConsignmentPapers
from coldtrace.interop.workbook.block import LINE_DEFAULTS, Given
from coldtrace.interop.workbook.countries import country_of_alpha3, read_country
from coldtrace.interop.workbook.dates import read_date
from coldtrace.interop.workbook.findings import Findings, Place, Unreadable, naming, plain, shorten
from coldtrace.interop.workbook.grid import is_error_value
from coldtrace.interop.workbook.identifiers import read_identifier
from coldtrace.interop.workbook.storage import read_storage
from coldtrace.interop.workbook.text import split_languages, tidy_text

EXPECTED = (
    "declaration_number",
    "container_number",
    "port",
    "entry_date",
    "importer_uscc",
    "importer",
    "overseas_registration",
    "origin",
    "quarantine_certificate",
    "storage",
    "hs_code",
)
"""Papers whose absence is remarked; what of it blocks is decided where goods are coded."""

_ONE_VALUE = frozenset({"declaration_number", "container_number", "importer_uscc", "overseas_registration"}) | {
    "quarantine_certificate", "entry_date", "origin",
}  # fmt: skip


# "TXGU0000014 / SL-0098831" and "TXGU0000014 (40'RH)": the seal or the size behind the number.
_CONTAINER_AND_MORE = re.compile(r"(?P<number>[A-Za-z]{4}[ -]?[0-9]{6}[ -]?[0-9])\s*[/,;(]\s*(?P<more>.+)")
_CONTAINER_SIZE = re.compile(r"[0-9]{2}\s*(?:'|’|尺|FT|RH|RF|HC|HQ|GP)", re.IGNORECASE)


@dataclass
class Reading:
    """What the papers say so far, as fields of ConsignmentPapers."""

    findings: Findings
    date_1904: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)


def read_papers(
    given: list[Given], *, findings: Findings, sheet: str, date_1904: bool, today: date
) -> ConsignmentPapers:
    """Return the papers; faults and remarks go to `findings`.  `sheet` is where missing papers belong."""
    reading = Reading(findings)
    for item in given:
        if item.field in LINE_DEFAULTS or item.field.startswith("total_"):
            continue
        _read_one(reading, item)
    for name in EXPECTED:
        if name not in reading.places:
            findings.warn(Place(sheet=sheet), "paper_missing", **naming(name))
    _compare(reading, today)
    return ConsignmentPapers(**reading.known)


def _read_one(reading: Reading, item: Given) -> None:
    if is_error_value(item.value):
        reading.places.setdefault(item.field, item.place)
        reading.findings.error(item.place, "cell_error", text=plain(item.value))
        return
    try:
        facts = _READERS.get(item.field, _text)(item, reading)
    except Unreadable as problem:
        reading.findings.unreadable(item.place, problem, field=item.field)
        facts = {}
    except MalformedPaperNumber as refusal:
        reading.findings.refused(item.place, refusal)
        facts = {}
    before = reading.places.setdefault(item.field, item.place)
    for name, value in facts.items():
        if value is None:
            continue
        other = reading.known.setdefault(name, value)
        if other != value and item.field in _ONE_VALUE and before != item.place:
            first, text = shorten(_shown(other)), shorten(_shown(value))
            reading.findings.error(item.place, "paper_repeated", **naming(item.field), first=first, text=text)


def _compare(reading: Reading, today: date) -> None:
    known, findings = reading.known, reading.findings
    registration = known.get("overseas_registration")
    if registration and known.get("overseas_registration_kind") == "gacc" and "origin" in known:
        country = country_of_alpha3(registration[1:4])
        if country is None or country.alpha2 != known["origin"]:
            said = country.zh if country else registration[1:4]
            findings.warn(
                reading.places["overseas_registration"],
                "registration_country_differs",
                text=registration,
                country=said,
                origin=known["origin_zh"],
            )
    entry: CalendarDate | None = known.get("entry_date")
    if entry is None:
        return
    if entry.first > today:
        findings.warn(reading.places["entry_date"], "entry_in_future", text=entry.iso())
    if known.get("declaration_status") == "final" and abs(int(known["declaration_number"][4:8]) - entry.year) > 1:
        year = known["declaration_number"][4:8]
        findings.warn(reading.places["declaration_number"], "declaration_year_differs", text=year, entry=entry.iso())


Reader = Callable[[Given, Reading], Mapping[str, Any]]


def _number(item: Given, reading: Reading, parse: Callable[[str], str]) -> str:
    number = parse(read_identifier(item.value, limit=200))
    reading.findings.change(item.place, item.value, number)
    return number


def _declaration(item: Given, reading: Reading) -> Mapping[str, Any]:
    number = parse_declaration_number(read_identifier(item.value, limit=200))
    reading.findings.noticed(item.place, number.notices)
    if number.value:
        reading.findings.change(item.place, item.value, number.value)
    return {"declaration_number": number.value or None, "declaration_status": number.status}


def _container(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = read_identifier(item.value, limit=200)
    both = _CONTAINER_AND_MORE.fullmatch(text)
    number = parse_container_number(both["number"] if both else text)
    seal = both["more"].strip(" )") if both and not _CONTAINER_SIZE.match(both["more"]) else None
    reading.findings.change(item.place, item.value, f"{number} / {seal}" if seal else number)
    return {"container_number": number, "seal_number": seal}


def _uscc(item: Given, reading: Reading) -> Mapping[str, Any]:
    return {"importer_uscc": _number(item, reading, parse_uscc)}


def _quarantine(item: Given, reading: Reading) -> Mapping[str, Any]:
    return {"quarantine_certificate": _number(item, reading, parse_quarantine_certificate)}


def _registration(item: Given, reading: Reading) -> Mapping[str, Any]:
    registration = parse_overseas_registration(read_identifier(item.value, limit=200))
    reading.findings.noticed(item.place, registration.notices)
    reading.findings.change(item.place, item.value, registration.value)
    return {"overseas_registration": registration.value, "overseas_registration_kind": registration.kind}


def _hs(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = read_identifier(item.value, limit=200)
    if isinstance(item.value, (int, float)) and len(text) in (9, 12):
        text = "0" + text
    digits = re.sub(r"[. ]", "", text)
    if len(digits) in (6, 8) and digits.isascii() and digits.isdigit():
        # The exporter's own tariff; the ten Chinese digits come with the declaration.
        reading.findings.warn(item.place, "hs_code_short", text=shorten(text))
        return {}
    code = parse_hs_code(text)
    reading.findings.noticed(item.place, code.notices)
    whole = code.value + (code.ciq or "")
    reading.findings.change(item.place, item.value, whole)
    return {"hs_code": whole}


def _port(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = tidy_text(item.value)
    try:
        port = parse_port(text)
    except UnknownPort:
        reading.findings.warn(item.place, "port_name_unknown", text=shorten(text))
        zh, en = split_languages(text)
        return {"port_zh": zh or text, "port_en": en or text}
    reading.findings.noticed(item.place, port.notices)
    reading.findings.change(
        item.place, item.value, f"{port.zh} {port.en} ({port.locode})" if port.listed else port.locode
    )
    return {"port_code": port.locode, "port_zh": port.zh, "port_en": port.en}


def _entry_date(item: Given, reading: Reading) -> Mapping[str, Any]:
    day = read_date(item.value, date_1904=reading.date_1904)
    reading.findings.change(item.place, item.value, day.iso())
    return {"entry_date": day}


def _origin(item: Given, reading: Reading) -> Mapping[str, Any]:
    country = read_country(tidy_text(item.value))
    reading.findings.change(item.place, item.value, f"{country.zh} {country.en} ({country.alpha2})")
    return {"origin": country.alpha2, "origin_zh": country.zh, "origin_en": country.en}


def _importer(item: Given, reading: Reading) -> Mapping[str, Any]:
    # The address often follows on further lines of the same cell.
    name = tidy_text(plain(item.value).strip().split("\n")[0])
    zh, en = split_languages(name)
    if zh != plain(item.value).strip() and en != plain(item.value).strip():
        reading.findings.change(item.place, item.value, name)
    return {"importer_zh": zh, "importer_en": en}


def _storage(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = tidy_text(item.value)
    storage = read_storage(text)
    reading.findings.change(item.place, item.value, text)
    return {
        "storage_zh": storage.zh,
        "storage_en": storage.en,
        "storage_max_mdegc": storage.max_mdegc,
        "storage_min_mdegc": storage.min_mdegc,
    }


def _bill(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = read_identifier(item.value).replace(" ", "").upper()
    reading.findings.change(item.place, item.value, text)
    return {"bill_of_lading": text}


def _text(item: Given, reading: Reading) -> Mapping[str, Any]:
    text = read_identifier(item.value, limit=200)
    reading.findings.change(item.place, item.value, text)
    return {item.field: text}


_READERS: dict[str, Reader] = {
    "declaration_number": _declaration,
    "container_number": _container,
    "importer_uscc": _uscc,
    "quarantine_certificate": _quarantine,
    "overseas_registration": _registration,
    "hs_code": _hs,
    "port": _port,
    "entry_date": _entry_date,
    "origin": _origin,
    "importer": _importer,
    "storage": _storage,
    "bill_of_lading": _bill,
}


def _shown(value: object) -> str:
    return value.iso() if isinstance(value, CalendarDate) else str(value)
