"""The memory of what was used last."""

from coldtrace.recent import Recent


def test_what_was_used_longest_ago_goes_first() -> None:
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    assert len(kept) == 2


def test_values_are_weighed_also_when_they_are_put_again_and_one_alone_may_be_too_heavy() -> None:
    kept: Recent[str, str] = Recent(10, weigh=len)
    kept.put("a", "12345")
    kept.put("a", "123456")
    kept.put("b", "1234")
    assert (kept.get("a"), kept.get("b")) == ("123456", "1234")
    kept.put("c", "1" * 11)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, None, "1" * 11)
    kept.put("d", "1")
    assert (kept.get("c"), kept.get("d")) == (None, "1")
