"""What the one shared session to Nuxeo must never do, against a server that provokes it."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest

from connector.nuxeo_gateway import errors
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.session import NuxeoSession

SECRET = "s" * 64


class Server:
    """A server whose answers a test sets, and that remembers what it was asked."""

    def __init__(self):
        self.seen = []
        self.answers = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                path = self.path.partition("?")[0]
                outer.seen.append((self.command, path, dict(self.headers), body))
                answer = outer.answers.get(path, (200, {}, b"{}"))
                status, headers, payload = answer(self) if callable(answer) else answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PUT = _any

            def log_message(self, *_arguments):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/nuxeo/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def headers(self, path):
        return [headers for _, seen, headers, _ in self.seen if seen == path]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def other_server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def session(server):
    session = NuxeoSession(server.url, SECRET, connect_timeout=30, read_timeout=30, connections=8)
    yield session
    session.close()


def user_of(headers):
    token = headers["Authorization"].removeprefix("Bearer ")
    return jwt.decode(token, SECRET, algorithms=["HS512"])["sub"]


def test_a_planted_session_cookie_never_speaks_for_the_next_user(session, server):
    planted = {"Set-Cookie": "JSESSIONID=ana-session; Path=/nuxeo; HttpOnly"}
    server.answers["/nuxeo/api/v1/me"] = (200, planted, b"{}")
    session.call("GET", "api/v1/me", user="ana")
    session.call("GET", "api/v1/me", user="bo")
    first, second = server.headers("/nuxeo/api/v1/me")
    assert "Cookie" not in first
    assert "Cookie" not in second
    assert [user_of(first), user_of(second)] == ["ana", "bo"]


def test_a_browsers_cookie_is_shown_once_and_without_a_token(session, server):
    session.call_with_cookies("api/v1/me", "JSESSIONID=browser")
    session.call("GET", "api/v1/other", user="bo")
    (shown,), (later,) = server.headers("/nuxeo/api/v1/me"), server.headers("/nuxeo/api/v1/other")
    assert shown["Cookie"] == "JSESSIONID=browser"
    assert "Authorization" not in shown
    assert "Cookie" not in later


def test_each_thread_speaks_for_its_own_user(session, server):
    server.answers["/nuxeo/who"] = lambda handler: (
        200,
        {"Set-Cookie": f"JSESSIONID={user_of(handler.headers)}; Path=/"},
        json.dumps(
            {"user": user_of(handler.headers), "cookie": handler.headers.get("Cookie")}
        ).encode(),
    )
    users = [f"user{number % 7}" for number in range(140)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: session.call("GET", "who", user=user).json(), users))
    assert answers == [{"user": user, "cookie": None} for user in users]


def test_the_token_has_what_every_nuxeo_wants_and_nothing_that_locks_out(session, server):
    session.call("GET", "x", user="ana")
    token = server.headers("/nuxeo/x")[0]["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, algorithms=["HS512"])
    assert set(claims) == {"iss", "sub", "exp"}
    assert claims["iss"] == "nuxeo"
    assert 0 < claims["exp"] - time.time() <= 600


def test_a_redirect_never_takes_the_token_along(session, server, other_server):
    server.answers["/nuxeo/away"] = (302, {"Location": f"{other_server.url}steal"}, b"")
    for method in ("GET", "POST", "PUT"):
        with pytest.raises(errors.NuxeoFailed, match="redirect"):
            session.call(method, "away", user="ana")
    assert other_server.seen == []
    assert len(server.seen) == 3


def test_a_download_goes_on_to_storage_without_credentials(session, server, other_server):
    server.answers["/nuxeo/blob"] = (302, {"Location": f"{other_server.url}bucket"}, b"")
    other_server.answers["/nuxeo/bucket"] = (200, {}, b"content")
    response, from_storage = session.download("blob", user="ana")
    assert (response.content, from_storage) == (b"content", True)
    (headers,) = other_server.headers("/nuxeo/bucket")
    assert "Authorization" not in headers
    assert "Cookie" not in headers


def test_a_download_does_not_follow_a_storage_that_redirects_again(session, server, other_server):
    server.answers["/nuxeo/blob"] = (302, {"Location": f"{other_server.url}bucket"}, b"")
    other_server.answers["/nuxeo/bucket"] = (302, {"Location": f"{server.url}api/v1/me"}, b"")
    with pytest.raises(errors.NuxeoUnavailable):
        session.download("blob", user="ana")
    assert server.headers("/nuxeo/api/v1/me") == []


@pytest.mark.parametrize("location", ["/sso/login", "login.jsp", None])
def test_a_download_that_is_sent_to_sign_in_is_no_document(session, server, location):
    headers = {"Location": location} if location else {}
    server.answers["/nuxeo/blob"] = (302, headers, b"")
    for path in ("/sso/login", "/nuxeo/login.jsp"):
        server.answers[path] = (200, {}, b"<html>please sign in")
    with pytest.raises(errors.NuxeoFailed):
        session.download("blob", user="ana")
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [300, 304, 307, 308])
def test_a_redirect_that_says_not_where_is_not_sent_again(session, server, status):
    server.answers["/nuxeo/x"] = (status, {}, b"")
    with pytest.raises(errors.NuxeoFailed):
        session.call("PUT", "x", user="ana")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.NuxeoFailed),
        (401, errors.NuxeoRefusedUser),
        (403, errors.NuxeoForbidden),
        (404, errors.NuxeoNotFound),
        (409, errors.NuxeoConflict),
        (500, errors.NuxeoFailed),
        (503, errors.NuxeoUnavailable),
    ],
)
@pytest.mark.parametrize("body", [b'{"message": "why"}', b"<html>why</html>", b""])
def test_each_refusal_has_its_error(session, server, status, kind, body):
    server.answers["/nuxeo/x"] = (status, {}, body)
    with pytest.raises(kind) as caught:
        session.call("POST", "x", user="ana")
    assert type(caught.value) is kind


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("PUT", 1)])
def test_only_reads_are_repeated(session, server, method, times):
    server.answers["/nuxeo/x"] = (503, {}, b"")
    with pytest.raises(errors.NuxeoUnavailable):
        session.call(method, "x", user="ana")
    assert len(server.seen) == times


def test_a_server_error_is_not_repeated(session, server):
    server.answers["/nuxeo/x"] = (500, {}, b"")
    with pytest.raises(errors.NuxeoFailed):
        session.call("GET", "x", user="ana")
    assert len(server.seen) == 1


def test_a_server_that_does_not_answer_is_given_up(server):
    given_up = threading.Event()

    def slow(_handler):
        given_up.wait(60)
        return 200, {}, b"{}"

    session = NuxeoSession(server.url, SECRET, connect_timeout=1, read_timeout=1, connections=1)
    server.answers["/nuxeo/x"] = slow
    began = time.monotonic()
    with pytest.raises(errors.NuxeoUnavailable):
        session.call("POST", "x", user="ana")
    assert time.monotonic() - began < 20
    given_up.set()
    session.close()


def test_a_server_that_is_not_there_is_unavailable():
    session = NuxeoSession(
        "http://127.0.0.1:1/nuxeo/", SECRET, connect_timeout=1, read_timeout=1, connections=1
    )
    with pytest.raises(errors.NuxeoUnavailable):
        session.call("GET", "x", user="ana")
    session.close()


def test_content_is_sent_in_large_pieces_with_its_length(session, server, tmp_path):
    content = bytes(range(256)) * 12_000
    path = tmp_path / "content"
    path.write_bytes(content)
    with Spool(tmp_path) as spool:
        with path.open("rb") as source:
            spool.fill(source, announced=len(content), limit=0)
        session.call("POST", "up", user="ana", data=spool.body(), raw=True)
    ((_, _, headers, body),) = server.seen
    assert headers["Content-Length"] == str(len(content))
    assert "Transfer-Encoding" not in headers
    assert body == content


def test_empty_content_is_sent_as_such(session, server, tmp_path):
    (tmp_path / "empty").touch()
    with Spool(tmp_path) as spool:
        with (tmp_path / "empty").open("rb") as source:
            spool.fill(source, announced=0, limit=0)
        session.call("POST", "up", user="ana", data=spool.body(), raw=True)
    ((_, _, headers, body),) = server.seen
    assert (headers["Content-Length"], body) == ("0", b"")


def test_nothing_secret_is_logged_even_at_debug(session, server, caplog):
    with caplog.at_level(logging.DEBUG):
        session.call_with_cookies("api/v1/me", "JSESSIONID=browser-secret")
        session.call("POST", "x", user="ana", data={"a": "body-secret"})
    token = server.headers("/nuxeo/x")[0]["Authorization"].removeprefix("Bearer ")
    for secret in ("browser-secret", "body-secret", token, SECRET):
        assert secret not in caplog.text


def test_a_users_fields_are_not_asked_for_more_than_needed(session, server):
    session.call("GET", "x", user="ana")
    assert server.headers("/nuxeo/x")[0]["X-NXDocumentProperties"] == "dublincore"
