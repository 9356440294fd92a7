"""How a gate makes an answer seen and heard: a stack light, a loudspeaker, a panel or a line.

The command of the light is called with two more words, lane and result - `lamp in saved` - and finds the rest in its
environment: COLDSCAN_LANE, COLDSCAN_RESULT, COLDSCAN_CODE, COLDSCAN_SAY, COLDSCAN_LANG.  The player is called with the
path of a WAV file.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coldscan import words_gate
from coldscan.answer import LOOKS, Answer, Result
from coldscan.bench import Bench
from coldscan.errands import Errands, Job
from coldscan.loop import footer_or_nothing
from coldscan.panel import BELL, plain, printable, screen
from coldscan.sounds import GRAVITY
from coldtrace.errors import Lang

Shower = Callable[[str, Answer], None]


class Signals:
    """Light and sound.  Each lane's light has a thread of its own; the loudspeaker is one for both."""

    def __init__(
        self,
        lanes: Sequence[str],
        *,
        light: Sequence[str],
        player: Sequence[str],
        sounds: Mapping[Result, Path],
        lang: Lang,
    ) -> None:
        self._light, self._player, self._sounds, self._lang = light, player, sounds, lang
        self._lights = {lane: Errands(self._tell) for lane in lanes} if light else {}
        self._speaker = Errands(self._tell) if player else None

    def show(self, lane: str, answer: Answer) -> None:
        """Set the lane's light to its newest answer, and let the gravest answer be heard first."""
        result = answer.result
        if lane in self._lights:
            says = {
                "COLDSCAN_LANE": lane,
                "COLDSCAN_RESULT": result.value,
                "COLDSCAN_CODE": answer.code or "",
                "COLDSCAN_SAY": printable(answer.say),
                "COLDSCAN_LANG": self._lang,
            }
            self._lights[lane].ask(Job(key=lane, arguments=[*self._light, lane, result.value], says=says))
        if self._speaker is not None:
            sound = str(self._sounds[result])
            self._speaker.ask(Job(key=result, arguments=[*self._player, sound], gravity=GRAVITY[result]))

    def close(self) -> None:
        """Let what still waits be seen and heard."""
        for errands in (*self._lights.values(), *([] if self._speaker is None else [self._speaker])):
            errands.close()

    def _tell(self, fault: str) -> None:
        print(words_gate.LAMP_FAULT.say(self._lang, fault=printable(fault)), file=sys.stderr, flush=True)


def shower(bench: Bench, *, as_json: bool, bell: bool) -> Shower:
    """Return what writes an answer to standard output: JSON, a panel for each lane, or a line."""
    last: dict[str, Answer] = {}

    def show(lane: str, answer: Answer) -> None:
        if as_json:
            text = json.dumps({"lane": lane, **answer.to_json()}, ensure_ascii=False) + "\n"
        elif sys.stdout.isatty():
            last[lane] = answer
            panels = [(words_gate.LANES[each].say(bench.lang), last[each]) for each in sorted(last)]
            text = screen(panels, footer=footer_or_nothing(bench)) + BELL * (LOOKS[answer.result].bells if bell else 0)
        else:
            text = f"{words_gate.LANES[lane].say(bench.lang)}  {plain(answer, lang=bench.lang)}\n"
        sys.stdout.write(text)
        sys.stdout.flush()

    return show
