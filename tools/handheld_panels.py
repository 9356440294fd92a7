"""A handheld's panels as a web page, from what a real coldscan writes to a terminal.

The program runs on a pseudo terminal, since it draws panels for people only; its colours and words are taken from its
own escape sequences.
"""

import fcntl
import html
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

COLUMNS, ROWS = 80, 12
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"
_PAINTED = re.compile(r"^\x1b\[48;2;([\d;]+)m\x1b\[38;2;([\d;]+)m\x1b\[1m(.*)\x1b\[0m$")
_STYLE = """
body { margin: 0; padding: 16px; background: #f4f7f9; width: 976px; display: grid; gap: 16px;
       grid-template-columns: 1fr 1fr; font: 18px/1.6 monospace, "Noto Sans CJK SC"; }
section { border-radius: 8px; overflow: hidden; display: flex; flex-direction: column; }
p { margin: 0; padding: 0 18px 12px; }
p.word { font-size: 32px; line-height: 1.4; padding: 14px 18px 10px; white-space: pre; }
p.below { font-size: 14px; padding: 8px 18px; background: #0b1f2a; color: #d5dfe5; margin-top: auto; }
"""


def coldscan(state: Path, *words: str) -> str:
    """Run a coldscan command and return its standard output; raise if it fails."""
    command = [sys.executable, "-m", "coldscan", "--state", str(state), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def scanned(state: Path, lines: Sequence[str], *, env: Mapping[str, str]) -> list[str]:
    """Scan lines on a terminal and return one screen for each, as the program painted it."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "coldscan", "--state", str(state), "scan", "--quiet"]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=inner, env={**env, "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    )
    os.close(inner)
    assert running.stdin is not None
    running.stdin.write("".join(f"{line}\n" for line in lines).encode())
    running.stdin.close()
    painted = bytearray()
    while True:
        try:
            part = os.read(outer, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        painted += part
    os.close(outer)
    running.wait(timeout=30)
    # Before the first clear nothing was painted; the first screen says that it is ready.
    return painted.decode().replace("\r\n", "\n").split(_CLEAR)[2:]


def as_page(screens: Sequence[str]) -> str:
    """Return an HTML page with the screens side by side."""
    sections = "".join(_section(screen) for screen in screens)
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>{sections}'


def _section(screen: str) -> str:
    """Return one panel; the terminal's line breaks are taken out, since the picture has its own width."""
    painted, below, colours = [], "", ""
    for line in screen.rstrip("\n").split("\n"):
        found = _PAINTED.match(line)
        if found is None:
            below = line.strip()
            continue
        colours = f"background:rgb({found[1].replace(';', ',')});color:rgb({found[2].replace(';', ',')})"
        painted += [found[3].strip()] if found[3].strip() else []
    word, sentence = painted[0], " ".join(painted[1:])
    if not sentence.isascii():  # Chinese has no blank where a line ends
        sentence = "".join(painted[1:])
    said = [("word", word), ("says", sentence), ("below", below)]
    return f'<section style="{colours}">' + "".join(_line(*each) for each in said) + "</section>"


def _line(kind: str, text: str) -> str:
    return f'<p class="{kind}">{html.escape(text)}</p>'
