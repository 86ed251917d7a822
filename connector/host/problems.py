"""The pages that say why a file was not opened, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class Problem:
    """A page with a reason.

    Attributes:
        status: HTTP status of the page.
        title: what happened.
        text: what it means and what the user can do.
        for_administrator: whether it needs somebody to look at the log.
        try_again: whether it may have passed in a minute.
        sign_out: whether somebody else may be luckier.
    """

    status: HTTPStatus
    title: str
    text: str
    for_administrator: bool = False
    try_again: bool = False
    sign_out: bool = False


RUNNING = Problem(
    HTTPStatus.OK,
    "The connector is running",
    "By itself it has nothing to show. Go to a document and choose to edit or view its file.",
)
"""No problem at all: for whoever looks whether the connector is there."""

NOT_SIGNED_IN = Problem(
    HTTPStatus.UNAUTHORIZED,
    "Please sign in",
    "You are not signed in to Nuxeo, or your session has ended. Sign in, and you will come back to"
    " this document.",
)
NO_SUCH_DOCUMENT = Problem(
    HTTPStatus.NOT_FOUND,
    "This document does not exist",
    "It may have been deleted, or the link may be incomplete.",
)
NO_SUCH_FILE = Problem(
    HTTPStatus.NOT_FOUND,
    "This document has no such file",
    "The file may have been removed from the document, or another attachment may have taken its"
    " place. Open the document to see its files.",
)
PLACE_TAKEN = Problem(
    HTTPStatus.CONFLICT,
    "This file cannot be opened at the moment",
    "Somebody is editing another file that was in its place before the document's list of files was"
    " changed. It can be opened when they have closed theirs.",
)
NO_RIGHT = Problem(
    HTTPStatus.FORBIDDEN,
    "You may not open this document",
    "Your account has no permission to read it. Ask its owner, or sign out and sign in with another"
    " account.",
    sign_out=True,
)
NO_DOWNLOAD = Problem(
    HTTPStatus.FORBIDDEN,
    "You may see this document but not its content",
    "Whoever runs Nuxeo has set that your account may not download the file, and an editor would"
    " have to. Ask the document's owner, or sign out and sign in with another account.",
    sign_out=True,
)
NOT_AN_OFFICE_FILE = Problem(
    HTTPStatus.NOT_FOUND,
    "This file cannot be opened here",
    "The office application does not know files of this kind. You can download the file instead.",
)
NO_SUCH_ACTION = Problem(
    HTTPStatus.NOT_FOUND,
    "This link asks for something unknown",
    "A file can be opened to view or to edit it. Open the document and choose one of them there.",
)
NOT_COMPLETE = Problem(
    HTTPStatus.NOT_FOUND,
    "This link is not complete",
    "A part of the address is missing, perhaps lost when it was copied. Go to the document and open"
    " the file from there.",
)
NOT_A_PAGE_TO_SEND_TO = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "This address can only be opened",
    "Something was sent to it, and nothing was done with that. Go to the document and open the file"
    " from there.",
)
EDITOR_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The office application does not answer",
    "Your document is safe in Nuxeo. Try again in a minute; if it stays like this, tell your"
    " administrator.",
    for_administrator=True,
    try_again=True,
)
NUXEO_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Nuxeo does not answer",
    "Try again in a minute; if it stays like this, tell your administrator.",
    for_administrator=True,
    try_again=True,
)
NOT_SET_UP = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The connection to Nuxeo is not set up correctly",
    "Nuxeo knows you but does not accept this connector. An administrator has to compare"
    " nuxeo.jwt.secret and the clocks on both sides.",
    for_administrator=True,
)
UNEXPECTED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong",
    "The document was not opened and nothing was changed. Try again; if it stays like this, tell"
    " your administrator.",
    for_administrator=True,
    try_again=True,
)
