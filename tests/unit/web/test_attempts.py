"""Whoever lost a race waits a random while before the next try, so that losers do not meet again in step."""

import pytest

from coldtrace.web.database_trouble import PAUSE_S, attempts
from support.house import make_env


def test_the_first_try_waits_for_nobody_and_pauses_are_random_and_grow(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = make_env(tmp_path_factory.mktemp("keys"))
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    assert next(attempts(env, 4)) == 0
    assert slept == []
    for _ in range(200):
        assert list(attempts(env, 4)) == [0, 1, 2, 3]
    by_number = [slept[number::3] for number in range(3)]
    for number, pauses in enumerate(by_number, start=1):
        assert 0 <= min(pauses) < max(pauses) <= number * PAUSE_S
        assert len({round(each, 4) for each in pauses}) > 20
    assert [max(each) for each in by_number] == sorted(max(each) for each in by_number)
