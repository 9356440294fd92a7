"""Chinese glyphs for a browser on a bare machine: the font of the `noto-cjk-sans-otc` wheel through fontconfig."""

import os
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

_CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def browser_environment(folder: Path) -> dict[str, str | float | bool]:
    """Write a fontconfig file into `folder` and return the environment a browser is started with."""
    fonts = Path(str(files("noto_cjk_sans_otc")))
    config = folder / "fonts.conf"
    config.write_text(
        _CONFIG.format(fonts=escape(str(fonts)), cache=escape(str(folder / "font-cache"))), encoding="utf-8"
    )
    return {**os.environ, "FONTCONFIG_FILE": str(config)}
