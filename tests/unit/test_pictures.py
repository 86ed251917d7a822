"""The pictures in the documents: each is there, each is made by a test, and there is no other."""

import re

from tests.pictures import IMAGES, ROOT, shown


def test_each_picture_that_is_shown_is_there_and_no_other():
    assert {path.stem for path in IMAGES.glob("*.png")} == shown()
    assert [path.name for path in IMAGES.iterdir() if path.suffix != ".png"] == []


def test_each_is_made_by_a_test():
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests/browser").glob("test_*.py"))
    taken = re.findall(r"picture(?:_of)?\((?:[\w.]+, )?f?\"([^\"]+)\"", tests)
    patterns = [re.compile(re.sub(r"\\\{.*?\\\}", r"[\\w-]+", re.escape(name))) for name in taken]
    assert [name for name in shown() if not any(each.fullmatch(name) for each in patterns)] == []


def test_they_are_small():
    assert max(path.stat().st_size for path in IMAGES.iterdir()) < 100_000
