"""No secret gets into a log."""

import io
import logging

import pytest

from connector.logs import RedactingFormatter, redact

TOKEN = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /site/wopi/files/x?access_token={TOKEN}&access_token_ttl=0",
        f"Authorization: Bearer {TOKEN}",
        f"the token {TOKEN} is bad",
        "GET /x?access_token=opaque-secret",
        "WOPISrc=x&access_token%3Dopaque-secret",
        "Cookie: JSESSIONID=opaque-secret.node1; other=1",
        "X-Authentication-Token: opaque-secret",
        "GET /wopi/oauth2/callback?code=opaque-secret&state=opaque-secret HTTP/1.1",
    ],
)
def test_secrets_are_taken_out(text):
    cleaned = redact(text)
    assert TOKEN not in cleaned
    assert "opaque-secret" not in cleaned


def test_the_rest_stays():
    assert redact("PutFile 200 12ms file=default/1 user=ana") == (
        "PutFile 200 12ms file=default/1 user=ana"
    )


def test_tracebacks_are_cleaned_too():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"bad access_token={TOKEN}")
    except ValueError:
        logger.exception("failed")
    assert "ValueError" in stream.getvalue()
    assert TOKEN not in stream.getvalue()
