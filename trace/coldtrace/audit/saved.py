"""What an auditor remembers between audits, in a file of its own: the one thing that an operator cannot rewrite.

    {"v":1,"origin","vkey","size","root":b64,"note","edge":[b64...],"keys":{...},"chains":{...},"lists":int,
     "left_out":int,"at"}

Written only after an audit without findings, whole or not at all.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coldtrace.audit.refusals import SavedUnreadable
from coldtrace.audit.tree import Tree
from coldtrace.seal.b64 import MalformedBase64, b64, unb64


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The state after the last clean audit.  `edge` is the frontier of `size` leaves.

    Below `left_out` signatures or pieces were not checked, because somebody asked for that or could not see them.
    """

    origin: str
    vkey: str
    size: int
    root: bytes
    note: str
    edge: tuple[bytes, ...]
    at: str
    keys: dict[str, str] = field(default_factory=dict)
    chains: dict[str, Any] = field(default_factory=dict)
    lists: int = 0
    left_out: int = 0

    def tree(self) -> Tree:
        """Return the tree as it was."""
        return Tree(self.size, self.edge)


def load(path: Path) -> Saved | None:
    """Return the saved state, None if there is none yet; raise SavedUnreadable."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        saved = Saved(
            origin=str(value["origin"]),
            vkey=str(value["vkey"]),
            size=int(value["size"]),
            root=unb64(value["root"]),
            note=str(value["note"]),
            edge=tuple(unb64(each) for each in value["edge"]),
            at=str(value["at"]),
            keys=dict(value["keys"]),
            chains=dict(value["chains"]),
            lists=int(value["lists"]),
            left_out=int(value.get("left_out", value["size"])),  # who does not say has nothing to show for it
        )
        if value["v"] != 1 or saved.tree().root() != saved.root:
            raise ValueError("the frontier does not lead to the root")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, MalformedBase64) as error:
        raise SavedUnreadable(path=str(path), reason=str(error)) from error
    return saved


def save(path: Path, saved: Saved) -> None:
    """Write the state: a new file, synced, then put in place of the old one."""
    value = {
        "v": 1,
        **vars(saved),
        "root": b64(saved.root),
        "edge": [b64(each) for each in saved.edge],
    }
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
