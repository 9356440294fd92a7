"""What works offline is said in the program and in the guide, in the same words."""

from typing import cast

from coldscan.offline_page import GREEN, PAGE, page_table
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
