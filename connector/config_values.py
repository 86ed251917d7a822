"""What the text of a setting means: one small parser per kind of value.

Every parser takes the trimmed, non-empty text, and raises ``ValueError`` whose message finishes the
sentence that starts with the key and the text: "is not a whole number".
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path

from connector import version_policy, web_address
from connector.language import with_region

_URL_TEXT = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OAUTH2_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_SIZE = re.compile(r"(\d{1,18})([kmg]?)", re.IGNORECASE)
_SIZE_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_CLIENT_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
_DOCUMENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_EXTENSION = re.compile(r"\.?[a-z0-9]{1,16}")
_LOG_LEVELS = {
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "WARN": "WARNING",
    "WARNING": "WARNING",
    "ERROR": "ERROR",
    "CRITICAL": "CRITICAL",
}

CLIENT_KINDS = ("microsoft", "oos", "collabora", "onlyoffice", "other")
"""The kinds of office clients, as :mod:`connector.wopi.clients` has them."""

PROOF_MODES = ("required", "ifPublished", "off")
"""Whether calls must be signed, as :mod:`connector.wopi.clients` has it."""

EVENTS = ("sessionOpened", "saved", "sessionClosed", "versionCreated", "conflict", "recovered")
"""What there is to be told, as :mod:`connector.events.events` has it."""

RESTRICTIONS = ("print", "copy", "download", "export")
"""What can be withheld from users, as :mod:`connector.wopi.clients` has it."""

SIGN_INS = ("session", "oauth2")
"""How browsers sign in, as :mod:`connector.app` has it."""

OFF = "off"
"""Switches off what otherwise has a folder."""

PLACEHOLDER = "THE-SECRET"
"""What stands for a secret in ``docs/install.md``."""

SECRET_BYTES_WANTED = 64
"""What HS512 asks for (RFC 7518, 3.2): a key as long as the hash."""


def base_url(text: str) -> str:
    """An address below which others are made: ends with a slash, has no query."""
    url = _url(text, query=False)
    return url if url.endswith("/") else url + "/"


def resource_url(text: str) -> str:
    """The address of one resource, kept as it is."""
    return _url(text, query=True)


def _url(text: str, *, query: bool) -> str:
    if not _URL_TEXT.fullmatch(text):
        raise ValueError(
            "holds a character that has no place in a URL "
            "(use percent-encoding, and the xn-- form of host names)"
        )
    url = web_address.canonical(text)
    if "#" in text:
        raise ValueError("has a fragment (#)")
    if "?" in text and not query:
        raise ValueError("has a query (?)")
    return url


def split_listen(text: str) -> tuple[str, int]:
    """Host (without brackets) and port of ``host:port`` or ``[IPv6]:port``."""
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError("does not end with :port")
    if not 1 <= int(port) <= 65535:
        raise ValueError("has a port outside 1 to 65535")
    if host.startswith("[") and host.endswith("]"):
        return web_address.ip_address(host[1:-1]), int(port)
    if ":" in host:
        raise ValueError("has an IPv6 address without brackets")
    if not web_address.is_host_name(host):
        raise ValueError("names no host before the port")
    return host, int(port)


def listen(text: str) -> str:
    """``host:port`` that can be listened on."""
    host, port = split_listen(text)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def secret(text: str) -> str:
    """A ``nuxeo.jwt.secret`` that the server itself reads as it was written (REST_CONTRACT 11.2).

    The messages never quote the secret.
    """
    if text == PLACEHOLDER:
        raise ValueError("is what the installation guide has in its place; make a secret")
    if text.startswith("{$"):
        raise ValueError("is encrypted, which only the Nuxeo server can undo")
    for part, name in (
        ("<", "a <"),
        ("&", "an &"),
        ("]]>", "a ]]>"),
        ("\\", "a backslash"),
        ("$$", "a $$"),
        ("${", "a ${"),
    ):
        if part in text:
            raise ValueError(f"holds {name}, which Nuxeo does not take as it stands")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("holds a control character, which Nuxeo does not take as it stands")
    if not _is_encodable(text):
        raise ValueError("holds half of a surrogate pair, which no encoding has")
    return text


def oauth2_client_id(text: str) -> str:
    """The id of an OAuth2 client, which needs no encoding wherever it stands."""
    if not _OAUTH2_CLIENT_ID.fullmatch(text):
        raise ValueError("is not such an id")
    return text


def secret_warnings(text: str) -> list[str]:
    """What is unwise, but works, about a secret."""
    warnings = []
    size = len(text.encode())
    if size < SECRET_BYTES_WANTED:
        warnings.append(
            f"is {size} bytes long; HS512 wants at least {SECRET_BYTES_WANTED}: "
            "a shorter secret can be guessed"
        )
    if not text.isascii():
        warnings.append("holds letters outside ASCII, which some Nuxeo servers change")
    return warnings


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A whole number in decimal digits, bounds included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError("is not a whole number")
        if not low <= int(text) <= high:
            raise ValueError("is out of range")
        return int(text)

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """A number with or without a fraction, bounds included."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?", text):
            raise ValueError("is not a number")
        if not low <= float(text) <= high:
            raise ValueError("is out of range")
        return float(text)

    return parse


def size(text: str) -> int:
    """Bytes; ``k``, ``m`` and ``g`` are powers of 1,024."""
    match = _SIZE.fullmatch(text)
    if not match or not text.isascii():
        raise ValueError("is not a size")
    return int(match[1]) * _SIZE_FACTORS[match[2].lower()]


def truth(text: str) -> bool:
    """``true`` or ``false``."""
    if text.lower() not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text.lower() == "true"


