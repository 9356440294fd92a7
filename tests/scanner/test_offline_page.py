"""What works offline is said in the program and in the guide, in the same words."""

import re
from typing import cast

from coldscan.commands import OPERATION_CARDS
from coldscan.offline_page import GREEN, PAGE, page_table
from coldtrace.codes.command import Command
from coldtrace.parties.model import SiteRole
from coldtrace.parties.rules import OPERATIONS
from support.scanner_device import Device
from support.source_tree import REPOSITORY


def test_the_guide_has_the_table_of_the_program() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "coldscan.md").read_text(encoding="utf-8")
    assert page_table() in guide, "paste what coldscan.offline_page.page_table() gives"
    assert GREEN.en in guide
    assert GREEN.zh in guide


def test_the_page_needs_no_enrolment_and_no_network(blank: Device) -> None:
    ran = blank.run("offline")
    rows = cast(list[dict[str, str]], ran.json["rows"])
    assert (ran.status, len(rows)) == (0, len(PAGE))
    assert {row["works"] for row in rows} == {"yes", "partly", "no"}
    assert not blank.state.store.exists(), "looking makes nothing"


def test_the_page_is_read_in_both_languages(blank: Device) -> None:
    for lang in ("zh", "en"):
        rows = cast(list[dict[str, str]], blank.run("offline", lang=lang).json["rows"])
        assert [row["what"] for row in rows] == [row.what.say(lang) for row in PAGE]  # type: ignore[arg-type]


def test_the_guide_says_which_roles_may_scan_what() -> None:
    carrying, desk_only = {SiteRole.CARRIER}, {SiteRole.LABORATORY, SiteRole.CUSTOMS}
    keepers = set(OPERATIONS) - carrying - desk_only - {SiteRole.REGULATOR}
    words = {
        "keepers": keepers,
        "keepers, carrier": keepers | carrying,
        "keepers, regulator": keepers | {SiteRole.REGULATOR},
        "first station": {SiteRole.FIRST_STATION},
        "market, retailer, caterer": {SiteRole.MARKET, SiteRole.RETAILER, SiteRole.CATERER},
        "repacker": {SiteRole.REPACKER},
        "all": set(OPERATIONS),
    }
    guide = (REPOSITORY / "docs" / "guides" / "coldscan.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| `(CT:[A-Z]+)` [^|]*\| ([a-z ,]+?) [^\x00-\x7f][^|]*\|", guide, flags=re.MULTILINE))
    wanted = {command: operation.value for command, operation in OPERATION_CARDS.items()} | {Command.UNDO: "correct"}
    assert {command.value for command in wanted} <= set(said)
    for command, operation in wanted.items():
        may = {role for role, operations in OPERATIONS.items() if operation in operations}
        assert words[said[command.value]] == may, command
