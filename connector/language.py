"""Languages as office clients want them: BCP 47 with a region."""

from __future__ import annotations

import re

from babel import Locale, UnknownLocaleError
from babel.core import get_global

# What follows a single letter, such as "-u-ca-buddhist", is no part of the language.
_EXTENSION = re.compile(r"[-_][a-z0-9][-_].*", re.IGNORECASE)


def with_region(tag: str) -> str | None:
    """``tag`` with its likely region, such as ``fr-FR`` for ``fr``; ``None`` for no language.

    Office takes ``fr-FR`` where ``fr`` alone makes some of its apps fall back to English.
    """
    try:
        locale = Locale.parse(_EXTENSION.sub("", tag).replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    territory = locale.territory
    if territory is None:
        likely = get_global("likely_subtags")
        subtags: str = likely.get(str(locale)) or likely.get(locale.language) or ""
        territory = subtags.rpartition("_")[2] or None
    if territory is None:
        return locale.language
    # Chinese is told apart by its region alone: zh-TW, not zh-Hant-TW.
    script = f"-{locale.script}" if locale.script and locale.language != "zh" else ""
    return f"{locale.language}{script}-{territory}"
