"""What the benchmark of filters measures is what it says; how long it takes is no test."""

from coldtrace.cli.bench.filter_times import filter_times


def test_the_times_are_of_a_real_filter() -> None:
    times = filter_times(500)
    assert (times.entries, times.size_bytes > 600) == (500, True)
    assert min(times.build_s, times.open_s, times.verdict_without_s, times.verdict_with_s, times.verdict_cold_s) > 0
