"""Strict base64: one spelling per byte string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.b64 import MalformedBase64, b64, std_b64, un_std_b64, unb64
from support.tlog_vectors import frozen

VECTORS = frozen("base64.json")


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["hex"] or "empty")
def test_frozen_pairs_read_and_print(case: dict[str, str]) -> None:
    data = bytes.fromhex(case["hex"])
    assert (b64(data), std_b64(data)) == (case["b64"], case["standard"])
    assert unb64(case["b64"]) == un_std_b64(case["standard"]) == data


@pytest.mark.parametrize("text", VECTORS["malformed_b64"], ids=repr)
def test_other_spellings_of_url_base64_are_refused(text: str) -> None:
    with pytest.raises(MalformedBase64):
        unb64(text)


@pytest.mark.parametrize("text", VECTORS["malformed_standard"], ids=repr)
def test_other_spellings_of_standard_base64_are_refused(text: str) -> None:
    with pytest.raises(MalformedBase64):
        un_std_b64(text)


@given(st.binary(max_size=100))
def test_round_trip(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert un_std_b64(std_b64(data)) == data


@given(st.text(max_size=20) | st.text("AQgw-_=+/", max_size=9))
def test_whatever_is_read_is_the_only_spelling(text: str) -> None:
    for read, write in ((unb64, b64), (un_std_b64, std_b64)):
        try:
            data = read(text)
        except MalformedBase64:
            continue
        assert write(data) == text
