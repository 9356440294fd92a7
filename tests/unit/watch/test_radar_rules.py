"""The rules of the clone radar: one visitor, a family, a traveller poison nothing; what no box can do is found."""

import pytest

from coldtrace.cli.bench.radar import Scale, run, run_model
from coldtrace.settings import SettingInvalid
from coldtrace.watch.radar_rules import (
    Away,
    Cell,
    Presence,
    RadarLimits,
    Seen,
    Signal,
    burst_of,
    goes_back_and_forth,
    judge,
)

LIMITS = RadarLimits()
LATE = Signal.LOOKED_AFTER_SALE
TJ, BJ, SZ, SH = "120100", "110100", "440300", "310100"


def cells(*looks: tuple[float, str, int]) -> tuple[Cell, ...]:
    return tuple(Cell(hour=round(24 * day), place=place, looks=count) for day, place, count in looks)


def signals(seen: Seen) -> set[Signal]:
    finding = judge(seen, LIMITS)
    return set() if finding is None else set(finding.signals)


CLEAN = [
    ("one visitor, every day for a month", cells(*((day, TJ, 1) for day in range(30))), 0),
    ("three of a family on three days", cells((1.5, TJ, 3), (2.5, TJ, 3), (3.5, TJ, 2)), 1),
    ("a page sent to friends", cells((1.5, TJ, 1), (1.6, SZ, 1), (1.7, SH, 1), (2.0, BJ, 1)), 1),
    ("sold on to another city", cells((1.5, TJ, 2), (5.0, SZ, 3), (5.5, TJ, 1)), 1),
    ("taken along to four towns", cells((1.5, TJ, 1), (2.5, BJ, 1), (3.5, SH, 1), (4.5, SZ, 1)), 1),
    ("a couple with a freezer", cells((9, TJ, 2), (16, TJ, 2), (25, TJ, 2)), 1),
    ("shoppers before the shelf", cells((1.5, TJ, 3), (2.5, TJ, 3), (3.5, TJ, 2)), None),
]
COPIED = [
    (
        "in turn in two cities",
        cells((1, TJ, 1), (2, SZ, 1), (3, TJ, 1), (4, SZ, 1), (5, TJ, 1)),
        None,
        Signal.TWO_PLACES,
    ),
    ("two in each of three provinces", cells((1, TJ, 2), (2, SZ, 2), (3, SH, 2)), None, Signal.TWO_PLACES),
    ("far apart at once", cells((1, TJ, 3), (1, SZ, 3)), None, Signal.TOO_FAST),
    ("weeks after the sale", cells((10, TJ, 2), (14, SZ, 2), (19, TJ, 1)), 1, LATE),
    ("on and on, weeks after the sale", cells((10, TJ, 2), (14, TJ, 2), (19, TJ, 1), (22, TJ, 1)), 1, LATE),
    ("a crowd before one box", cells((1, TJ, 9), (2, TJ, 9)), None, Signal.CROWD),
]


@pytest.mark.parametrize(("name", "seen", "sold"), CLEAN, ids=[each[0] for each in CLEAN])
def test_what_one_box_may_do(name: str, seen: tuple[Cell, ...], sold: int | None) -> None:
    assert signals(Seen(cells=seen, sold_hour=None if sold is None else 24 * sold)) == set(), name


@pytest.mark.parametrize(("name", "seen", "sold", "signal"), COPIED, ids=[each[0] for each in COPIED])
def test_what_one_box_cannot_do(name: str, seen: tuple[Cell, ...], sold: int | None, signal: Signal) -> None:
    assert signal in signals(Seen(cells=seen, sold_hour=None if sold is None else 24 * sold)), name


def in_stock(*looks: tuple[float, str, int], sold: int | None = None) -> set[Signal]:
    """What is said of goods that a shop in Tianjin has since the first day."""
    hour = None if sold is None else 24 * sold
    return signals(Seen(cells=cells(*looks), sold_hour=hour, home=TJ, home_hour=24))


def test_goods_in_stock_are_not_looked_up_in_other_provinces() -> None:
    elsewhere = {Signal.LOOKED_ELSEWHERE}
    assert in_stock((2.5, SZ, 2), (3.5, SZ, 1)) == elsewhere
    assert in_stock((2.5, SZ, 2), (2.7, SH, 1), (2.8, BJ, 1)) == elsewhere
    assert in_stock((2.5, SZ, 1), (2.6, SH, 1), (2.7, BJ, 1)) == set(), "a picture is looked at everywhere"
    assert in_stock((2.5, SZ, 3)) == set(), "a crowd on one day is a page that was sent around"
    assert in_stock((0.5, SZ, 2), (0.9, SZ, 1)) == set(), "on the road, before the shop had it"
    assert in_stock((2.5, SZ, 2), (3.5, SZ, 1), sold=2) == set(), "it was sold before"
    assert in_stock((2.5, TJ, 2), (2.6, TJ, 2), (2.7, SZ, 2), (3.5, SZ, 1)) == set(), "most looked where it is"
    unknown = Seen(cells=cells((2.5, SZ, 2), (3.5, SZ, 1)))
    assert signals(unknown) == set(), "nobody knows where it is"


