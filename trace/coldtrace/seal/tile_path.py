"""Where a tile lives under the prefix of a log (C2SP tlog-tiles): written one way, read strictly.

    tile/<L>/<N>[.p/<W>]        hashes: level L in 0..63, tile N, W hashes if the tile is not full
    tile/entries/<N>[.p/<W>]    the leaves themselves, for the tiles of level 0

N is cut into groups of three digits, all but the last behind an `x`, with no empty group first; W is 1..255.

>>> TilePath(level=1, number=1234067, width=8).text()
'tile/1/x001/x234/067.p/8'
>>> parse_tile_path("tile/entries/000.p/7")
TilePath(level=None, number=0, width=7)
>>> [tile_of(level, size=70_000) for level in (0, 1, 2)]
[(273, 112), (1, 17), (0, 1)]
"""

import re
from dataclasses import dataclass

from coldtrace.errors import Refusal, Words

TILE_WIDTH = 256
MAX_LEVEL = 63

# 2^63 has 19 digits, so seven groups of three are enough for every index.
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class MalformedTilePath(Refusal):
    """The text is not the one path of any tile."""

    code = "malformed_tile_path"
    title = Words("日志分块路径有误", "Malformed tile path")
    detail = Words(
        "路径不是 C2SP tlog-tiles 规定的写法，例如 tile/0/x001/234.p/5。",
        "The path is not written as C2SP tlog-tiles says, as in tile/0/x001/234.p/5.",
    )


@dataclass(frozen=True, kw_only=True)
class TilePath:
    """One tile.  `level` None means entries; `width` counts hashes or entries, 256 for a full tile."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    def text(self) -> str:
        """Return the path, without a leading slash."""
        groups = f"{self.number:03d}"
        groups = groups.zfill(-(-len(groups) // 3) * 3)
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        kind = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{kind}/{name}{partial}"


def parse_tile_path(text: str) -> TilePath:
    """Return the tile of a path without leading slash; raise MalformedTilePath for any other spelling."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise MalformedTilePath()
    kind, name, width = match.groups()
    tile = TilePath(
        level=None if kind == "entries" else int(kind),
        number=int(name.replace("/", "").replace("x", "")),
        width=TILE_WIDTH if width is None else int(width),
    )
    # Printing again refuses the leading `x000/`, a `.p/256` and whatever else has a second spelling.
    if (tile.level or 0) > MAX_LEVEL or tile.width > TILE_WIDTH or tile.text() != text:
        raise MalformedTilePath()
    return tile


def tile_of(level: int, *, size: int) -> tuple[int, int]:
    """Return how many full tiles `level` has in a tree of `size` leaves, and the width of the partial one."""
    return divmod(size >> 8 * level, TILE_WIDTH)


def entries_path(index: int, *, size: int) -> TilePath:
    """Return the bundle that holds leaf `index` in a published tree of `size` leaves."""
    return _tile_at(None, index, size)


def hash_tile_path(level: int, index: int, *, size: int) -> TilePath:
    """Return the tile that holds hash `index` of tile level `level` in a published tree of `size` leaves."""
    return _tile_at(level, index, size)


def _tile_at(level: int | None, index: int, size: int) -> TilePath:
    full, partial = tile_of(level or 0, size=size)
    number = index // TILE_WIDTH
    if not 0 <= index < full * TILE_WIDTH + partial:
        raise MalformedTilePath()
    return TilePath(level=level, number=number, width=TILE_WIDTH if number < full else partial)
