"""The official client beside PyJWT."""

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_client_can_be_imported_through_our_module():
    result = run("from connector.nuxeo_gateway.official_client import Nuxeo; print(Nuxeo.__name__)")
    assert result.stdout.strip() == "Nuxeo", result.stderr


def test_the_stand_in_is_still_needed():
    """When this fails, a release of the client has mended its imports: drop the stand-in."""
    result = run("import nuxeo.client")
    assert result.returncode != 0


def test_the_package_that_breaks_pyjwt_is_not_installed():
    result = run("import jwt; print(jwt.encode.__module__, hasattr(jwt, 'PyJWT'))")
    assert "True" in result.stdout
