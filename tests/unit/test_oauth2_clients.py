"""The connector's entry among Nuxeo's OAuth2 clients: what is said of it, and of old servers."""

import dataclasses

import pytest

from connector.cli_oauth2 import differences
from connector.nuxeo_gateway.errors import NuxeoForbidden, NuxeoKnowsNoSuchCall, NuxeoNotFound
from connector.nuxeo_gateway.oauth2_clients import OAuth2Client, OAuth2Clients

CALLBACK = "https://wopi.example.org/wopi/oauth2/callback"
WANTED = OAuth2Client("nuxeo-wopi-connector", "Office", (CALLBACK,), True, True, "s3cret")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, []),
        ({"name": "Other"}, ["name from 'Other' to 'Office'"]),
        (
            {"redirect_uris": (CALLBACK, "https://old.example.org/")},
            [f"redirectURIs from {CALLBACK}, https://old.example.org/ to {CALLBACK}"],
        ),
        ({"redirect_uris": ()}, [f"redirectURIs from none to {CALLBACK}"]),
        ({"is_auto_grant": False}, ["isAutoGrant from false to true"]),
        ({"is_enabled": False}, ["isEnabled from false to true"]),
        ({"secret": None}, ["a secret"]),
        ({"secret": "other"}, ["another secret"]),
    ],
)
def test_what_is_different_is_said_without_secrets(found, said):
    assert differences(dataclasses.replace(WANTED, **found), WANTED) == said


def test_a_secret_is_not_in_what_is_shown_of_an_entry():
    assert "s3cret" not in repr(WANTED)


class Session:
    """Nuxeo as ``answers`` has it: by method and path, an answer or an error."""

    def __init__(self, answers):
        self.answers = answers
        self.calls = []

    def call(self, method, path, *, user, data=None):
        self.calls.append((method, path, user, data))
        answer = self.answers[method, path]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer)


class Answer:
    def __init__(self, value):
        self.value = value

    def json(self):
        return self.value


def test_a_server_without_the_call_gets_the_entry_where_it_keeps_them():
    session = Session(
        {
            ("POST", "api/v1/oauth2/client"): NuxeoKnowsNoSuchCall("405"),
            ("POST", "api/v1/directory/oauth2Clients"): {},
        }
    )
    OAuth2Clients(session).create(WANTED, user="Administrator")
    *_, (_, _, user, sent) = session.calls
    assert user == "Administrator"
    assert sent == {
        "entity-type": "directoryEntry",
        "directoryName": "oauth2Clients",
        "properties": {
            "clientId": "nuxeo-wopi-connector",
            "clientSecret": "s3cret",
            "name": "Office",
            "redirectURIs": CALLBACK,
            "autoGrant": True,
            "enabled": True,
        },
    }


def test_no_other_refusal_leads_there():
    session = Session({("POST", "api/v1/oauth2/client"): NuxeoForbidden("403")})
    with pytest.raises(NuxeoForbidden):
        OAuth2Clients(session).create(WANTED, user="alice")
    assert len(session.calls) == 1


def test_an_old_server_does_not_tell_everything():
    path = "api/v1/oauth2/client/nuxeo-wopi-connector"
    told = {"entity-type": "oauth2Client", "id": WANTED.id, "name": "Office", "isEnabled": True}
    found = OAuth2Clients(Session({("GET", path): told})).get(WANTED.id, user="Administrator")
    assert found == OAuth2Client(WANTED.id, "Office", None, None, True)


def test_there_may_be_none():
    path = "api/v1/oauth2/client/x"
    clients = OAuth2Clients(Session({("GET", path): NuxeoNotFound("404")}))
    assert clients.get("x", user="Administrator") is None
