"""Worker processes: the same bytes as one process makes, in order, refusals and all; nothing is left running."""

import io
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from coldtrace.labels.content import LabelContent
from coldtrace.labels.make import make_labels, stream_labels
from coldtrace.labels.press import Order, groups
from coldtrace.labels.refusals import CodeNotVerified, FolderInUse, NoLabels
from coldtrace.labels.workers import BATCH_LABELS, BATCHES_AHEAD, WORTH_A_PROCESS, printed
from support.label_cases import pallet
from support.signed_labels import seals, signed_carton, signed_cartons

MANY = WORTH_A_PROCESS + 30


@pytest.mark.parametrize(
    ("format", "layout"), [("pdf", "100x100"), ("pdf", "a4"), ("zpl", "60x40"), ("csv", "100x150")]
)
def test_the_bytes_do_not_depend_on_who_made_them(format: str, layout: str) -> None:
    contents = list(signed_cartons(MANY))
    made = []
    for workers in (0, 2):
        out = io.BytesIO()
        report = make_labels(contents, layout=layout, format=format, out=out, seals=seals(), workers=workers)
        assert report.count == MANY
        made.append(out.getvalue())
    assert made[0] == made[1]
    assert b"".join(stream_labels(contents, Order(layout=layout, format=format, seals=seals()))) == made[0]


def test_the_first_bad_label_ends_the_run_with_its_own_refusal_and_no_file(tmp_path: Path) -> None:
    spoiled = replace(signed_carton(), uri=signed_carton().uri[:-1] + "A", short_code="", gs1_text="")
    contents = chain(signed_cartons(MANY), [spoiled], signed_cartons(20))
    with pytest.raises(CodeNotVerified):
        make_labels(contents, layout="60x40", format="zpl", out=tmp_path / "a.zpl", seals=seals(), workers=2)
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []


def test_contents_are_taken_as_they_are_needed() -> None:
    taken = 0

    def contents() -> Iterator[LabelContent]:
        nonlocal taken
        for content in signed_cartons(2 * MANY):
            taken += 1
            yield content

    made = printed(groups(contents(), "60x40"), Order(layout="60x40", format="csv", seals=seals()), workers=2)
    next(made)
    assert taken <= WORTH_A_PROCESS + 1 + 2 * BATCHES_AHEAD * BATCH_LABELS
    made.close()
    assert multiprocessing.active_children() == []


def test_a_stream_that_nobody_reads_to_its_end_leaves_nothing_running() -> None:
    stream = stream_labels(signed_cartons(MANY), Order(layout="60x40", format="zpl"), workers=1)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_an_empty_stream_is_refused() -> None:
    with pytest.raises(NoLabels):
        b"".join(stream_labels([], Order(layout="60x40", format="zpl")))


def test_a_folder_is_filled_up_where_a_run_stopped_and_only_there(tmp_path: Path) -> None:
    contents = [*signed_cartons(5), pallet()]
    make_labels(contents[:3], layout="60x40", format="png", out=tmp_path)
    report = make_labels(contents, layout="60x40", format="png", out=tmp_path, go_on=True)
    assert (report.count, report.kept) == (3, 3)
    again = make_labels(contents, layout="60x40", format="png", out=tmp_path)
    assert (again.count, again.kept) == (6, 0)
    assert len(list(tmp_path.iterdir())) == 6
    with pytest.raises(FolderInUse):
        make_labels(contents[1:], layout="60x40", format="png", out=tmp_path)
