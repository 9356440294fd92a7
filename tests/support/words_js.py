"""The browser's copy of the words of the proof checks, printed from verify/words.py."""

import json

from coldtrace.errors import Words
from coldtrace.verify.words import NAMES, REASONS, RESULTS

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


def words_js() -> str:
    """Return the text of web/static/verify/words.js."""
    tables = {"RESULTS": RESULTS, "NAMES": NAMES, "REASONS": REASONS}
    return _HEAD + "\n".join(f"export const {name} = {_table(table)};\n" for name, table in tables.items()) + _TAIL


def _table(table: dict[str, Words]) -> str:
    return "{\n" + "".join(_row(key, words) for key, words in table.items()) + "}"


def _row(key: str, words: Words) -> str:
    return f"  {_quoted(key)}: {{ zh: {_quoted(words.zh)}, en: {_quoted(words.en)} }},\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
