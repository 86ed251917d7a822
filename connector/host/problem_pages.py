"""Says on a page why a file was not opened, and what to do about it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence

from flask import Response, render_template, request

from connector.file_reference import FileReference
from connector.host import problems, responses
from connector.host.asked import CLIENT_PARAMETER, HostAction, query_to_come_back_with
from connector.host.page_language import page_texts
from connector.host.problems import Problem
from connector.host.translations import Texts
from connector.links import Links

_log = logging.getLogger("connector.host")

_ROOM = 800
"""Characters of a query, which is encoded once more on its way; nginx takes four kilobytes for all
headers of an answer."""

_THIS_PAGE = ""
"""The address of the page itself, for a link on it."""


class NotOpened(Exception):
    """The file is not opened; the page says why.

    Attributes:
        problem: the reason.
        reference: the file, where it may be told that it is there.
        file_name: its name, where it can be downloaded instead.
        again: where to try again, if not where the page itself is.
        name: of the user, where the title has it.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        reference: FileReference | None = None,
        file_name: str | None = None,
        again: str | None = None,
        name: str = "",
    ) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.reference = reference
        self.file_name = file_name
        self.again = again
        self.name = name


class ProblemPages:
    """The pages of one installation.

    Args:
        links: where the buttons lead.
        brand_name: what people call the repository.
        language: of the pages where the browser tells none.
        frame_ancestors: origins whose pages may show a file in a frame.
    """

    def __init__(
        self,
        links: Links,
        brand_name: str,
        language: str,
        frame_ancestors: Sequence[str] = (),
    ) -> None:
        self._links = links
        self._brand_name = brand_name
        self._language = language
        self._frame_ancestors = frame_ancestors

    def page(self, error: NotOpened) -> Response:
        """The page for ``error``; its cause is in the log under the id that the page shows."""
        problem = error.problem
        support_id = secrets.token_hex(4) if problem.for_administrator else None
        if support_id:
            _log.warning("support id %s: %s (%s)", support_id, problem.title, error.__cause__)
        texts = page_texts(self._language)
        html = render_template(
            "problem.html",
            _=texts,
            problem=problem,
            title=texts(problem.title).replace("{name}", error.name),
            buttons=self._buttons(error, texts),
            support_id=support_id,
            brand_name=self._brand_name,
        )
        # Where a file was to be shown in a frame, so is why it is not.
        is_embedded = (request.view_args or {}).get("action") == HostAction.EMBED_VIEW
        return responses.page(
            html,
            nuxeo_origin=self._links.nuxeo_origin,
            status=problem.status,
            ancestors=self._frame_ancestors if is_embedded else (),
        )

    def login(self, error: NotOpened) -> str:
        """The address of Nuxeo's login, leading back to the page that was asked for."""
        if error.reference is None:
            return self._links.sign_in_again
        action = (request.view_args or {}).get("action", "view")
        query = query_to_come_back_with(request.args.items(multi=True), _ROOM)
        return self._links.sign_in(action, error.reference, query)

    def _buttons(self, error: NotOpened, _: Texts) -> Mapping[str, str]:
        """Labels and addresses; the first is what most people want."""
        buttons = {}
        reference = error.reference
        if error.problem is problems.NOT_SIGNED_IN:
            return {_("Sign in to Nuxeo"): self.login(error)}
        if error.problem.own_tab and reference is not None:
            action = (request.view_args or {}).get("action", "view")
            action = HostAction.VIEW if action == HostAction.EMBED_VIEW else action
            client = request.args.get(CLIENT_PARAMETER)
            return {_("Open in a new tab"): self._links.host_page(action, reference, client)}
        if error.again is not None:
            buttons[_("Try again")] = error.again
        elif error.problem.try_again:
            buttons[_("Try again")] = _THIS_PAGE
        if reference is not None and error.file_name is not None:
            buttons[_("Download the file")] = self._links.download(reference, error.file_name)
        if reference is not None:
            document = self._links.document(reference.repository, reference.document_id)
            buttons[_("Open the document in Nuxeo")] = document
        else:
            buttons[_("Go to Nuxeo")] = self._links.brand
        if error.problem.sign_out:
            buttons[_("Sign out")] = self._links.sign_out
        return buttons
