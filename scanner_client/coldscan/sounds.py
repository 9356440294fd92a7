"""The sounds of the answers, made here: no file comes with the program.

Each is told from the others by pitch and by count, through ear muffs and fans: one high for what counts, two or three
short ones for repeats and for what needs a look, one long low tone for a stop.
"""

import array
import math
import shutil
import sys
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coldscan.answer import Result

RATE: Final = 22_050
PAUSE_MS: Final = 60
_LOUD: Final = 26_000
_RAMP_MS: Final = 4
PLAYERS: Final = (("aplay", "-q"), ("paplay",), ("pw-play",))


@dataclass(frozen=True)
class Tone:
    """So many beeps of one pitch."""

    hertz: int
    ms: int
    times: int = 1


TONES: Final = {
    Result.SAVED: Tone(1000, 100),
    Result.NOTED: Tone(1000, 40),
    Result.REPEAT: Tone(700, 60, 2),
    Result.LOOK: Tone(600, 110, 3),
    Result.STOP: Tone(220, 800),
}
GRAVITY: Final = {result: place for place, result in enumerate(Result)}
"""A stop is heard before anything else that waits to be heard."""


def write_sounds(folder: Path) -> dict[Result, Path]:
    """Write one WAV file for each result and return where they are."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = {result: folder / f"{result}.wav" for result in TONES}
    for result, tone in TONES.items():
        with wave.open(str(paths[result]), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(_samples(tone))
    return paths


def find_player() -> tuple[str, ...] | None:
    """Return a player of this machine, or None: then the terminal's bell is all there is."""
    return next((player for player in PLAYERS if shutil.which(player[0])), None)


def _samples(tone: Tone) -> bytes:
    beep, ramp = RATE * tone.ms // 1000, RATE * _RAMP_MS // 1000
    wave_of = [
        round(_LOUD * min(1, place / ramp, (beep - place) / ramp) * math.sin(2 * math.pi * tone.hertz * place / RATE))
        for place in range(beep)
    ]
    samples = array.array("h", (wave_of + [0] * (RATE * PAUSE_MS // 1000)) * tone.times)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
