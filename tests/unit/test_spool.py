"""What is received is kept where nobody else sees it, and not longer than the process lives."""

import io
import os
import stat
from pathlib import Path

import pytest

from connector.nuxeo_gateway.content import ContentTooLarge, ContentTruncated, Spool

LARGE = b"x" * (3 * 1024 * 1024)


def test_a_large_body_is_in_a_file_without_a_name_that_only_its_owner_may_read(tmp_path):
    with Spool(tmp_path) as spool:
        spool.fill(io.BytesIO(LARGE), announced=len(LARGE), limit=0)
        (kept,) = [os.fstat(number) for number in descriptors_of(len(LARGE))]
        assert (kept.st_nlink, stat.S_IMODE(kept.st_mode)) == (0, 0o600)
        assert list(tmp_path.iterdir()) == []
        assert b"".join(spool.pieces()) == LARGE
    assert descriptors_of(len(LARGE)) == []


def test_a_small_body_is_in_no_file(tmp_path):
    with Spool(tmp_path) as spool:
        spool.fill(io.BytesIO(b"small"), announced=None, limit=0)
        assert descriptors_of(5) == []
        assert b"".join(spool.pieces()) == b"small"


@pytest.mark.parametrize("announced", [None, 11])
def test_more_than_the_limit_is_refused_however_it_comes(tmp_path, announced):
    with Spool(tmp_path) as spool, pytest.raises(ContentTooLarge):
        spool.fill(io.BytesIO(b"x" * 11), announced=announced, limit=10)


def test_less_than_announced_is_refused(tmp_path):
    with Spool(tmp_path) as spool, pytest.raises(ContentTruncated):
        spool.fill(io.BytesIO(b"x" * 10), announced=11, limit=0)


def descriptors_of(length):
    """Open descriptors of plain files of this length."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            state = os.fstat(int(path.name))
        except OSError:
            continue
        if stat.S_ISREG(state.st_mode) and state.st_size == length:
            found.append(int(path.name))
    return found
