"""``docs/install.md`` as tests use it: its blocks of commands and of configuration, in order.

A block is what stands between two fences. A comment before it says what is special about it:
``file: PATH`` for what is to be in a file, and ``not run: REASON`` for what a test cannot do.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "install.md"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_WAY = "## Way {}: "
_AFTERWARDS = "## The package for Web UI"


@dataclass(frozen=True)
class Command:
    """A command, and what it prints; ``...`` stands for anything."""

    line: str
    output: str


@dataclass(frozen=True)
class Block:
    """One of the guide's blocks: its language, the comment before it, and its text."""

    kind: str
    note: str
    text: str

    def said(self, what):
        """What the comment says of ``file`` or ``not run``."""
        found = re.match(rf"{what}: (.*)", self.note)
        return found and found[1]

    def commands(self):
        found = []
        for line in self.text.splitlines():
            if line.startswith(("# ", "$ ")):
                found.append([line[2:], []])
            else:
                found[-1][1].append(line)
        return [Command(line, "\n".join(output)) for line, output in found]


def all_blocks():
    return _blocks(GUIDE.read_text(encoding="utf-8"))


def before():
    """What comes before the two ways."""
    return _blocks(_parts()[0])


def way(number):
    return _blocks(_parts()[number])


def afterwards():
    """What comes after either of them."""
    return _blocks(_parts()[3])


def _parts():
    text = GUIDE.read_text(encoding="utf-8")
    starts = [text.index(_WAY.format(1)), text.index(_WAY.format(2)), text.index(_AFTERWARDS)]
    return [text[begin:end] for begin, end in zip([0, *starts], [*starts, None], strict=True)]


def _blocks(text):
    return [
        Block(found["kind"], found["note"] or "", found["text"]) for found in _BLOCK.finditer(text)
    ]


def configuration(number):
    """What is to be in the connector's file, in one of the ways."""
    (block,) = [block for block in way(number) if block.said("file")]
    return block.text


def matches(expected, printed):
    pattern = ".*".join(map(re.escape, expected.strip().split("...")))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
