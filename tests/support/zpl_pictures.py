"""ZPL drawn by an offline renderer, as a label printer would draw it; `tools/npm_files` fetches it."""

import base64
import io
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from support.source_tree import REPOSITORY

RENDERER = REPOSITORY / ".venv" / "npm" / "zpl-renderer-js" / "3.4.0" / "index.cjs.js"
DRAW = """
const { ready } = require(process.argv[1]);
const wanted = JSON.parse(require("fs").readFileSync(0, "utf8"));
ready.then(async ({ api }) => {
  const drawn = [];
  for (const { zpl, width, height, dots } of wanted) {
    drawn.push(await api.zplToBase64MultipleAsync(zpl, width, height, dots));
  }
  process.stdout.write(JSON.stringify(drawn), () => process.exit(0));
});
"""


@dataclass(frozen=True, kw_only=True)
class ZplFile:
    """A file of labels, and the print head that it is for."""

    zpl: bytes
    width_mm: float
    height_mm: float
    dots_per_mm: int


def zpl_pictures(files: Sequence[ZplFile]) -> list[list[Image.Image]]:
    """Return the labels of each file as pictures, in one run of the renderer."""
    node = shutil.which("node")
    assert node is not None, "node is missing: run tools/npm_files, as `make test` does"
    assert RENDERER.exists(), "the ZPL renderer is missing: run tools/npm_files, as `make test` does"
    wanted = [
        {
            "zpl": file.zpl.decode("utf-8"),
            "width": file.width_mm,
            "height": file.height_mm,
            "dots": file.dots_per_mm,
        }
        for file in files
    ]
    done = subprocess.run(
        [node, "-e", DRAW, str(RENDERER)], input=json.dumps(wanted).encode(), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [
        [Image.open(io.BytesIO(base64.b64decode(picture))).convert("L") for picture in pictures]
        for pictures in json.loads(done.stdout)
    ]
