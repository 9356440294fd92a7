"""The examples of docs/formats/codes.md and of the modules of this room run."""

import doctest
from importlib import import_module

import pytest

from support.published import REPOSITORY

MODULES = "check_digit gtin sscc gln command short_code trace_code digital_link ai_table scan"


def test_the_specification() -> None:
    result = doctest.testfile(str(REPOSITORY / "docs" / "formats" / "codes.md"), module_relative=False)
    assert result.attempted >= 10
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES.split())
def test_the_modules(name: str) -> None:
    result = doctest.testmod(import_module(f"coldtrace.codes.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
