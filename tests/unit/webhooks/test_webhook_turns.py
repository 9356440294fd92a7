"""Receivers that never answer have a small part of the hands, however much waits for them."""

from collections import Counter
from uuid import UUID

from coldtrace.webhooks.turns import RESTS, Turns

HANDS, DEADLINE_S = 8, 15.0
HANGING = [UUID(int=number) for number in range(1, 13)]
HEALTHY = UUID(int=99)


def test_who_is_well_is_served_beside_twelve_that_hang_with_endless_backlogs() -> None:
    """Hands take the oldest message of whoever has his turn; those of the one that is well are the newest of all."""
    turns, busy, served = Turns(), {}, Counter[UUID]()
    waited_s: list[float] = []
    wants_since: float | None = 0.0
    now = 0.0
    while now < 1800:
        for webhook, until in list(busy.items()):
            if until <= now:
                del busy[webhook]
                took = DEADLINE_S if webhook in HANGING else 0.1
                turns.tried(webhook, taken=webhook == HEALTHY, took_s=took, now_s=now)
                if webhook == HEALTHY:
                    wants_since = now
        resting = turns.resting(now)
        for webhook in [*HANGING, HEALTHY]:
            if len(busy) < HANDS and webhook not in busy and webhook not in resting:
                busy[webhook] = now + (DEADLINE_S if webhook in HANGING else 0.1)
                served[webhook] += 1
                if webhook == HEALTHY and wants_since is not None:
                    waited_s.append(now - wants_since)
                    wants_since = None
        now = round(now + 0.1, 1)
    assert served[HEALTHY] > 15 * sum(served[each] for each in HANGING)
    assert max(waited_s) <= 2 * DEADLINE_S
    assert sorted(waited_s)[int(len(waited_s) * 0.99)] < 1


def test_a_rest_is_as_long_as_the_failed_try_and_ends_with_a_taken_one() -> None:
    turns = Turns()
    turns.tried(HEALTHY, taken=False, took_s=2.0, now_s=100.0)
    assert turns.resting(100 + 2 * RESTS - 0.1) == {HEALTHY}
    assert turns.resting(100 + 2 * RESTS) == set()
    turns.tried(HEALTHY, taken=False, took_s=2.0, now_s=200.0)
    turns.tried(HEALTHY, taken=True, took_s=2.0, now_s=201.0)
    assert turns.resting(201.0) == set()
