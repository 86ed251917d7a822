"""Nuxeo's own Python client, made for tests."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

from urllib3.util.retry import Retry

from connector.nuxeo_gateway.official_client import Nuxeo


def connect(person):
    """A client with the password of ``person``."""
    # Without the client's five retries a refusal takes no half minute.
    client = Nuxeo(auth=(person.name, person.password), host=person.url, retries=Retry(0))
    client.client._session.trust_env = False
    client.client._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Kept in the class, for all servers there ever were.
    client.operations.ops.clear()
    return client
