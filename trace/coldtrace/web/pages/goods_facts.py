"""From the signed facts piece (`formats/events.md`: `facts`) to rows 3 to 11 of the page.

The piece was written by a first station and is shown to strangers, so this is the last gate: only the named keys
pass, a paper's number is masked here even if its writer forgot to, and a value of the wrong type is not stated.
"""

from collections.abc import Mapping
from datetime import date
from typing import cast, get_args

from coldtrace.web.formats import read_day
from coldtrace.web.pages.views import Bilingual, Goods, Source

_MASK = "…"


def read_goods(facts: Mapping[str, object], *, today: date) -> Goods:
    """Return what the page may show of `facts`; `today` is the local day, for the days left."""
    expiry = _text(facts, "expiry_date")
    return Goods(
        product=_pair(facts, "product"),
        origin=_pair(facts, "origin"),
        production_date=_text(facts, "production_date"),
        shelf_life=_text(facts, "shelf_life"),
        expiry_date=expiry,
        days_left=days_left(expiry, today=today),
        storage=_pair(facts, "storage"),
        spec=_text(facts, "spec"),
        net_g=_grams(facts.get("net_g")),
        gtin=_text(facts, "gtin"),
        lot=_text(facts, "maker_lot") or _text(facts, "lot"),
        plant=_text(facts, "plant"),
        plant_reg=_text(facts, "plant_reg"),
        importer=_pair(facts, "importer"),
        importer_city=_pair(facts, "importer_city"),
        port=_pair(facts, "port"),
        entry_date=_text(facts, "entry_date"),
        quarantine_cert=_masked(_text(facts, "quarantine_cert")),
        quarantine_state=_source(facts, "quarantine_state"),
        source=_source(facts, "source"),
    )


def days_left(expiry: str | None, *, today: date) -> int | None:
    """Return the days until `expiry` (an ISO day), below zero once it has passed; None if it is no whole day.

    >>> days_left("2026-11-25", today=date(2026, 11, 23))
    2
    """
    last = read_day(expiry or "")
    return None if last is None else (last - today).days


def masked_number(number: str) -> str:
    """Keep the first and the last four signs of a paper's number; a short one shows less.

    >>> masked_number("12000012611180456"), masked_number("1200…0456"), masked_number("A123456")
    ('1200…0456', '1200…0456', 'A…6')
    """
    kept = 4 if len(number) > 11 else 1
    if _MASK in number and len(number) <= 9:
        return number
    return number[:kept] + _MASK + number[-kept:]


def _masked(number: str | None) -> str | None:
    return None if number is None else masked_number(number)


def _text(facts: Mapping[str, object], key: str) -> str | None:
    value = facts.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _pair(facts: Mapping[str, object], key: str) -> Bilingual:
    return Bilingual(zh=_text(facts, f"{key}_zh"), en=_text(facts, f"{key}_en"))


def _grams(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _source(facts: Mapping[str, object], key: str) -> Source | None:
    value = facts.get(key)
    return cast(Source, value) if value in get_args(Source) else None
