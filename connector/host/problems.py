"""The pages that say why a file was not opened, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from connector.host.translations import N_


@dataclass(frozen=True)
class Problem:
    """A page with a reason.

    Attributes:
        status: HTTP status of the page.
        title: what happened, in English.
        text: what it means and what the user can do, in English.
        for_administrator: whether it needs somebody to look at the log.
        try_again: whether it may have passed in a minute.
        sign_out: whether somebody else may be luckier.
        own_tab: whether it would not be in the way in a tab of its own.
    """

    status: HTTPStatus
    title: str
    text: str
    for_administrator: bool = False
    try_again: bool = False
    sign_out: bool = False
    own_tab: bool = False


RUNNING = Problem(
    HTTPStatus.OK,
    N_("The connector is running"),
    N_("By itself it has nothing to show. Go to a document and choose to edit or view its file."),
)
"""No problem at all: for whoever looks whether the connector is there."""

NOT_SIGNED_IN = Problem(
    HTTPStatus.UNAUTHORIZED,
    N_("Please sign in"),
    N_(
        "You are not signed in to Nuxeo, or your session has ended. Sign in, and you will come"
        " back to this document."
    ),
)
SIGNED_IN_AGAIN = Problem(
    HTTPStatus.OK,
    N_("You are signed in as {name}"),
    N_(
        "Close this tab and go back to the one with your document. If it was opened by somebody"
        " else, sign out and sign in as them first."
    ),
    sign_out=True,
)
"""No problem either: for whoever was sent to sign in while a document stayed open."""

SIGN_IN_IN_A_TAB = Problem(
    HTTPStatus.UNAUTHORIZED,
    N_("Please sign in"),
    N_(
        "You are not signed in, and inside another page that cannot be done. Open the file in a"
        " tab of its own."
    ),
    own_tab=True,
)
SIGN_IN_NOT_OURS = Problem(
    HTTPStatus.BAD_REQUEST,
    N_("This sign-in cannot be completed"),
    N_(
        "It took longer than ten minutes, was begun in another browser, or is complete already; or"
        " your browser keeps no cookies. Go to the document and open the file from there."
    ),
)
SIGN_IN_DENIED = Problem(
    HTTPStatus.FORBIDDEN,
    N_("You have not agreed"),
    N_(
        "Files can be opened here only if you let the office connection see in Nuxeo who you are"
        " and act for you."
    ),
)
SIGN_IN_FAILED = Problem(
    HTTPStatus.BAD_REQUEST,
    N_("The sign-in did not work"),
    N_("It may have taken too long. Try again; if it stays like this, tell your administrator."),
    for_administrator=True,
)
SIGN_IN_AS_GUEST = Problem(
    HTTPStatus.FORBIDDEN,
    N_("Please sign in with your own account"),
    N_("Nuxeo takes you for a guest. Sign in there with your own account, then try again."),
)
SIGN_IN_NOT_SET_UP = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    N_("The sign-in is not set up correctly"),
    N_(
        "Nuxeo knows you but does not let this connector ask who you are. An administrator has to"
        " register the connector in Nuxeo."
    ),
    for_administrator=True,
)
SIGN_IN_UNCLEAR = Problem(
    HTTPStatus.BAD_REQUEST,
    N_("It is not clear who you are"),
    N_(
        "Your browser says that two people are signed in. Sign out and sign in again; if it stays"
        " like this, remove the cookies of this site."
    ),
    sign_out=True,
)
NO_SUCH_DOCUMENT = Problem(
    HTTPStatus.NOT_FOUND,
    N_("This document does not exist"),
    N_("It may have been deleted, or the link may be incomplete."),
)
NO_SUCH_FILE = Problem(
    HTTPStatus.NOT_FOUND,
    N_("This document has no such file"),
    N_(
        "The file may have been removed from the document, or another attachment may have taken its"
        " place. Open the document to see its files."
    ),
)
PLACE_TAKEN = Problem(
    HTTPStatus.CONFLICT,
    N_("This file cannot be opened at the moment"),
    N_(
        "Somebody is editing another file that was in its place before the document's list of"
        " files was changed. It can be opened when they have closed theirs."
    ),
)
NO_RIGHT = Problem(
    HTTPStatus.FORBIDDEN,
    N_("You may not open this document"),
    N_(
        "Your account has no permission to read it. Ask its owner, or sign out and sign in with"
        " another account."
    ),
    sign_out=True,
)
NO_DOWNLOAD = Problem(
    HTTPStatus.FORBIDDEN,
    N_("You may see this document but not its content"),
    N_(
        "Whoever runs Nuxeo has set that your account may not download the file, and an editor"
        " would have to. Ask the document's owner, or sign out and sign in with another account."
    ),
    sign_out=True,
)
NOT_AN_OFFICE_FILE = Problem(
    HTTPStatus.NOT_FOUND,
    N_("This file cannot be opened here"),
    N_(
        "The office application does not know files of this kind. You can download the file"
        " instead."
    ),
)
NO_SUCH_ACTION = Problem(
    HTTPStatus.NOT_FOUND,
    N_("This link asks for something unknown"),
    N_(
        "A file can be opened to view or to edit it. Open the document and choose one of them"
        " there."
    ),
)
NOT_COMPLETE = Problem(
    HTTPStatus.NOT_FOUND,
    N_("This link is not complete"),
    N_(
        "A part of the address is missing, perhaps lost when it was copied. Go to the document"
        " and open the file from there."
    ),
)
NOT_A_PAGE_TO_SEND_TO = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    N_("This address can only be opened"),
    N_(
        "Something was sent to it, and nothing was done with that. Go to the document and open"
        " the file from there."
    ),
)
EDITOR_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    N_("The office application does not answer"),
    N_(
        "Your document is safe in Nuxeo. Try again in a minute; if it stays like this, tell your"
        " administrator."
    ),
    for_administrator=True,
    try_again=True,
)
EDITOR_NOT_SECURE = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    N_("The office application cannot be shown here"),
    N_(
        "It is at an address with http, and browsers show no such page inside one with https. An"
        " administrator has to give it an address with https, or the connector one with http."
    ),
    for_administrator=True,
)
NUXEO_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    N_("Nuxeo does not answer"),
    N_("Try again in a minute; if it stays like this, tell your administrator."),
    for_administrator=True,
    try_again=True,
)
LOCKS_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    N_("It cannot be found out who is editing this document"),
    N_("Try again in a minute; if it stays like this, tell your administrator."),
    for_administrator=True,
    try_again=True,
)
NOT_SET_UP = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    N_("The connection to Nuxeo is not set up correctly"),
    N_(
        "Nuxeo knows you but does not accept this connector. An administrator has to compare"
        " nuxeo.jwt.secret and the clocks on both sides."
    ),
    for_administrator=True,
)
UNEXPECTED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    N_("Something went wrong"),
    N_(
        "The document was not opened and nothing was changed. Try again; if it stays like this,"
        " tell your administrator."
    ),
    for_administrator=True,
    try_again=True,
)
