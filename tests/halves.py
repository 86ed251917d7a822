"""Runs all tests as two halves at once: the stories, and the rest.

Each waits more than it computes, for clocks, servers and a browser, and has a demo of its own. What
the stories tell is shown when the rest is done. With names of tests, or options that have a value
of their own, there is one run as usual.
"""

import os
import shutil
import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest"]
STORIES = "tests/scenarios"


def main(options):
    """Run the tests; returns the exit status of the first half that did not pass."""
    if not all(each.startswith("-") for each in options):
        os.execv(PYTEST[0], [*PYTEST, *options])
    with tempfile.TemporaryFile() as told:
        stories = subprocess.Popen(
            [*PYTEST, STORIES, *options], stdout=told, stderr=subprocess.STDOUT
        )
        try:
            rest = subprocess.call([*PYTEST, f"--ignore={STORIES}", *options])
        finally:
            # Ctrl-C reaches both; each has processes to end.
            status = stories.wait()
        told.seek(0)
        shutil.copyfileobj(told, sys.stdout.buffer)
    return rest or status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
