"""Office clients of few words, for tests that speak for them."""

import base64
import contextlib
import json
import threading

import pytest
from flask import Flask, Response, request
from playwright.sync_api import expect
from werkzeug.serving import WSGIRequestHandler, make_server

from connector.app import build
from tests.support import HOST, MovableClock, Wopi, free_ports

WORDS = "An office of few words"
PAGE = f"""<!doctype html><html lang="en"><title>Office</title><p>{WORDS}</p><script>
window.heard = [];
window.addEventListener("message", (event) => window.heard.push(JSON.parse(event.data)));
</script></html>"""


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments):
        """Not into the tests' log: it would be most of it."""


@contextlib.contextmanager
def serving(app, port):
    server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def discovery_at(url):
    return (
        "<wopi-discovery><net-zone name='external-http'><app name='Word'>"
        f"<action name='view' ext='docx' urlsrc='{url}'/>"
        f"<action name='edit' ext='docx' urlsrc='{url}'/>"
        "</app></net-zone></wopi-discovery>"
    )


class Office:
    """An office client, and a connector beside the demo's that has no other."""

    def __init__(self, port, url, connector, clock, tokens):
        self.port, self.url, self.connector, self.clock = port, url, connector, clock
        self.tokens = tokens

    def show(self, person, uid, action="edit", xpath="file:content"):
        """Have somebody open a file."""
        person.page.goto(f"{self.url}wopi/{action}/default/{uid}/{xpath}")
        expect(person.frame().locator("body")).to_contain_text(WORDS)

    def tell(self, person, message_id, sender=None, **values):
        """Say something to the host page, as the frame does."""
        text = json.dumps({"MessageId": message_id, "SendTime": 0, "Values": values})
        sender = sender or person.page.frame("office-frame")
        sender.evaluate("text => (window.top ?? window).postMessage(text, '*')", text)

    def load(self, person):
        """Get the file, and say that it is there."""
        assert self.wopi().get().status_code == 200
        self.tell(person, "App_LoadingStatus", Status="Document_Loaded")

    def heard(self, person, message_id):
        """What the host page has said to the frame under this name, after there was something."""
        frame = person.page.frame("office-frame")
        is_it = "each => each.MessageId === name"
        frame.wait_for_function(f"name => window.heard.some({is_it})", arg=message_id)
        return frame.evaluate(
            f"name => window.heard.filter({is_it}).map(each => each.Values)", message_id
        )

    def wopi(self, token=None):
        """Its calls, with the token that it was given last."""
        token = token or self.tokens[-1]
        claims = json.loads(_payload(token))
        file_id = claims["aud"].removeprefix("wopi:")
        return Wopi(self.connector.links.wopi_src(file_id), token, None, self.clock)


def _payload(token):
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.fixture
def with_office(demo, tmp_path):
    """Makes an office; before ``person`` in a test, or pages ask who is gone already."""
    with contextlib.ExitStack() as stack:

        def make(published=None, **settings):
            office_port = free_ports(2)
            port = office_port + 1
            own = discovery_at(f"http://{HOST}:{office_port}/we?")
            tokens = []

            def edit():
                tokens.append(request.form["access_token"])
                return PAGE

            app = Flask("office")
            app.add_url_rule("/discovery", "discovery", lambda: Response(published or own))
            app.add_url_rule("/we", "we", edit, methods=["POST"])
            app.add_url_rule("/other", "other", lambda: PAGE)
            stack.enter_context(serving(app, office_port))
            url = f"http://{HOST}:{port}/nuxeo/"
            clock = MovableClock()
            connector = build(
                demo.settings(
                    **{
                        "nuxeo.wopi.discoveryURL": f"http://{HOST}:{office_port}/discovery",
                        "nuxeo.wopi.baseURL": url,
                        "nuxeo.wopi.hostURL": url,
                        "nuxeo.wopi.dataDir": str(tmp_path / "wopi"),
                    }
                    | settings
                ),
                clock,
            )
            stack.callback(connector.close)
            stack.enter_context(serving(connector.app, port))
            return Office(office_port, url, connector, clock, tokens)

        yield make
