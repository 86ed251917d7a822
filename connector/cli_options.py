"""What several commands have in common: the configuration, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from connector import config


class Usage(click.ClickException):
    """A mistake in the configuration: one line each, exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Without the "Error:" that click puts before."""
        click.echo(self.message, err=True, file=file)


def _pairs(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> Any:
    pairs = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{value!r} is not of the form key=value")
        pairs[key.strip()] = text.strip()
    return pairs


conf_option = click.option(
    "--conf",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file in nuxeo.conf syntax; may be the server's own nuxeo.conf.",
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    callback=_pairs,
    metavar="KEY=VALUE",
    help="A setting that goes before environment and file. May be repeated.",
)


def read_settings(conf: Path | None, overrides: dict[str, str]) -> config.Settings:
    """The settings that a command was given.

    Raises:
        Usage: they cannot be used.
    """
    try:
        return config.load(conf, overrides=overrides)
    except config.ConfigurationError as error:
        raise Usage(str(error)) from error
