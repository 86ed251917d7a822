"""``nuxeo-wopi recover``: what could not be saved, and how to get it back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import click

from connector.cli_locks import check_lock_store
from connector.cli_options import conf_option, read_settings, set_option
from connector.config import Settings
from connector.recovery.folder import NoSuchSave, RecoveryFolder, SaveDamaged
from connector.recovery.item import DamagedSave, RecoveredSave

_STDOUT = "-"


@click.group()
def recover() -> None:
    """List, show and restore saves that failed."""


@recover.command("list")
@conf_option
@set_option
@click.option("--json", "as_json", is_flag=True, help="Everything that is known, as JSON.")
def list_saves(conf: Path | None, overrides: dict[str, str], as_json: bool) -> None:
    """List what is kept, the oldest first."""
    with _folder(read_settings(conf, overrides)) as folder:
        saves = folder.all()
    if as_json:
        click.echo(json.dumps([_as_json(save) for save in saves], indent=2))
    elif not saves:
        click.echo("nothing is kept")
    else:
        for line in _table([_HEAD, *map(_row, saves)]):
            click.echo(line)


@recover.command()
@conf_option
@set_option
@click.argument("save_id", metavar="ID")
@click.option(
    "--output",
    metavar="FILE",
    help="Write the content there, readable for you alone; - for the standard output.",
)
def show(conf: Path | None, overrides: dict[str, str], save_id: str, output: str | None) -> None:
    """Show what is known of a kept save, or get its content."""
    with _folder(read_settings(conf, overrides)) as folder:
        if output is None:
            for name, value in _as_json(folder.get(save_id)).items():
                text = ", ".join(value) if isinstance(value, list | tuple) else str(value)
                click.echo(f"{name}: {_line(text)}")
            return
        with folder.open(save_id) as (save, content):
            _write(save, content, output)


@recover.command()
@conf_option
@set_option
@click.argument("save_id", metavar="ID")
@click.option("--as", "user", metavar="USER", help="Write as this user; else as whoever saved.")
@click.option(
    "--over",
    is_flag=True,
    help="Put it into its place also when the file was changed since; that is kept as a version.",
)
@click.option("--folder", metavar="PATH", help="Make a document of it in this folder of Nuxeo.")
@click.option("--keep", is_flag=True, help="Do not drop it afterwards.")
def restore(
    conf: Path | None,
    overrides: dict[str, str],
    save_id: str,
    user: str | None,
    over: bool,
    folder: str | None,
    keep: bool,
) -> None:
    """Put a kept save back into Nuxeo.

    It takes its place when the file still holds what the save was made from; otherwise it becomes a
    document of its own beside it.
    """
    if over and folder is not None:
        raise click.UsageError("--over and --folder exclude each other")
    from connector.app import build
    from connector.wopi.restoring import NotRestored

    settings = read_settings(conf, overrides)
    with _folder(settings) as kept, kept.open(save_id) as (save, content):
        check_lock_store(settings)
        connector = build(settings)
        try:
            restored = connector.restoring.restore(
                save, content, user=user or save.user, over=over, folder=folder
            )
        except NotRestored as error:
            raise click.ClickException(f"{save_id} is not restored: {error}") from error
        finally:
            connector.close()
        why = f" ({restored.why})" if restored.why else ""
        click.echo(
            f"{save_id} is {restored.outcome.value}{_line(why)}: "
            f"{_line(restored.file_name)} in {_line(restored.document)}"
        )
        if not keep and not kept.drop(save_id, only=save):
            click.echo(f"{save_id} was replaced by a newer save meanwhile, which is still kept")


@recover.command()
@conf_option
@set_option
@click.argument("save_id", metavar="[ID]", required=False)
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="All that are older.")
def drop(
    conf: Path | None, overrides: dict[str, str], save_id: str | None, older_than: int | None
) -> None:
    """Drop a kept save, or old ones. They are gone for good."""
    if (save_id is None) == (older_than is None):
        raise click.UsageError("either an ID or --older-than DAYS")
    with _folder(read_settings(conf, overrides)) as folder:
        if save_id is not None:
            if not folder.drop(save_id):
                raise NoSuchSave(f"no save is kept under {save_id}")
            click.echo(f"{save_id} is dropped")
            return
        assert older_than is not None
        oldest = (datetime.now(UTC) - timedelta(days=older_than)).timestamp()
        old = [save for save in folder.all() if save.at < oldest]
        for save in old:
            only = save if isinstance(save, RecoveredSave) else None
            if folder.drop(save.id, only=only):
                click.echo(f"{save.id} is dropped")
        if not old:
            click.echo("nothing is that old")


@contextmanager
def _folder(settings: Settings) -> Iterator[RecoveryFolder]:
    """The folder; what is wrong with it becomes the command's error."""
    from connector.app import make_recovery

    folder = make_recovery(settings)
    if folder is None:
        raise click.ClickException("nuxeo.wopi.recovery.dir is off: nothing is kept")
    try:
        yield folder
    except (NoSuchSave, SaveDamaged) as error:
        raise click.ClickException(_line(str(error))) from error
    except OSError as error:
        raise click.ClickException(
            f"nuxeo.wopi.recovery.dir: {settings.recovery_dir}: {error.strerror or error}"
        ) from error


def _write(save: RecoveredSave, content: BinaryIO, output: str) -> None:
    """Write the content somewhere, whole or not at all, and never over something."""
    if output == _STDOUT:
        shutil.copyfileobj(content, sys.stdout.buffer)
        return
    path = Path(output)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(content, file)
            with Path(name).open("rb") as written:
                digest = hashlib.file_digest(written, "sha256").hexdigest()
            if digest != save.digest:
                raise SaveDamaged(f"{save.id} is damaged: its content is not what was kept")
            # A link is made only where there is nothing yet.
            os.link(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"--output: {path}: {error.strerror}") from error
    click.echo(f"{save.length} bytes written to {path}")


_HEAD = ("ID", "SAVED", "USER", "FILE", "BYTES", "DOCUMENT", "REASON")


def _row(save: RecoveredSave | DamagedSave) -> tuple[str, ...]:
    at = datetime.fromtimestamp(save.at).astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(save, DamagedSave):
        return (save.id, at, "?", "?", "?", "?", f"damaged: {save.problem}")
    document = save.path or save.document_id
    return (save.id, at, save.user, save.file_name, str(save.length), document, save.reason)


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    lines = [tuple(map(_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _as_json(save: RecoveredSave | DamagedSave) -> dict[str, object]:
    if isinstance(save, DamagedSave):
        return {"id": save.id, "at": _moment(save.at), "damaged": save.problem}
    # What names the session is of no use to anybody, and the id comes first.
    values = {"id": save.id} | {
        name: value for name, value in asdict(save).items() if name != "session"
    }
    return values | {"at": _moment(save.at)}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _line(text: str) -> str:
    """On one line, and with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)
