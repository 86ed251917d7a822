"""Texts in queries: whatever they are, they stay texts."""

from hypothesis import given
from hypothesis import strategies as st

from connector.nuxeo_gateway.nxql import in_one_query, literal, select
from connector.sandbox.nuxeo_server import query

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_the_sandbox_reads_the_texts_that_were_written(values, other):
    wanted = ", ".join(map(literal, values))
    conditions = query._conditions(f"dc:title IN ({wanted}) AND ecm:parentId = {literal(other)}")
    assert [query._parse(each) for each in conditions] == [
        ("dc:title", "IN", tuple(values)),
        ("ecm:parentId", "=", (other,)),
    ]


def test_a_query_has_all_conditions():
    assert select("a = 1", "b = 'x'", order="c") == (
        "SELECT * FROM Document WHERE a = 1 AND b = 'x' ORDER BY c"
    )


@given(st.lists(TEXTS))
def test_one_query_takes_names_from_the_beginning(names):
    chosen = in_one_query(names)
    assert chosen == names[: len(chosen)]
    assert bool(chosen) == bool(names)


def test_long_names_are_asked_about_a_few_at_a_time():
    assert len(in_one_query(["x" * 512] * 40)) == 7
    assert len(in_one_query(["東" * 512] * 40)) == 1
    assert len(in_one_query([f"Report ({number}).docx" for number in range(40)])) == 40
