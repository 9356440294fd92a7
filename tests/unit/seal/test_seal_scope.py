"""Scopes: which identities a code key may give.  The cases with codes are in tests/vectors/gs1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.scope import MalformedScope, check_scope, covers

GTIN, SSCC, GLN, OWN = "09506000134352", "106141412345678908", "6901234567892", "7QK4M2ZX9RTB5"
KINDS = {"01": GTIN, "00": SSCC, "414": GLN, "U": OWN}


@pytest.mark.parametrize("scope", [(), ("01", "00", "U"), ("01:9506000", "00:0614141", "U"), ("01", "00", "U", "414")])
def test_all_kinds(scope: tuple[str, ...]) -> None:
    assert check_scope(scope) == scope
    assert all(covers(scope, ai, value) for ai, value in KINDS.items())


@pytest.mark.parametrize("kind", ["01", "00", "U"])
def test_one_kind_is_no_other(kind: str) -> None:
    assert {ai for ai, value in KINDS.items() if covers((kind,), ai, value)} == {kind, "414"}


def test_a_scope_with_places_limits_places() -> None:
    assert not covers(("01", "414:4012345"), "414", GLN)
    assert covers(("01", "414:4012345", "414:69012"), "414", GLN)


@pytest.mark.parametrize(
    "entry", ["", "1", "02", "01:", "01:123", "01:1234567890123", "U:7QK4", "414:69 01234", "01:٦٩٠١٢٣٤", "01\n", "*"]
)
def test_a_malformed_entry_is_refused_and_allows_nothing(entry: str) -> None:
    with pytest.raises(MalformedScope) as refusal:
        check_scope(("01", entry))
    assert refusal.value.facts == {"entry": entry}
    assert not any(covers((entry,), ai, value) for ai, value in KINDS.items() if ai != "414")


@given(st.lists(st.text("0149U:6", max_size=9), min_size=1, max_size=4), st.sampled_from(sorted(KINDS)))
def test_a_longer_scope_never_allows_less(scope: list[str], ai: str) -> None:
    """Except that of `414`, where the first entry begins the limit."""
    if covers(scope[:-1], ai, KINDS[ai]) and scope[:-1] and ai != "414":
        assert covers(scope, ai, KINDS[ai])
