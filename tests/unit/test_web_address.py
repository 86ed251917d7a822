"""Addresses as browsers compare them."""

import pytest

from connector.web_address import is_shown_within


@pytest.mark.parametrize(
    ("frame", "page", "is_shown"),
    [
        ("https://office.example.org", "https://docs.example.org", True),
        ("http://office.example.org", "http://docs.example.org", True),
        ("https://office.example.org", "http://docs.example.org", True),
        ("http://office.example.org", "https://docs.example.org", False),
        ("http://10.0.0.1:8080", "https://docs.example.org", False),
        ("http://localhost:9980", "https://docs.example.org", True),
        ("http://a.localhost", "https://docs.example.org", True),
        ("http://127.0.0.1:9980", "https://docs.example.org", True),
        ("http://[::1]:9980", "https://docs.example.org", True),
        ("http://localhost.example.org", "https://docs.example.org", False),
    ],
)
def test_no_page_by_https_shows_a_frame_by_http(frame, page, is_shown):
    assert is_shown_within(frame, page) is is_shown
