"""Two real witnesses of one log, in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.sample_log import SampleLog
from support.witness_process import WitnessProcess


@pytest.fixture(scope="module")
def log() -> SampleLog:
    """The log that both follow."""
    return SampleLog()


@pytest.fixture
def witnesses(tmp_path: Path, log: SampleLog) -> Iterator[list[WitnessProcess]]:
    """Two witnesses that run."""
    names = ("one", "two")
    made = [WitnessProcess.make(tmp_path / name, name=f"witness.example/{name}", follows=log.vkey) for name in names]
    for each in made:
        each.start()
    yield made
    for each in made:
        each.kill()
