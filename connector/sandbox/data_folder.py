"""The folder that ``--data`` names: made, kept from a second user, and with settings of its own."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connector import nuxeo_conf, whole_file

CONF_NAME = "nuxeo.conf"
"""The file that holds the secret, and with the demo all settings."""

JWT_KEY = "nuxeo.jwt.secret"

_MARK = "# Sandbox, for demo and tests only. Written anew at each start of the demo."
"""The first line of a file of ours; no other file is ever written over."""


class DataFolderUnusable(Exception):
    """Why a folder cannot be used, in a line."""


@contextmanager
def opened(folder: Path | None, *, prefix: str) -> Iterator[Path]:
    """A folder for one process and what it starts; without a name, a temporary one.

    Args:
        folder: made if it is not there.
        prefix: how a temporary one is called.

    Raises:
        DataFolderUnusable: it cannot be made, or another process uses it.
    """
    where = folder or Path(tempfile.mkdtemp(prefix=prefix))
    try:
        with _alone_in(where):
            yield where.resolve()
    finally:
        if folder is None:
            shutil.rmtree(where, ignore_errors=True)


def make(folder: Path) -> None:
    """Make a folder if it is not there.

    Raises:
        DataFolderUnusable: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderUnusable(f"{folder}: cannot be made: {error.strerror}") from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    make(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DataFolderUnusable(f"{folder}: cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        is_used = isinstance(error, BlockingIOError)
        reason = "another sandbox or demo is using it" if is_used else error.strerror
        raise DataFolderUnusable(f"{folder}: {reason}") from error
    try:
        yield
    finally:
        os.close(descriptor)


def jwt_secret(folder: Path) -> str:
    """The secret of a folder: the one it has, or a new one.

    Raises:
        DataFolderUnusable: there are settings that are not ours, or that nobody can read.
    """
    conf = folder / CONF_NAME
    if not _has_own_conf(conf):
        return secrets.token_urlsafe(64)
    try:
        settings = nuxeo_conf.read(conf, {})
        known = settings.value(JWT_KEY) if JWT_KEY in settings else ""
    except nuxeo_conf.NuxeoConfError as error:
        raise DataFolderUnusable(str(error)) from error
    except nuxeo_conf.ValueNotKnown as error:
        line = settings.entry(JWT_KEY).line
        raise DataFolderUnusable(f"{conf}:{line}: {JWT_KEY}: {error}") from error
    return known or secrets.token_urlsafe(64)


def write_conf(folder: Path, settings: Mapping[str, str]) -> Path:
    """Write ``nuxeo.conf`` into a folder, readable by its owner only.

    Raises:
        DataFolderUnusable: there is one that is not ours, or it cannot be written.
    """
    conf = folder / CONF_NAME
    _has_own_conf(conf)
    lines = [_MARK, "", *(f"{key}={value}" for key, value in settings.items()), ""]
    try:
        whole_file.write(conf, "\n".join(lines).encode())
    except OSError as error:
        raise DataFolderUnusable(f"{conf}: cannot be written: {error.strerror}") from error
    return conf


def _has_own_conf(conf: Path) -> bool:
    try:
        with conf.open("rb") as file:
            first = file.readline(1000)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataFolderUnusable(f"{conf}: cannot be read: {error.strerror}") from error
    if first.strip() != _MARK.encode():
        raise DataFolderUnusable(
            f"{conf}: was not written by the sandbox, and is left alone; choose another folder"
        )
    return True
