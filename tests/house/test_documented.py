"""What operators read is complete: settings, licences of what we depend on."""

import re
from importlib.metadata import PackageNotFoundError, metadata

from coldtrace.settings import Settings
from support.source_tree import REPOSITORY


def test_every_setting_is_documented_and_nothing_else() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "settings.md").read_text()
    documented = re.findall(r"^\| `(COLDTRACE_[A-Z_]+)` \|", guide, flags=re.MULTILINE)
    assert documented == [f"COLDTRACE_{name.upper()}" for name in Settings.model_fields]


def test_documented_defaults_are_the_real_ones() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `COLDTRACE_([A-Z_]+)` \| ([^|]+) \|", guide, flags=re.MULTILINE))
    for name, field in Settings.model_fields.items():
        shown = rows[name.upper()].strip()
        expected = "none" if field.default is None else str(field.default)
        assert re.sub(r"^`(\./)?|`.*$", "", shown) == expected


def test_libraries_under_the_lgpl_are_in_the_notice() -> None:
    notice = (REPOSITORY / "NOTICE").read_text()
    lock = (REPOSITORY / "requirements.lock").read_text()
    for name in re.findall(r"^([a-z0-9-]+)==", lock, flags=re.MULTILINE):
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue  # for another platform
        licence = " ".join([about.get("License-Expression", ""), *(about.get_all("Classifier") or [])])
        if re.search(r"GPL|General Public", licence):
            assert re.search(rf"^  .*\b{name}\b", notice, flags=re.MULTILINE), f"{name} is missing from NOTICE"
