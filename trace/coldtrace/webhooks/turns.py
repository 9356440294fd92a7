"""Whose turn it is: a receiver that keeps a sender waiting for nothing waits itself, several times as long.

Without that some receivers that never answer, each with messages enough, would have every hand there is for as long as
they like.  Kept in memory, for one process: what is forgotten with it costs one wait more.
"""

from uuid import UUID

RESTS = 7
"""How many times as long as a failed try took its webhook rests: it has an eighth of a hand at most."""


class Turns:
    """Which webhooks rest.  Times are seconds of a clock that only goes on."""

    def __init__(self) -> None:
        self._until: dict[UUID, float] = {}

    def tried(self, webhook_id: UUID, *, taken: bool, took_s: float, now_s: float) -> None:
        """Note how a try ended."""
        if taken:
            self._until.pop(webhook_id, None)
        else:
            self._until[webhook_id] = now_s + RESTS * took_s

    def resting(self, now_s: float) -> set[UUID]:
        """Return those whose turn it is not yet, and forget the others."""
        self._until = {each: until for each, until in self._until.items() if until > now_s}
        return set(self._until)
