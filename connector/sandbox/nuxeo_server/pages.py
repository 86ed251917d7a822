"""What people see of the sandbox: sign-in and start page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.addresses import base_url
from connector.sandbox.nuxeo_server.answers import container_page, plant
from connector.sandbox.nuxeo_server.auth import SESSION_COOKIE, USERS
from connector.sandbox.nuxeo_server.context import Server
from connector.sandbox.nuxeo_server.downloads import may_download, send_blob
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.oauth2 import CLIENTS
from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.seed import DEMO
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document
from connector.sandbox.nuxeo_server.xpaths import find_blob

_PEOPLE = (
    ("alice", "Alice Martin", "may edit"),
    ("bob", "Bob Keller", "may edit"),
    ("carol", "Carol Rossi", "may only read"),
    ("dave", "Dave Novak", "sees nothing"),
    ("Administrator", "Ada Admin", "may do everything"),
)
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self' {others}; base-uri 'none'; frame-ancestors 'none'"
)
# As java.net.URI sees it.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_IN_AN_ADDRESS = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20\x7f\"<>\\^`{|}]")


@dataclass(frozen=True)
class _Kind:
    """How a kind of file is shown: by a letter on a colour, and by what can be done with it."""

    colour: str
    letter: str
    edit_label: str


_TESTS = _Kind("wopitest", "T", "Open in WopiTest")
_KINDS = {
    "docx": _Kind("word", "W", "Edit in Word"),
    "xlsx": _Kind("excel", "X", "Edit in Excel"),
    "pptx": _Kind("powerpoint", "P", "Edit in PowerPoint"),
    "txt": _Kind("text", "A", "Edit text"),
    "wopitest": _TESTS,
    "wopitestx": _TESTS,
}


@dataclass(frozen=True)
class _File:
    """A file on the start page."""

    name: str
    size: str
    kind: _Kind | None
    xpath: str
    download_url: str


@dataclass(frozen=True)
class _Row:
    """A document on the start page."""

    uid: str
    title: str
    files: list[_File]
    contributor: str
    modified: str
    version: str
    lock_owner: str | None
    may_write: bool


class Pages:
    """Sign-in, start page, and downloads by a browser."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo``."""
        views = Blueprint(
            "pages",
            __name__,
            template_folder="templates",
            static_folder="static",
            static_url_path="/sandbox-static",
        )
        add = views.add_url_rule
        add("/", view_func=lambda: redirect("/nuxeo/ui/"), endpoint="root")
        add("/ui/", view_func=self.start)
        add("/login.jsp", view_func=self.login)
        add("/login", view_func=self.login, endpoint="login_short")
        add("/startup", view_func=self.sign_in, methods=["POST"])
        add("/logout", view_func=self.sign_out)
        add("/nxfile/<repository>/<uid>", view_func=self.download, endpoint="nxfile_default")
        add("/nxfile/<repository>/<uid>/<path:rest>", view_func=self.download)
        return views

    def start(self) -> ResponseReturnValue:
        """The documents of the demo, as the user may see them."""
        principal = self._signed_in()
        if principal is None:
            return redirect(f"/nuxeo/login.jsp?requestedUrl={quote('ui/')}")
        session = Session(self._server.store, principal)
        try:
            documents = session.children(session.by_path(DEMO))
        except NuxeoError:
            documents = []
        rows = [self._row(document, session) for document in documents if document.type == "File"]
        return self._page(
            "start.html",
            rows=sorted(rows, key=lambda row: row.title.lower()),
            user=principal.name,
            user_name=self._full_name(principal.name),
            connector=self._server.connector_url,
        )

    def login(self, failed: bool = False) -> ResponseReturnValue:
        """The sign-in page."""
        if self._is_refused(request.values.get("requestedUrl", "")):
            return container_page(400, "Bad Request")
        response = self._page(
            "login.html",
            people=_PEOPLE,
            wanted=request.values.get("requestedUrl", ""),
            failed=failed,
        )
        response.status_code = 401 if failed else 200
        return response

    def sign_in(self) -> ResponseReturnValue:
        """Check name and password, plant a session, go on to where the user wanted."""
        if self._is_refused(request.form.get("requestedUrl", "")):
            return container_page(400, "Bad Request")
        name = request.form.get("user_name", "")
        if not self._server.authentication.password_matches(
            name, request.form.get("user_password", "")
        ):
            return self.login(failed=True)
        response = redirect(self._target(request.form.get("requestedUrl", "")))
        # A new session in any case: one that was there before sign-in is worth nothing after it.
        self._server.authentication.end_session(request.cookies.get(SESSION_COOKIE, ""))
        plant(response, SESSION_COOKIE, self._server.authentication.new_session(name))
        return response

    def sign_out(self) -> ResponseReturnValue:
        """End the session."""
        self._server.authentication.end_session(request.cookies.get(SESSION_COOKIE, ""))
        response = redirect("/nuxeo/login.jsp")
        response.delete_cookie(SESSION_COOKIE, path="/nuxeo")
        return response

    def download(
        self, repository: str, uid: str, rest: str = "file:content"
    ) -> ResponseReturnValue:
        """``/nxfile``: what may not be seen is not there."""
        session = self._server.session()
        document = self._server.store.get(uid) if repository == "default" else None
        if document is None or not session.has(document, "Browse"):
            return container_page(404, "Not Found")
        blob, name = find_blob(document, rest)
        if blob is None:
            return container_page(404, "No blob found")
        if not may_download(document, session.principal):
            return container_page(403, "Permission denied")
        if request.method == "GET":
            self._server.log_download(document)
        return send_blob(self._server.store, document, blob, name)

    def _signed_in(self) -> Principal | None:
        identity = self._server.authentication.identify(request)
        return identity.principal if identity else None

    def _is_refused(self, wanted: str) -> bool:
        """Whether Nuxeo would not lead there: LTS 2021 and later take no address with a scheme.

        The sandbox's own connector may be at another port than Nuxeo, where nothing else would do.
        """
        is_own = self._is_at_other_connector(wanted)
        return not is_own and bool(_SCHEME.match(wanted) or _NOT_IN_AN_ADDRESS.search(wanted))

    def _is_at_other_connector(self, wanted: str) -> bool:
        own, parts = urlsplit(self._server.connector_url or ""), urlsplit(wanted)
        is_there = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        return bool(own.netloc) and is_there and not base_url(request).startswith(_origin(own))

    def _target(self, wanted: str) -> str:
        """Where to go after sign-in: relative to Nuxeo's address, or to the connector.

        Nowhere else, though the real server may be led away by ``//``.
        """
        if self._is_at_other_connector(wanted):
            return wanted
        if not wanted or wanted.startswith("//"):
            return "/nuxeo/ui/"
        return wanted if wanted.startswith("/") else f"/nuxeo/{wanted}"

    def _row(self, document: Document, session: Session) -> _Row:
        blobs: list[tuple[str, dict[str, Any]]] = []
        if document.properties.get("file:content"):
            blobs.append(("file:content", document.properties["file:content"]))
        for index, item in enumerate(document.properties.get("files:files") or ()):
            if item.get("file"):
                blobs.append((f"files:files/{index}/file", item["file"]))
        changed = datetime.fromisoformat(document.properties["dc:modified"]).astimezone()
        lock_owner = document.lock_owner
        return _Row(
            uid=document.uid,
            title=document.title,
            files=[self._file(document, xpath, blob) for xpath, blob in blobs],
            contributor=self._full_name(document.properties["dc:lastContributor"]),
            modified=f"{changed:%d %b %Y, %H:%M}",
            version=document.label,
            lock_owner=self._full_name(lock_owner) if lock_owner else None,
            may_write=session.may_write_apart_from_lock(document),
        )

    def _file(self, document: Document, xpath: str, blob: dict[str, Any]) -> _File:
        name = blob["name"]
        return _File(
            name=name,
            size=_size(blob["length"]),
            kind=_KINDS.get(name.rpartition(".")[2].lower()),
            xpath=xpath,
            download_url=f"/nuxeo/nxfile/default/{document.uid}/{xpath}/{quote(name, safe='')}",
        )

    def _full_name(self, user: str) -> str:
        entry = self._server.store.entry(USERS, user) or {}
        return f"{entry.get('firstName', '')} {entry.get('lastName', '')}".strip() or user

    def _page(self, template: str, **values: Any) -> Response:
        response = Response(render_template(template, **values), mimetype="text/html")
        # After sign-in the browser is sent on: to the connector, or back to an OAuth2 client.
        policy = _POLICY.format(others=" ".join(self._origins_beyond()))
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _origins_beyond(self) -> list[str]:
        """Where a form's answer may lead on to."""
        urls = [self._server.connector_url or ""]
        for client in self._server.store.entries(CLIENTS):
            urls += client["redirectURIs"]
        parts = [urlsplit(url) for url in urls]
        return sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}/"


def _size(length: int) -> str:
    if length < 1024:
        return f"{length} bytes"
    return f"{length / 1024:.0f} KB" if length < 1024 * 1024 else f"{length / 1024 / 1024:.1f} MB"
