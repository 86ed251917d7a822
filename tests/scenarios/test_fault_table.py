"""``docs/reliability.md`` says what becomes of a save: it must be what becomes of it."""

from tests.reliability_reference import BEGIN, END, GUIDE, measured


def test_no_fault_loses_text_and_the_document_says_what_is_measured(demo, tmp_path, capsys):
    tables = measured(demo, tmp_path)
    with capsys.disabled():
        print(f"\n{tables}")
    written = GUIDE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert written.splitlines() == tables.splitlines(), (
        "run `python -m tests.reliability_reference` and look at what changed"
    )
