"""Compressed around a few bytes that change: what any gzip reads is the whole."""

import gzip

import pytest

from coldtrace.web.accepted import takes_gzip
from coldtrace.web.zipped import ZippedAround

PAGE = "<p>冷链追溯 cold chain</p>" * 400


@pytest.mark.parametrize("middle", ["", "1", "本码第 1234567 次查询", "x" * 65_535])
@pytest.mark.parametrize(("before", "after"), [(PAGE, PAGE), ("", PAGE), (PAGE, ""), ("", "")])
def test_any_gzip_reads_it(before: str, middle: str, after: str) -> None:
    whole = ZippedAround(before.encode(), after.encode()).around(middle.encode())
    assert gzip.decompress(whole).decode() == before + middle + after


def test_it_costs_little_more_than_the_whole_compressed_at_once() -> None:
    whole = ZippedAround(PAGE.encode(), PAGE.encode()).around(b"2")
    assert len(whole) < len(gzip.compress((PAGE + "2" + PAGE).encode())) + 200


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip, br", True),
        ("br, *;q=0.1", True),
        ("gzip;q=0", False),
        ("GZIP ; Q=0.0", False),
        ("", False),
        ("br", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
