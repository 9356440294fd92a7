"""What a consignment's page says of its declaration: its clock, what completing it changed, and the form for it."""

from collections.abc import Sequence
from datetime import datetime

from coldtrace.errors import Words
from coldtrace.goods.consignments import FoundConsignment
from coldtrace.goods.declarations import PROVISIONAL, DeclarationChange, DeclarationClock
from coldtrace.web.consignment_words import DECLARATION_STATUS, DECLARED
from coldtrace.web.pages.sheet import Cell, Field, Form, Row, Section

_FIELDS = ("container_number", "bill_of_lading", "seal_number", "hs_code")


def declaration_section(
    found: FoundConsignment,
    changes: Sequence[DeclarationChange],
    clock: DeclarationClock,
    *,
    now: datetime,
    may_write: bool,
) -> Section | None:
    """Return the section; None for whoever may not write, where nothing was changed and nothing is to come."""
    status = str(found.papers.get("declaration_status"))
    is_open = status == PROVISIONAL
    if not (may_write or changes or is_open):
        return None
    due = clock.due(found.listed.imported_at)
    facts: list[tuple[Words, Cell]] = [
        (DECLARED["declaration_number"], Cell(text=found.listed.declaration_no)),
    ]
    if status in DECLARATION_STATUS:
        facts.append((DECLARED["declaration_status"], Cell(words=DECLARATION_STATUS[status])))
    if is_open:
        facts.append((Words("补录期限", "Due"), Cell(moment=due)))
        if due < now:
            facts.append((Words("期限", "Clock"), Cell(words=Words("已逾期", "Overdue"), tone="stop")))
    return Section(
        id="declaration",
        title=Words("报关单", "The declaration"),
        facts=tuple(facts),
        columns=(Words("项目", "Field"), Words("原为", "Before"), Words("现为", "Now"), Words("原因", "Why"),
                 Words("时间", "When")) if changes else (),
        rows=tuple(
            Row(
                id=f"{number}-{name}",
                cells=(
                    Cell(words=DECLARED[name]),
                    _value(name, each.before.get(name)),
                    _value(name, value),
                    Cell(text=each.reason or "-"),
                    Cell(moment=each.said_at),
                ),
            )
            for number, each in enumerate(changes)
            for name, value in each.after.items()
        ),
        forms=(_form(found, is_open=is_open),) if may_write else (),
    )  # fmt: skip


def _value(name: str, value: str | None) -> Cell:
    if name == "declaration_status" and value in DECLARATION_STATUS:
        return Cell(words=DECLARATION_STATUS[str(value)])
    return Cell(text=value or "-")


def _form(found: FoundConsignment, *, is_open: bool) -> Form:
    return Form(
        action=f"/desk/consignments/{found.listed.consignment_id}/declaration",
        submit=Words("补录正式报关单", "Complete the declaration") if is_open else Words("更正", "Correct it"),
        quiet=not is_open,
        fields=(
            Field(
                name="number",
                label=DECLARED["declaration_number"],
                value="" if is_open else found.listed.declaration_no,
                help=Words("18 位正式编号。", "The final number, 18 digits."),
            ),
            *(
                Field(name=name, label=DECLARED[name], required=False, value=str(found.papers.get(name) or ""))
                for name in _FIELDS
            ),
            *(
                ()
                if is_open
                else (
                    Field(
                        name="reason",
                        label=Words("更正原因", "Why"),
                        help=Words("更正正式报关单须写明原因。", "A final declaration is corrected with a reason."),
                    ),
                )
            ),
        ),
    )
