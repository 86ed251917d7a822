"""``docs/protocol.md`` says what operations answer: it must be what they answer."""

from tests.protocol_reference import BEGIN, END, GUIDE, World, tables


def test_the_document_says_what_is_measured(demo, behind_proxy, proxy):
    text = GUIDE.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0]
    measured = tables(World(demo, behind_proxy, proxy))
    assert written.splitlines() == measured.splitlines(), (
        "run `python -m tests.protocol_reference` and look at what changed"
    )
