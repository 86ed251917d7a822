"""The demo office over HTTP."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from connector.sandbox.demo_office.discovery import discovery_xml
from connector.sandbox.demo_office.editors import CannotChange
from connector.sandbox.demo_office.keys import ProofKey
from connector.sandbox.demo_office.pages import message, page
from connector.sandbox.demo_office.session import CannotOpen, OfficeSession
from connector.sandbox.demo_office.sessions import Sessions
from connector.sandbox.demo_office.wopi_client import WopiClient


class OfficeViews:
    """Discovery, the frame, and what its page calls."""

    def __init__(
        self, public_url: str, key: ProofKey, former_key: ProofKey, sessions: Sessions
    ) -> None:
        self._public_url = public_url
        self._key = key
        self._former_key = former_key
        self._sessions = sessions

    def blueprint(self) -> Blueprint:
        """The routes."""
        views = Blueprint(
            "office",
            __name__,
            template_folder="templates",
            static_folder="static",
            static_url_path="/static",
        )
        add = views.add_url_rule
        add("/", view_func=self.about)
        add("/hosting/discovery", view_func=self.discovery)
        add("/we/<action>", view_func=self.open_directly, methods=["GET"])
        add("/we/<action>", view_func=self.open, methods=["POST"])
        add("/session/<session_id>/state", view_func=self.state)
        add("/session/<session_id>/save", view_func=self.save, methods=["POST"])
        add("/session/<session_id>/copy", view_func=self.copy, methods=["POST"])
        add("/session/<session_id>/edit", view_func=self.edit, methods=["POST"])
        add("/session/<session_id>/close", view_func=self.close, methods=["POST"])
        return views

    def about(self) -> Response:
        """What this is."""
        return message(
            "Demo office of the sandbox", "Files are opened here from a document host.", 200
        )

    def discovery(self) -> Response:
        """The discovery document."""
        document = discovery_xml(
            self._public_url, self._key.published(), self._former_key.published()
        )
        return Response(document, mimetype="text/xml")

    def open_directly(self, action: str) -> Response:
        """Without a token there is nothing to open."""
        title = "Nothing to edit" if action == "edit" else "Nothing to view"
        return message(title, "Open a file from the document host that has it.", 400)

    def open(self, action: str) -> Response:
        """The frame's page, from the form that the host page sends."""
        source = request.args.get("WOPISrc") or request.args.get("wopisrc") or ""
        token = request.form.get("access_token", "")
        if urlsplit(source).scheme not in ("http", "https") or not token:
            return message(
                "Nothing to open", "The document host did not say which file it is about.", 400
            )
        client = WopiClient(source, token, self._key, self._former_key)
        session = OfficeSession(client, wants_edit=action == "edit")
        origin = f"{urlsplit(source).scheme}://{urlsplit(source).netloc}"
        try:
            session.open()
        except CannotOpen as error:
            return message("The file was not opened", str(error), 200, origin)
        self._sessions.add(session)
        rhythm = self._sessions.rhythm
        data = session.document() | {
            "autosave": rhythm.autosave * 1000,
            "atLeast": rhythm.at_least * 1000,
            "heartbeat": rhythm.heartbeat * 1000,
        }
        html = render_template("frame.html", data=data)
        ancestors = {origin}
        host_origin = session.info.get("PostMessageOrigin")
        if isinstance(host_origin, str) and _is_origin(host_origin):
            ancestors.add(host_origin)
        return page(html, 200, " ".join(sorted(ancestors)))

    def state(self, session_id: str) -> ResponseReturnValue:
        """A sign of life from the page; tells what has changed."""
        session = self._sessions.get(session_id)
        return jsonify(session.state()) if session else Response(status=410)

    def save(self, session_id: str) -> ResponseReturnValue:
        """Save changed texts."""
        session = self._sessions.get(session_id)
        if session is None:
            return Response(status=410)
        result = session.save(_texts(request.get_json(silent=True)))
        return jsonify(session.state() | result)

    def copy(self, session_id: str) -> ResponseReturnValue:
        """The document with unsaved changes, as a download."""
        session = self._sessions.get(session_id)
        if session is None:
            return Response(status=410)
        try:
            content = session.changed(_texts(request.get_json(silent=True)))
        except CannotChange:
            return Response(status=400)
        name = PurePosixPath(str(session.info["BaseFileName"])).name
        return Response(
            content,
            mimetype="application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"},
        )

    def edit(self, session_id: str) -> ResponseReturnValue:
        """Try once more to edit."""
        session = self._sessions.get(session_id)
        if session is None:
            return Response(status=410)
        try:
            session.retry()
        except CannotOpen as error:
            return jsonify(session.document() | {"notice": str(error), "canRetry": True})
        return jsonify(session.document())

    def close(self, session_id: str) -> ResponseReturnValue:
        """The page is left: save what it had not saved yet, and unlock."""
        self._sessions.end(session_id, _texts(request.get_json(silent=True)))
        return Response(status=204)


def _texts(value: Any) -> dict[str, str]:
    texts = value.get("texts") if isinstance(value, dict) else None
    if not isinstance(texts, dict):
        return {}
    return {
        str(key): text
        for key, text in texts.items()
        if isinstance(text, str) and (not key.startswith("new-") or key[4:].isdecimal())
    }


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and text == f"{parts.scheme}://{parts.netloc}"
