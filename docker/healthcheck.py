"""Ask the connector on this machine whether it is well; exit status 0 if so.

Usage: healthcheck.py NUXEO_CONF, the file that the connector runs with.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import requests

from connector.config import ConfigurationError, load

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not listened at
_TIMEOUT = 8


def main(conf: Path) -> str | None:
    """What is wrong, in one or more lines; ``None`` if all is well."""
    try:
        settings = load(conf)
    except ConfigurationError as error:
        return str(error)
    host = _EVERY_ADDRESS.get(settings.listen_host, settings.listen_host)
    at = f"[{host}]" if ":" in host else host
    url = f"http://{at}:{settings.listen_port}{urlsplit(settings.host_url).path}wopi/health"
    session = requests.Session()
    # Proxies are for other hosts than this one.
    session.trust_env = False
    try:
        answer = session.get(url, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        return f"{url}: {type(error).__name__}"
    return None if answer.status_code == 200 else f"{url}: status {answer.status_code}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: healthcheck.py NUXEO_CONF")
    sys.exit(main(Path(sys.argv[1])))
