"""What the documentation of the settings must say, made from the table of settings.

``python -m tests.settings_reference`` writes it into ``docs/configuration.md`` and
``config/nuxeo.conf.sample``; the tests fail when either differs.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from connector.config_keys import BY_NAME, CLIENT_KEYS, KEYS, SettingsKey

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "configuration.md"
SAMPLE = ROOT / "config" / "nuxeo.conf.sample"
BEGIN = "<!-- settings: from connector/config_keys.py, see tests/settings_reference.py -->\n"
END = "<!-- end of settings -->\n"

_CLIENT_HEAD = """
# Each office client of nuxeo.wopi.clients has these keys; here they are for one called collabora.
"""
_OVERRIDES = """
# Properties that CheckFileInfo is to say otherwise: nuxeo.wopi.checkFileInfo.<Property>, with JSON
# or text; null leaves the property out. docs/check-file-info.md has more.
#
#   nuxeo.wopi.checkFileInfo.AllowExternalMarketplace=true
"""
_OVERRIDES_ROW = (
    "| `nuxeo.wopi.checkFileInfo.<Property>`<br>`NUXEO_WOPI_CHECKFILEINFO_<PROPERTY>` | none | "
    "What CheckFileInfo is to say of a property in place of our own; see "
    "[check-file-info.md](check-file-info.md). Expected: JSON of the property's type, or text; "
    "`null` leaves it out. |\n"
)
_HEAD = """\
# Configuration of nuxeo-wopi-connector, in the syntax of Nuxeo's own nuxeo.conf.
#
# Two keys must be set: nuxeo.jwt.secret and nuxeo.wopi.discoveryURL. The others stand here with
# their defaults; take the # away to change one. All of it may also be put into the server's own
# nuxeo.conf, and that file be given to the connector.
#
# Copy this file, and let only the connector's user read it: it holds a secret.
"""


def sample() -> str:
    """The whole of ``config/nuxeo.conf.sample``."""
    entries = "".join("\n" + _sample_entry(key) for key in KEYS)
    of_client = "".join(map(_client_entry, CLIENT_KEYS))
    return f"{_HEAD}{entries}{_CLIENT_HEAD}{of_client}{_OVERRIDES}"


def _client_entry(key: SettingsKey) -> str:
    setting = key.key.replace("<name>", "collabora")
    return f"#\n{_about(key)}#   {setting}={key.example}\n"


def _sample_entry(key: SettingsKey) -> str:
    value = key.example or key.default or ""
    if key.default_from:
        value = BY_NAME[key.default_from].default or ""
    setting = f"{key.key}={value}"
    return _about(key) + ("" if key.required else "#") + setting + "\n"


def _about(key: SettingsKey) -> str:
    about = f"{key.purpose} Expected: {key.expected}."
    if key.default_from:
        about += f" Default: the value of {key.default_from}."
    elif key.default_note:
        about += f" Default: {key.default_note}."
    lines = textwrap.wrap(about.replace("`", ""), width=96, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def table() -> str:
    """The table of ``docs/configuration.md``."""
    rows = "".join(_row(key) for key in (*KEYS, *CLIENT_KEYS)) + _OVERRIDES_ROW
    return f"| Key and environment variable | Default | Meaning |\n|---|---|---|\n{rows}"


def _row(key: SettingsKey) -> str:
    if key.required:
        default = "**must be set**"
    elif key.default_from:
        default = f"`{key.default_from}`"
    elif key.default_note:
        default = key.default_note
    else:
        default = f"`{key.default}`" if key.default else "none"
    meaning = f"{key.purpose} Expected: {key.expected}."
    return f"| `{key.key}`<br>`{key.environment_name}` | {default} | {meaning} |\n"


def guide(text: str) -> str:
    """``docs/configuration.md`` with its table renewed."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    SAMPLE.write_text(sample(), encoding="utf-8")
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
