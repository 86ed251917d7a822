"""What a request for a host page tells of who asks, and what is kept of a link over a sign-in."""

import pytest

from connector.host.asked import is_for_a_tab, query_to_come_back_with


@pytest.mark.parametrize(
    ("headers", "action", "expected"),
    [
        ({}, "edit", True),
        ({}, None, True),
        # Without TLS nobody tells, and what is to be embedded most likely is.
        ({}, "embedview", False),
        ({"Sec-Fetch-Dest": "document"}, "embedview", True),
        ({"Sec-Fetch-Dest": "iframe"}, "view", False),
        ({"Sec-Fetch-Dest": "empty"}, "edit", False),
        ({"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"}, "edit", False),
        ({"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"}, "edit", False),
    ],
)
def test_who_looks_at_a_tab(headers, action, expected):
    assert is_for_a_tab(headers, action) is expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], ""),
        ([("client", "office"), ("wd", "ü /")], "client=office&wd=%C3%BC+%2F"),
        ([("wd", "x" * 97)], f"wd={'x' * 97}"),
        ([("wd", "x" * 98)], ""),
        ([("wd", "x" * 98), ("client", "office"), ("client", "other")], "client=office"),
        ([("wd", "ü" * 20), ("client", "office")], "client=office"),
        ([("client", "x" * 98)], ""),
        ([("client", "ü" * 20)], ""),
    ],
)
def test_a_long_query_is_cut_to_the_office_client(parameters, expected):
    assert query_to_come_back_with(parameters, room=100) == expected


def test_where_there_is_no_room_nothing_is_kept():
    assert query_to_come_back_with([("client", "office")], room=5) == ""
    assert query_to_come_back_with([("client", "office")], room=-1) == ""
    assert query_to_come_back_with([], room=-1) == ""
