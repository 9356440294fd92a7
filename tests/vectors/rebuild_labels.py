"""Rebuild `labels/*.png`, the labels as they were looked at by eye, black and white at 203 dpi.

    PYTHONPATH=tests python tests/vectors/rebuild_labels.py

Look at every picture that changed before you commit it: frost, gloves, two metres.
"""

from pathlib import Path

from support.golden_labels import golden_pictures, png

FOLDER = Path(__file__).parent / "labels"


def main() -> None:
    """Write every picture and remove those that nobody draws any more."""
    drawn = {f"{name}.png": png(picture) for name, picture in golden_pictures()}
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if old.name not in drawn:
            old.unlink()
    for name, data in drawn.items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
