"""Try every label layout under every damage and write what was read: docs/label-scoreboard.md and released.json.

    tools/label_scoreboard.py                  200 labels a cell, two processes, a quarter of an hour
    tools/label_scoreboard.py --only 60x40     one layout; the others keep their records

A layout whose drawing changed is refused by the printing commands until this has run and its rates hold the minima of
coldtrace/labels/damage.py.  The seeds are fixed: the same code gives the same figures.
"""

import argparse
import dataclasses
import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

from coldtrace.labels.content import LabelKind
from coldtrace.labels.damage import DAMAGES, Damage
from coldtrace.labels.layouts import LAYOUTS
from coldtrace.labels.release import LABELS, RECORD, Record, fingerprint, holds
from coldtrace.labels.trial import DPI, SEED, Trial, try_labels

REPOSITORY = Path(__file__).resolve().parents[1]
JSON_FILE = REPOSITORY / "trace" / "coldtrace" / "labels" / RECORD
PAGE = REPOSITORY / "docs" / "label-scoreboard.md"
PART = 20
"""Labels a process tries before it says so."""

TRIED = ("60x40", "100x100", "100x150")

HEAD = """# Label scoreboard · 标签试读成绩

Written by `tools/label_scoreboard.py`; do not edit. {day}, seed `{seed}`, {labels} labels a cell, Python {python},
zxing-cpp {zxing}, Pillow {pillow}, font package {font}.

**Simulated damages, one decoder.** No printer, ice, ribbon or handheld took part; this is a decode check, not a print
grade (ISO/IEC 15415). 模拟污损，单一解码库；不是印刷等级。

How to read it: every layout and kind of label is drawn with {labels} seeded contents as they really occur (long names,
lots of 20, serials of 12 and 20, `/U/` ids, SSCC cartons, labels of rolls, retail packs at level M) for 203 and
300 dpi, each QR code is photographed (2 mm of surroundings, at most 6 pixels a module), damaged and read. A cell is the
share of **labels of which at least one code reads byte for byte**, with the retries of `labels/read_back.py`; in
brackets the share of **single codes that read at the first look**. A minimum of 100 allows no miss; below it a cell
fails when a layout that just held the minimum would do so badly less than once in a hundred samples of {labels}; over
all layouts together each minimum holds without this allowance.
The bars of pallets are not counted: they carry no signature. What is "for information" is tried on every tenth label.

A4 sheets hold the drawings of 60x40 (units, places, commands) and 100x100 (pallets); their rows are these.
"""


