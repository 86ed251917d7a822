"""Makes ``docs/images/`` anew: ``python -m tests.pictures``.

The browser tests leave pictures of what they see in ``test-artifacts/``. Those that ``docs/`` shows
are copied from there, with few colours, so that they are small.
"""

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
TAKEN = ROOT / "test-artifacts"
IMAGES = ROOT / "docs" / "images"
_COLOURS = 128


def shown():
    """The names of the pictures that the documents show."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = [path.read_text(encoding="utf-8") for path in documents]
    return {name for text in texts for name in re.findall(r"images/([\w-]+)\.png", text)}


def main():
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/browser"], cwd=ROOT)
    if done.returncode:
        return done.returncode
    IMAGES.mkdir(exist_ok=True)
    for path in IMAGES.iterdir():
        path.unlink()
    for name in sorted(shown()):
        with Image.open(TAKEN / f"{name}.png") as picture:
            few = picture.convert("RGB").quantize(_COLOURS)
            few.save(IMAGES / f"{name}.png", optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
