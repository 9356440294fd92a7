"""The browser's copy of the words of the proof checks and of the pages, printed from verify/words.py and web/."""

import json

from coldtrace.errors import Words
from coldtrace.verify.words import NAMES, REASONS, RESULTS
from coldtrace.web.pages.journey import SILENT
from coldtrace.web.place_words import (
    ACTS,
    CITY_DISTRICTS,
    COLD,
    OTHER_ACT,
    OTHER_ROLE,
    PROVINCE_DISTRICTS,
    ROLES,
    SOURCES,
    district_words,
)
from coldtrace.web.status_words import STATUSES, Status
from coldtrace.web.words import PAGE_WORDS

_HEAD = """// The words of the proof checks.  Printed from coldtrace/verify/words.py by tests/vectors/rebuild_events.py.

export const ICONS = { passed: '\\u2714', failed: '\\u2716', not_checked: '\\u2013' };

"""
_TAIL = """
/** Return name and reason of a check in words; a numbered one says which statement, counted from one. */
export function checkWords(check, lang) {
  const [, kind, number] = /^([a-z_]+)(?:\\[(\\d+)\\])?$/.exec(check.name);
  const name = NAMES[kind]?.[lang] ?? kind;
  const reason = REASONS[check.reason]?.[lang] ?? check.reason;
  if (number === undefined) return { name, reason };
  return { name: lang === 'zh' ? `${name}（第 ${Number(number) + 1} 条）` : `${name} ${Number(number) + 1}`, reason };
}
"""

_SHOWN_HEAD = """// The words of the pages that a proof is compared with, and names for what statements say.
// Printed from coldtrace/web by tests/vectors/rebuild_events.py.

"""

SHOWN = [
    "not_stated",
    "decided_at",
    "row.product",
    "code.label",
    "code.compare",
    "row.origin",
    "row.dates",
    "date.expiry",
    "date.no_expiry",
    "date.left",
    "date.left_one",
    "date.today",
    "date.past",
    "date.past_one",
    "date.production",
    "date.shelf_life",
    "row.storage",
    "row.spec",
    "spec.spec",
    "spec.net",
    "spec.lot",
    "row.plant",
    "plant.reg",
    "row.importer",
    "row.port",
    "row.certificate",
    "row.repack",
    "certificate.none",
    "certificate.masked",
    "row.journey",
    "journey.lead",
    "journey.none",
    "journey.gap",
    "journey.by_platform",
    "journey.waiting",
    "journey.in_transit",
    "journey.in_transit_note",
    "journey.temperature",
    "row.source",
    "source.none",
    "source.section",
    "source.aside",
    "source.product",
    "source.certificate",
    "source.journey",
    "source.journey_by",
    "source.journey_mixed",
    "source.temperature",
    "source.temperature_by",
]


def shown_words_js() -> str:
    """Return the text of web/static/verify/shown_words.js."""
    words = {key: PAGE_WORDS[key] for key in SHOWN}
    words["temperature.none"] = COLD["unknown"]
    cities = {code: district_words(code) for code in CITY_DISTRICTS}
    provinces = {code[:2]: district_words(code) for code in PROVINCE_DISTRICTS}
    tables = {"WORDS": words, "SOURCES": SOURCES, "ROLES": ROLES, "ACTS": ACTS, "COLD": COLD}
    tables |= {"DISTRICTS": cities, "PROVINCES": provinces}
    single = {"OTHER_ROLE": OTHER_ROLE, "OTHER_ACT": OTHER_ACT, "ELSEWHERE": district_words("990000")}
    lists = {
        "LABELS": [key for key, each in words.items() if "{" not in each.zh and not key.startswith("journey.")]
        + ["journey.none"],
        "SILENT": sorted(SILENT),
    }
    past_date = [
        STATUSES[each].headline for each in (Status.RECALLED, Status.HELD, Status.NOT_FOR_SALE, Status.EXPIRED)
    ]
    return (
        _SHOWN_HEAD
        + "\n".join(f"export const {name} = {_table(table)};\n" for name, table in tables.items())
        + "".join(f"\nexport const {name} = {_words(each)};\n" for name, each in single.items())
        + "".join(f"\nexport const {name} = {json.dumps(each)};\n" for name, each in lists.items())
        + "\nexport const PAST_DATE = [\n"
        + "".join(f"  {_words(each)},\n" for each in past_date)
        + "];\n"
    )


def words_js() -> str:
    """Return the text of web/static/verify/words.js."""
    tables = {"RESULTS": RESULTS, "NAMES": NAMES, "REASONS": REASONS}
    return _HEAD + "\n".join(f"export const {name} = {_table(table)};\n" for name, table in tables.items()) + _TAIL


def _table(table: dict[str, Words]) -> str:
    return "{\n" + "".join(_row(key, words) for key, words in table.items()) + "}"


def _row(key: str, words: Words) -> str:
    return f"  {_quoted(key)}: {_words(words)},\n"


def _words(words: Words) -> str:
    return f"{{ zh: {_quoted(words.zh)}, en: {_quoted(words.en)} }}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
