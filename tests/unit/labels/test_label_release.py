"""Release of layouts: tried under damage, and bound to the drawing that was tried."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from coldtrace.labels import layout_60x40, release
from coldtrace.labels.content import LabelKind
from coldtrace.labels.damage import DAMAGES, Damage
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import LAYOUTS, Draughtsman
from coldtrace.labels.make import make_labels
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import LayoutNotReleased
from coldtrace.labels.trial import DPI, SEED, looks, try_labels
from coldtrace.labels.trial_contents import trial_content
from support.label_cases import carton
from support.label_geometry import faults

CELLS = [(layout, kind) for layout in LAYOUTS for kind in LabelKind]
TRIED = [(layout, kind) for layout, kind in CELLS if layout != "a4"]
FEW = 6
FONT = load_font()


def damage(name: str) -> Damage:
    return next(each for each in DAMAGES if each.name == name)


@pytest.fixture
def forgetful() -> None:
    """Nothing is remembered from before the test, nor from the test after it."""
    release.is_released.cache_clear()


@pytest.mark.parametrize(("layout", "kind"), CELLS)
def test_every_layout_has_earned_its_release_as_it_is_drawn_now(layout: str, kind: LabelKind) -> None:
    release.require_released(layout, kind)


@pytest.mark.parametrize(("layout", "kind"), TRIED)
@pytest.mark.parametrize("dpi", list(DPI))
def test_labels_read_under_every_damage(layout: str, kind: LabelKind, dpi: int, scale: str) -> None:
    """A few labels here, all of them in the long counts; the rate is judged by what so small a sample can say."""
    labels = release.LABELS if scale == "full" else FEW
    trial = try_labels(layout, kind, dpi=dpi, numbers=range(labels))
    fell_short = [
        f"{each.name}: {trial.tallies[each.name].read} of {labels}"
        for each in DAMAGES
        if not release.holds(each, read=trial.tallies[each.name].read, labels=labels, copies=trial.copies)
    ]
    assert fell_short == []


@pytest.mark.parametrize(("layout", "kind"), CELLS)
def test_trial_contents_are_drawn_without_a_fault(layout: str, kind: LabelKind) -> None:
    draughtsman = Draughtsman(FONT, layout)
    for number in range(40):
        assert faults(draughtsman.face(trial_content(kind, f"{SEED}/{layout}/{number}")), FONT) == []


def test_trial_contents_are_as_varied_as_real_ones() -> None:
    units = [trial_content(LabelKind.UNIT, str(number)) for number in range(200)]
    paths = [unit.uri.partition("?")[0] for unit in units]
    assert sum("/U/" in path for path in paths) > 20
    assert sum("/00/" in path for path in paths) > 10
    assert sum(unit.roll_number is not None for unit in units) > 10
    assert sum(unit.retail for unit in units) > 10
    assert max(len(unit.lot) for unit in units) == 20
    assert max(len(path.rpartition("/21/")[2]) for path in paths if "/21/" in path) == 20
    assert trial_content(LabelKind.UNIT, "5") == units[5]
    for unit in units:
        assert unit.checked() is unit


@pytest.mark.usefixtures("forgetful")
def test_a_changed_layout_is_refused_until_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_60x40, "DIGITS_MM", 4.5)
    for layout, kind, printable in (
        ("60x40", LabelKind.UNIT, False),
        ("60x40", LabelKind.PALLET, False),
        ("a4", LabelKind.UNIT, False),
        ("60x40", LabelKind.COMMAND, True),
        ("100x100", LabelKind.UNIT, True),
    ):
        assert release.is_released(layout, kind) is printable
    with pytest.raises(LayoutNotReleased) as caught:
        release.require_released("60x40", LabelKind.UNIT)
    assert caught.value.facts == {"layout": "60x40", "kind": "unit"}
    release.is_released.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_an_unreleased_layout_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_60x40, "DIGITS_MM", 4.5)
    with pytest.raises(LayoutNotReleased):
        make_labels([carton()], layout="60x40", format="pdf", out=tmp_path / "run.pdf")
    assert list(tmp_path.iterdir()) == []
    release.is_released.cache_clear()


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("records", [{}, {"60x40/pallet": release.released()["60x40/pallet"]}])
def test_a_layout_without_a_record_is_refused(
    records: dict[str, release.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "released", lambda: records)
    with pytest.raises(LayoutNotReleased):
        release.require_released("60x40", LabelKind.UNIT)
    release.is_released.cache_clear()


def test_a_record_below_a_minimum_or_with_too_few_labels_releases_nothing() -> None:
    record = release.released()["100x100/unit"]
    assert record.passed
    assert not replace(record, labels=release.LABELS - 1).passed
    assert not replace(record, read={"203": record.read["203"]}).passed
    for name, read in (("blur_60", 199), ("covered_10", 160), ("frost_70", 180)):
        spoiled = {dpi: {**cells, name: read} for dpi, cells in record.read.items()}
        assert not replace(record, read=spoiled).passed
    unknown = {dpi: {key: n for key, n in cells.items() if key != "turn"} for dpi, cells in record.read.items()}
    assert not replace(record, read=unknown).passed


@pytest.mark.parametrize(
    ("name", "read", "labels", "copies", "verdict"),
    [
        ("blur_60", 200, 200, 1, True),
        ("blur_60", 199, 200, 1, False),
        ("covered_10", 180, 200, 1, True),  # 90.0 %
        ("covered_10", 171, 200, 1, True),  # 85.5 %: three times in a hundred samples of a layout that holds 90
        ("covered_10", 168, 200, 1, False),
        ("covered_10", 180, 200, 2, False),  # two copies must do better
        ("covered_10", 4, 6, 1, True),  # six labels cannot say more
        ("covered_10", 3, 6, 1, True),
        ("covered_10", 2, 6, 1, False),
        ("frost_90", 0, 200, 1, True),  # for information
    ],
)
def test_a_rate_is_judged_by_what_its_sample_can_say(
    name: str, read: int, labels: int, copies: int, verdict: bool
) -> None:
    assert release.holds(damage(name), read=read, labels=labels, copies=copies) is verdict


def test_over_all_layouts_together_the_minima_hold_without_allowance() -> None:
    for each in DAMAGES:
        for copies in (1, 2):
            records = [
                record
                for name, record in release.released().items()
                if record.copies == copies and not name.startswith("a4")
            ]
            read = sum(record.read[dpi][each.name] for record in records for dpi in release.RESOLUTIONS)
            labels = sum(record.labels for record in records for _ in release.RESOLUTIONS)
            assert 100 * read >= (each.minimum(copies) or 0) * labels, each.name


def test_fingerprints_are_of_the_drawing_alone() -> None:
    found = {(layout, kind): release.fingerprint(layout, kind) for layout, kind in CELLS}
    assert found == {(layout, kind): release.fingerprint(layout, kind) for layout, kind in CELLS}
    # 60 x 40 draws units and pallets alike, but not the same contents; A4 places them on a sheet.
    assert len(set(found.values())) == len(CELLS)


def test_the_record_travels_with_the_package() -> None:
    record = json.loads((files("coldtrace.labels") / release.RECORD).read_text(encoding="utf-8"))
    assert set(record["layouts"]) == {f"{layout}/{kind.value}" for layout, kind in CELLS}
    assert record["seed"] == SEED


def test_a_camera_sees_the_code_with_what_stands_around_it() -> None:
    content = trial_content(LabelKind.PLACE, "1")
    for layout, dots_per_mm in (("60x40", 8), ("100x150", 12)):
        raster = Raster(FONT, dots_per_mm=dots_per_mm)
        face = Draughtsman(FONT, layout).face(content)
        (look,) = looks(raster.draw(face), face, raster)
        assert look.module_px <= 6
        across = (look.box[2] - look.box[0]) / look.module_px
        assert across == pytest.approx(round((across - 17) / 4) * 4 + 17, abs=0.3)  # 17 + 4 modules a version
        assert look.picture.getpixel((look.box[0] + 2, look.box[1] + 2)) < 60  # a finder pattern's corner
