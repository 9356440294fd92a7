"""A page of the desk: headings, facts, a table, forms.  One view and one template for all pages about people.

Words stand in the view in both languages; what others wrote (names, codes) is `Cell` text and only shown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coldtrace.errors import Words
from coldtrace.web.pages.views import Bilingual, DeskView, QrPicture


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One option of a list."""

    value: str
    label: Words
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a form.  `problem` is what is wrong with what was entered."""

    name: str
    label: Words
    kind: Literal[
        "text",
        "email",
        "password",
        "number",
        "date",
        "search",
        "file",
        "textarea",
        "select",
        "check",
        "checks",
        "hidden",
    ] = "text"
    """`checks` are boxes, folded away: the one of a choice is sent as `name.value`."""
    accept: str = ""
    """Of a file: what the browser offers to choose."""
    value: str = ""
    help: Words | None = None
    problem: Words | None = None
    choices: tuple[Choice, ...] = ()
    required: bool = True
    autocomplete: str = "off"


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that changes something; the page's CSRF token goes with it by itself.  One that `asks` only looks.

    With `choices` it has a button for each instead of one: the value of the pressed one is sent as `choice`.
    """

    action: str
    submit: Words
    fields: tuple[Field, ...] = ()
    quiet: bool = False
    asks: bool = False
    choice: str = ""
    choices: tuple[Choice, ...] = ()

    @property
    def has_file(self) -> bool:
        """Tell whether a file goes with it."""
        return any(each.kind == "file" for each in self.fields)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in a table or beside a name: our words, somebody's text, a name, or a moment."""

    words: Words | None = None
    text: str | None = None
    name: Bilingual | None = None
    moment: datetime | None = None
    url: str | None = None
    """Where the text, or without one the words or the name, lead to: a page of ours."""
    tone: Literal["", "ok", "look", "stop"] = ""
    """What the words mean, as a colour beside them."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table, and what can be done with it."""

    id: str
    cells: tuple[Cell, ...]
    forms: tuple[Form, ...] = ()
    box: str | None = None
    """The name of its box in the section's `bulk` form; the value sent is `yes`."""
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """One card: words, facts, a table with its columns, forms, and links."""

    id: str
    title: Words
    lead: Words | None = None
    facts: tuple[tuple[Words, Cell], ...] = ()
    columns: tuple[Words, ...] = ()
    rows: tuple[Row, ...] = ()
    empty: Words | None = None
    next_url: str | None = None
    picture: QrPicture | None = None
    photo: tuple[str, Words] | None = None
    """The address of a photo that somebody sent, a page of ours, and what it is of."""
    forms: tuple[Form, ...] = ()
    links: tuple[tuple[str, Words], ...] = ()
    filters: Form | None = None
    """What the table shows: a form that asks, in one line above it."""
    bulk: Form | None = None
    """What is done with the rows whose boxes are chosen, below the table."""
    half: bool = False
    """On a wide screen it stands beside its neighbour."""


@dataclass(frozen=True, kw_only=True)
class SheetView(DeskView):
    """The page.  `csrf` goes into the forms of a visitor; whoever is signed in has that of the frame."""

    title: Words
    sections: tuple[Section, ...]
    csrf: str = ""
    notice: Words | None = None
    problem: Words | None = None
    secret: str | None = None
    """Shown once: a link, a token."""
    wide: bool = False
    is_busy: bool = False
    """Something goes on behind it: the browser asks again by itself."""