def test_goods_sold_long_ago_are_not_looked_up_in_other_provinces() -> None:
    assert in_stock((13, SZ, 2), sold=2) == {LATE}
    assert in_stock((8, SZ, 2), sold=2) == set(), "sold on within a week"
    assert in_stock((8, SZ, 4), sold=2) == {LATE}
    assert in_stock((13, TJ, 2), sold=2) == set(), "the freezer of whoever bought it"


@pytest.mark.parametrize("sold", [None, 2])
@pytest.mark.parametrize("place", [TJ, SZ, ""])
def test_one_visitor_gives_no_signal_whatever_the_place(place: str, sold: int | None) -> None:
    """A browser counts once a day; whoever comes back every day of the window is one person to every rule."""
    assert in_stock(*((day + 0.5, place, 1) for day in range(1, 31)), sold=sold) == set()


def test_at_a_counter_many_look() -> None:
    many = cells(*((day, TJ, 10) for day in range(4)))
    assert signals(Seen(cells=many)) == {Signal.CROWD}
    assert signals(Seen(cells=many, at_counter=True)) == set()


def test_phones_at_a_counter_may_seem_to_be_at_home() -> None:
    some = cells((1.4, TJ, 3), (1.5, SZ, 1), (1.6, TJ, 3), (1.7, SH, 1), (1.8, TJ, 3), (1.9, BJ, 1), (2.4, TJ, 3))
    assert signals(Seen(cells=some)) >= {Signal.TWO_PLACES}
    assert signals(Seen(cells=some, at_counter=True)) == set()


def away(box: int, *looks: tuple[float, str, int], networks: str = "") -> Away:
    return Away(box=f"{box}", cells=cells(*looks), networks=tuple(networks or f"n{box}"))


def test_a_burst_is_in_one_province_and_by_several_people() -> None:
    there = [away(n, (1 + n / 24, SZ, 1), networks=f"{n}") for n in range(4)]
    assert burst_of(there, today=24, limits=LIMITS) == (["0", "1", "2", "3"], True)
    scattered = [away(n, (1, place, 1), networks=f"{n}") for n, place in enumerate((SZ, SH, BJ, TJ))]
    assert not burst_of(scattered, today=24, limits=LIMITS)[1]
    one = [away(n, (1 + n / 24, SZ, 1), networks="1") for n in range(4)]
    assert not burst_of(one, today=24, limits=LIMITS)[1]
    over = burst_of(there, today=72, limits=LIMITS)
    assert not over[1], "nobody looked today"
    pallet = [away(n, (1, SZ, 1), networks="123456"[n % 6]) for n in range(12)]
    assert burst_of(pallet, today=24, limits=LIMITS) == ([], False)


def test_a_site_that_goes_on_as_if_goods_had_never_left() -> None:
    here = Presence(hour=0, city="1201", unexplained=False, taken_in=True)
    there = Presence(hour=5, city="4403", unexplained=True, taken_in=True)
    assert not goes_back_and_forth([here, there], LIMITS), "a forgotten out-scan"
    sent_back = Presence(hour=50, city="1201", unexplained=True, taken_in=True)
    assert not goes_back_and_forth([here, there, sent_back], LIMITS), "and one on the way back"
    had_it = Presence(hour=50, city="1201", unexplained=True)
    assert goes_back_and_forth([here, there, had_it], LIMITS)
    sold_again = Presence(hour=90, city="4403", unexplained=True, sold_again=True)
    assert goes_back_and_forth([here, sold_again], LIMITS)


@pytest.mark.parametrize("chosen", [{"nothing": 3}, {"returns": 0}])
def test_what_is_no_limit_is_refused(chosen: dict[str, int]) -> None:
    with pytest.raises(SettingInvalid):
        RadarLimits.of(chosen)
    assert RadarLimits.of({"returns": 4}).returns == 4


def test_a_small_world() -> None:
    """The small form of `coldtrace bench radar --scale full`: its figures stand in docs/guides/clone-radar.md."""
    outcome = run(42, Scale(clean=6_000, clones=25, loud=5_000), run_model, lambda said: None)
    planted = sum(planted for planted, _ in outcome.found.values())
    assert sum(found for _, found in outcome.found.values()) >= 0.9 * planted
    assert outcome.suspected <= 0.005 * outcome.clean