def plain_text(text: str) -> str:
    """One line that can be shown to users."""
    if not text.isprintable():
        raise ValueError("holds a character that cannot be shown")
    if len(text) > 100:
        raise ValueError("is longer than 100 characters")
    return text


def instance(text: str) -> str:
    """A prefix of file ids."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,16}", text):
        raise ValueError("is no such prefix")
    return text


def provider_id(text: str) -> str:
    """A name by which Microsoft knows a host."""
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", text):
        raise ValueError("is no such id")
    return text


def cookie_names(text: str) -> tuple[str, ...]:
    """Names of cookies, without doubles, in order."""
    names = [name.strip() for name in text.split(",")]
    if not all(_COOKIE_NAME.fullmatch(name) for name in names):
        raise ValueError("is not a list of cookie names")
    return tuple(dict.fromkeys(names))


def language(text: str) -> str:
    """A language tag as office clients want it, with its region."""
    known = re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}", text) and with_region(text)
    if not known:
        raise ValueError("is not a language tag")
    return known


def log_level(text: str) -> str:
    """A level of Python's logging; Nuxeo's ``WARN`` is taken too."""
    try:
        return _LOG_LEVELS[text.upper()]
    except KeyError:
        raise ValueError("is not a log level") from None


def directory(text: str) -> Path:
    """A folder that is there and can be written, or can be made."""
    path = there = _path(text)
    try:
        if path.exists() and not path.is_dir():
            raise ValueError("is not a folder")
        while not there.exists():
            there = there.parent
    except OSError as error:
        raise ValueError(f"cannot be reached: {error.strerror}") from None
    if not there.is_dir():
        raise ValueError(f"cannot be made: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(
            "cannot be written" if there == path else f"cannot be made: {there} cannot be written"
        )
    return path


def directory_or_off(text: str) -> Path | None:
    """A folder as :func:`directory` has it; ``None`` for ``off``."""
    return None if text.lower() == OFF else directory(text)


def document_path(text: str) -> str:
    """The path of a document in Nuxeo, without a slash at the end."""
    if not text.startswith("/") or "//" in text or not text.isprintable():
        raise ValueError("is not a path")
    return text.rstrip("/") or "/"


def ca_bundle(text: str) -> Path:
    """A file with certificates in PEM form."""
    path = _path(text)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError("holds no PEM certificates") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    return path


def client_names(text: str) -> tuple[str, ...]:
    """Names of office clients, the preferred one first."""
    names = [name.strip() for name in text.split(",")]
    if not all(_CLIENT_NAME.fullmatch(name) for name in names):
        raise ValueError("is not a list of such names")
    if len(set(names)) < len(names):
        raise ValueError("names a client twice")
    return tuple(names)


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words, in any case."""
    known = {choice.lower(): choice for choice in choices}

    def parse(text: str) -> str:
        try:
            return known[text.lower()]
        except KeyError:
            raise ValueError("is none of these") from None

    return parse


def routes(text: str) -> dict[str, str]:
    """Extensions (lower case, no dot) to names of clients: ``odt,ods=collabora; docx=office``."""
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        extensions, equals, client = part.partition("=")
        names = [name.strip().lower() for name in extensions.split(",")]
        is_route = _CLIENT_NAME.fullmatch(client.strip()) and all(map(_EXTENSION.fullmatch, names))
        if not equals or not is_route:
            raise ValueError("is not of that form")
        for name in names:
            extension = name.removeprefix(".")
            if extension in found:
                raise ValueError(f"has two routes for {extension}")
            found[extension] = client.strip()
    return found


def policies_by_type(text: str) -> dict[str, version_policy.VersionPolicy]:
    """Types of documents to rules for versions: ``Contract=save major; Note=none``."""
    found: dict[str, version_policy.VersionPolicy] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, policy = map(str.strip, part.partition("="))
        if not equals or not _DOCUMENT_TYPE.fullmatch(name):
            raise ValueError("is not of that form")
        if name in found:
            raise ValueError(f"has two rules for {name}")
        found[name] = version_policy.parse(policy)
    return found


def event_kinds(text: str) -> tuple[str, ...]:
    """What a webhook is told of."""
    names = [name.strip() for name in text.split(",")]
    if not all(name in EVENTS for name in names):
        raise ValueError("has something else in it")
    return tuple(dict.fromkeys(names))


def restrictions(text: str) -> tuple[str, ...]:
    """What is withheld from users."""
    names = [name.strip().lower() for name in text.split(",")]
    if not all(name in RESTRICTIONS for name in names):
        raise ValueError("has something else in it")
    return tuple(dict.fromkeys(names))


def origins(text: str) -> tuple[str, ...]:
    """Origins as content security policies have them; ``*.`` stands for any host below."""
    found = []
    for item in re.split(r"[\s,]+", text.strip(" ,")):
        if not _URL_TEXT.fullmatch(item.replace("://*.", "://", 1)):
            raise ValueError("holds a character that has no place in an address")
        url = web_address.canonical(item.replace("://*.", "://", 1))
        origin = web_address.origin_of(url)
        if url.removesuffix("/") != origin:
            raise ValueError("has more than scheme, host and port")
        found.append(origin.replace("://", "://*.", 1) if "://*." in item else origin)
    return tuple(dict.fromkeys(found))


def _path(text: str) -> Path:
    if "\0" in text or not _is_encodable(text, errors="surrogateescape"):
        raise ValueError("holds a character that no file name has")
    return Path(text)


def _is_encodable(text: str, errors: str = "strict") -> bool:
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True
