"""Judges of a label's drawing: nothing leaves the label, no line runs into another."""

from collections.abc import Iterator

from coldtrace.labels.drawing import Box, Face, Text
from coldtrace.labels.font import LabelFont

_SLACK_MM = 0.05
_HIGH_EM, _DEEP_EM = 0.72, 0.0  # from the baseline to the top of a capital: the part that must stay clear
_SMALLEST_MM = 1.45


def faults(face: Face, font: LabelFont) -> list[str]:
    """Everything about a drawing that a person would call a mistake."""
    found = list(_outside(face, font))
    lines = [(mark, _ink(mark, font)) for mark in (*face.fixed, *face.own) if isinstance(mark, Text)]
    for number, (first, box) in enumerate(lines):
        found += [
            f"{first.text!r} runs into {second.text!r}" for second, other in lines[number + 1 :] if _meet(box, other)
        ]
        if first.size < _SMALLEST_MM:
            found.append(f"{first.text!r} is set {first.size:.2f} mm small")
    chips = [mark for mark in (*face.fixed, *face.own) if isinstance(mark, Box) and mark.height > 1]
    for chip in chips:
        ground = (chip.x, chip.y, chip.x + chip.width, chip.y + chip.height)
        found += [f"{mark.text!r} is on a chip" for mark, box in lines if not mark.white and _meet(box, ground)]
    for mark, box in lines:
        if mark.white and not any(_within(box, chip) for chip in chips):
            found.append(f"{mark.text!r} leaves its chip")
    return found


def _outside(face: Face, font: LabelFont) -> Iterator[str]:
    for mark in (*face.fixed, *face.own):
        if isinstance(mark, Text):
            left, top, right, bottom = _ink(mark, font)
            name = mark.text
        elif isinstance(mark, Box):
            left, top, right, bottom = mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
            name = "a box"
        else:
            left, top, right, bottom = mark.quiet_box
            name = "a symbol"
        if min(left, top) < -_SLACK_MM or right > face.width + _SLACK_MM or bottom > face.height + _SLACK_MM:
            yield f"{name!r} leaves the label"


def _ink(mark: Text, font: LabelFont) -> tuple[float, float, float, float]:
    return mark.x, mark.y - _HIGH_EM * mark.size, mark.x + mark.width(font), mark.y + _DEEP_EM * mark.size


def _meet(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    wide = min(one[2], two[2]) - max(one[0], two[0])
    high = min(one[3], two[3]) - max(one[1], two[1])
    return wide > _SLACK_MM and high > _SLACK_MM


def _within(box: tuple[float, float, float, float], chip: Box) -> bool:
    return (
        box[0] >= chip.x - _SLACK_MM
        and box[1] >= chip.y - _SLACK_MM
        and box[2] <= chip.x + chip.width + _SLACK_MM
        and box[3] <= chip.y + chip.height + _SLACK_MM
    )
