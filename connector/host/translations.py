"""The languages of the pages, from the catalogues in ``locale``.

The texts stand in the code in English, inside ``_()`` or ``N_()``; ``locale`` has a catalogue for
each other language, as text: nothing has to be compiled.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALE = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"


@cache
def languages() -> frozenset[str]:
    """What the pages can be shown in."""
    return frozenset({SOURCE_LANGUAGE, *(path.name for path in LOCALE.iterdir() if path.is_dir())})


def best(wanted: Iterable[str]) -> str:
    """The first language of those wanted in which there are pages, else English.

    Args:
        wanted: language tags, such as ``fr-CA``.
    """
    for tag in wanted:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if language in languages():
            return language
    return SOURCE_LANGUAGE


class Texts:
    """The texts of the pages in one language.

    Args:
        language: one of :func:`languages`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._translations = _translations(language)

    def __call__(self, text: str) -> str:
        """A text in this language, given it in English."""
        return str(self._translations.gettext(text))


def N_(text: str) -> str:  # noqa: N802 - the name that tools look for
    """Marks a text that is translated when it is shown."""
    return text


@cache
def _translations(language: str) -> NullTranslations:
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
