"""Who calls, behind a proxy and without one."""

import pytest

from connector.wopi.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        # The reverse proxy tells its own caller; what its caller says is before that.
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "evil,,8.8.8.8", "8.8.8.8"),
        ("172.18.0.2", "8.8.8.8", "8.8.8.8"),
        ("::1", "8.8.8.8", "8.8.8.8"),
        ("::ffff:127.0.0.1", "8.8.8.8", "8.8.8.8"),
        # Some proxies add the port.
        ("127.0.0.1", "8.8.8.8:4711", "8.8.8.8"),
        ("127.0.0.1", "[2606:4700:1:2::3]:4711", "2606:4700:1:2::/64"),
        # By a socket file there is no peer.
        ("", "8.8.8.8", "8.8.8.8"),
        # Who comes from outside by themselves is not believed.
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),
        ("2606:4700:1:2::3", "1.1.1.1", "2606:4700:1:2::/64"),
        # Without a proxy, or with one that says nothing of use.
        ("127.0.0.1", "", "127.0.0.1"),
        ("10.0.0.7", "unknown", "10.0.0.7"),
        ("10.0.0.7", "8.8.8.8, 999.1.1.1", "10.0.0.7"),
        ("10.0.0.7", "x" * 10_000, "10.0.0.7"),
        ("", "", ""),
    ],
)
def test_who_calls(peer, forwarded_for, expected):
    assert client_address(peer, forwarded_for) == expected


def test_who_has_a_network_has_one_budget():
    callers = {client_address("127.0.0.1", f"2606:4700:1:2::{number:x}") for number in range(500)}
    assert len(callers) == 1
