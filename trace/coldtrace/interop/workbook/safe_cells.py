"""Writing into workbooks without giving anybody's text the power of a formula.

Text is always written as text, also when it begins with `=`, `+`, `-` or `@`.  Of the formulas that came with a
workbook only plain arithmetic over cells stays; all else (links, DDE, web calls, names) is replaced by its saved value.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell

TEXT_MAX = 8_000

_FUNCTION_NAMES = """
SUM SUBTOTAL PRODUCT ROUND ROUNDUP ROUNDDOWN INT MIN MAX COUNT COUNTA AVERAGE IF ABS SUMIF SUMPRODUCT
"""
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_TOKEN = re.compile(
    r"\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?|\$?[A-Z]{1,3}:\$?[A-Z]{1,3}"
    r"|(?P<function>[A-Z]+)\(|[0-9]+(?:\.[0-9]+)?%?|[-+*/^(),;<>= ]",
    re.IGNORECASE,
)
_FORMULA_LEADS = ("=", "+", "-", "@", "\t", "\r")


def put_text(cell: Cell, text: str) -> None:
    """Write `text` as text, whatever it begins with."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:TEXT_MAX]
    cell.value = clean
    cell.data_type = "s"
    if clean.startswith(_FORMULA_LEADS):
        # The mark that a person's own apostrophe leaves: stays text when the cell is edited or exported.
        cell.quotePrefix = True


def is_plain_arithmetic(formula: str) -> bool:
    """Tell whether a formula only computes with cells of its own sheet.

    >>> is_plain_arithmetic("=SUM(K21:K44)"), is_plain_arithmetic("=HYPERLINK(A1)"), is_plain_arithmetic("=cmd|'/c'!A0")
    (True, False, False)
    """
    if not formula.startswith("=") or len(formula) > 1_000:
        return False
    position = 1
    while position < len(formula):
        token = _TOKEN.match(formula, position)
        if token is None or (token["function"] and token["function"].upper() not in _FUNCTIONS):
            return False
        position = token.end()
    return True


def with_saved_results(data: bytes, results: Mapping[str, Mapping[str, object]]) -> bytes:
    """Return a saved workbook with the results of its formulas, which the library leaves out, by part and cell.

    Without them every reader but a full spreadsheet program sees empty cells.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for part in source.infolist():
            content = source.read(part)
            values = results.get(part.filename)
            if values:
                content = _fill_in(content.decode("utf-8"), values).encode("utf-8")
            out.writestr(part, content)
    return target.getvalue()


_FORMULA_CELL = re.compile(
    r'<c r="(?P<cell>[A-Z]+[0-9]+)"(?P<rest>[^>]*)><f>(?P<formula>[^<]*)</f><v ?/?>(?:</v>)?</c>'
)


def _fill_in(xml: str, values: Mapping[str, object]) -> str:
    def filled(match: re.Match[str]) -> str:
        value = values.get(match["cell"])
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return match.group(0)
        rest = re.sub(r' t="[a-z]+"', "", match["rest"])
        kind = ' t="str"' if isinstance(value, str) else ""
        saved = escape(ILLEGAL_CHARACTERS_RE.sub("", str(value)))
        return f'<c r="{match["cell"]}"{rest}{kind}><f>{match["formula"]}</f><v>{saved}</v></c>'

    return _FORMULA_CELL.sub(filled, xml)