def main() -> int:
    """Try, write, and return 1 when a layout did not hold a minimum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=LABELS)
    parser.add_argument("--only", choices=TRIED, action="append")
    parser.add_argument("--processes", type=int, default=min(len(os.sched_getaffinity(0)), 8))
    given = parser.parse_args()
    if given.labels < LABELS:
        print(f"fewer than {LABELS} labels release nothing", file=sys.stderr)
    layouts = given.only or TRIED
    trials = _try_all(layouts, given.labels, given.processes)
    kept = json.loads(JSON_FILE.read_text(encoding="utf-8"))["layouts"] if given.only else {}
    _write(trials, kept, given.labels)
    records = {name: Record(**entry) for name, entry in json.loads(JSON_FILE.read_text("utf-8"))["layouts"].items()}
    failed = [name for name, record in records.items() if not record.passed]
    print(
        f"{len(records) - len(failed)} of {len(records)} released" + (f"; not: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


def _try_all(layouts: "list[str] | tuple[str, ...]", labels: int, processes: int) -> dict[tuple[str, str, int], Trial]:
    parts = [
        (layout, kind, dpi, range(first, min(first + PART, labels)))
        for layout in layouts
        for kind in LabelKind
        for dpi in DPI
        for first in range(0, labels, PART)
    ]
    trials: dict[tuple[str, str, int], Trial] = {}
    start, done = time.monotonic(), 0
    with ProcessPoolExecutor(processes) as pool:
        running = {pool.submit(_part, *part): part for part in parts}
        for finished in as_completed(running):
            layout, kind, dpi, numbers = running[finished]
            trials.setdefault((layout, kind.value, dpi), Trial()).add(finished.result())
            done += len(numbers)
            left_s = (time.monotonic() - start) / done * (labels * len(layouts) * len(LabelKind) * len(DPI) - done)
            print(f"\r{done} labels tried, {left_s / 60:.0f} min left  ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return trials


def _part(layout: str, kind: LabelKind, dpi: int, numbers: range) -> Trial:
    return try_labels(layout, kind, dpi=dpi, numbers=numbers)


def _write(trials: dict[tuple[str, str, int], Trial], kept: dict[str, Any], labels: int) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    versions = {name: version(name) for name in ("zxing-cpp", "pillow", "noto-cjk-sans-otc")}
    entries = dict(kept)
    for layout, kinds in LAYOUTS.items():
        for kind, drawing in kinds.items():
            tried = layout if layout in TRIED else next(name for name in TRIED if LAYOUTS[name][kind] is drawing)
            found = {dpi: trials.get((tried, kind.value, dpi)) for dpi in DPI}
            if all(found.values()):
                entries[f"{layout}/{kind.value}"] = _entry(layout, kind, labels, found)
    record = {"day": day, "seed": SEED, "python": platform.python_version(), "versions": versions, "layouts": entries}
    JSON_FILE.write_text(_one_line_a_layout(record), encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")


def _one_line_a_layout(record: dict[str, Any]) -> str:
    entries = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in record["layouts"].items())
    head = json.dumps({name: value for name, value in record.items() if name != "layouts"}, indent=1)
    return f'{head.removesuffix("}").rstrip()},\n "layouts": {{\n{entries}\n }}\n}}\n'


def _entry(layout: str, kind: LabelKind, labels: int, found: "dict[int, Trial | None]") -> dict[str, Any]:
    trials = {dpi: trial for dpi, trial in found.items() if trial is not None}
    return {
        "fingerprint": fingerprint(layout, kind),
        "copies": max(trial.copies for trial in trials.values()),
        "labels": labels,
        "read": {
            str(dpi): {name: tally.read for name, tally in trial.tallies.items()} for dpi, trial in trials.items()
        },
        "codes": {
            str(dpi): {name: dataclasses.asdict(tally) for name, tally in trial.tallies.items()}
            for dpi, trial in trials.items()
        },
    }


def page(record: dict[str, Any]) -> str:
    """Return the scoreboard as a page."""
    entries = record["layouts"]
    text = HEAD.format(
        day=record["day"],
        seed=record["seed"],
        labels=max(entry["labels"] for entry in entries.values()),
        python=record["python"],
        zxing=record["versions"]["zxing-cpp"],
        pillow=record["versions"]["pillow"],
        font=record["versions"]["noto-cjk-sans-otc"],
    )
    text += "\n## Minima · 下限\n\n| damage | 污损 | one code on the label | two codes |\n| --- | --- | --- | --- |\n"
    for damage in DAMAGES:
        one, two = (_per_cent(damage.minimum(copies)) for copies in (1, 2))
        text += f"| {damage.words.en} | {damage.words.zh} | {one} | {two} |\n"
    for copies in (1, 2):
        text += _table(record, copies)
    wrong = sum(
        tally["misread"]
        for name, entry in entries.items()
        if not name.startswith("a4")
        for cell in entry["codes"].values()
        for tally in cell.values()
    )
    return (
        text
        + f"\nWrong texts read in all trials: {wrong}. A signed code with a wrong text is refused by its signature.\n"
    )


def _table(record: dict[str, Any], copies: int) -> str:
    names = [name for name, entry in record["layouts"].items() if entry["copies"] == copies]
    if not names:
        return ""
    text = f"\n## {'One code' if copies == 1 else 'Two codes'} on the label\n"
    for dpi in DPI:
        text += f"\n{dpi} dpi\n\n| layout | " + " | ".join(damage.words.en for damage in DAMAGES) + " | released |\n"
        text += "| --- " * (len(DAMAGES) + 2) + "|\n"
        for name in names:
            entry = record["layouts"][name]
            cells = " | ".join(_cell(damage, entry, str(dpi)) for damage in DAMAGES)
            released = Record(**{key: value for key, value in entry.items()}).passed
            text += f"| {name} | {cells} | {'yes' if released else '**no**'} |\n"
    return text


def _cell(damage: Damage, entry: dict[str, Any], dpi: str) -> str:
    read, codes = entry["read"][dpi][damage.name], entry["codes"][dpi][damage.name]
    text = f"{100 * read / codes['labels']:.1f}".removesuffix(".0")
    first = f"{100 * codes['raw'] / codes['symbols']:.0f}"
    passed = holds(damage, read=read, labels=entry["labels"], copies=entry["copies"])
    return f"{text} ({first})" if passed else f"**{text}** ({first})"


def _per_cent(minimum: int | None) -> str:
    return "for information" if minimum is None else f"{minimum} %"


if __name__ == "__main__":
    sys.exit(main())
