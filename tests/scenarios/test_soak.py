"""Two minutes of everything at once; see :mod:`tests.scenarios.soak`."""

import os
import random

import pytest

from tests.scenarios.soak import Moment, Soak, lines_of, text_of, two_holders

SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
SEED = int(os.environ.get("SOAK_SEED", random.SystemRandom().randrange(10**6)))


def test_no_acknowledged_save_is_lost_and_nobody_shares_a_lock(demo, tmp_path, capsys):
    with capsys.disabled():
        print(f"\nSOAK_SEED={SEED} SOAK_SECONDS={SECONDS}")
    counts = Soak(demo, tmp_path / "soak", SEED, SECONDS).run()
    with capsys.disabled():
        for what, times in sorted(counts.items()):
            print(f"{times:6} {what}")
    # Or nothing was tried; a short run by hand need not come to everything.
    for what in ("PutFile 200", "PutFile 409", "Lock 200", "Lock 409", "kill", "break", "fault"):
        assert counts[what] > 0 or SECONDS < 60, what


def test_so_it_is_with_redis_between_the_connectors(demo, tmp_path, redis_url, capsys):
    """For a part of the time: what differs is the lock store."""
    with capsys.disabled():
        print(f"\nSOAK_SEED={SEED} with Redis")
    counts = Soak(
        demo, tmp_path / "soak", f"{SEED}-redis", SECONDS / 8, **{"nuxeo.wopi.redisURL": redis_url}
    ).run()
    assert counts["PutFile 200"] > 0


# That it would notice


def test_half_a_text_is_noticed():
    whole = text_of(["one", "two"])
    assert lines_of(whole) == ["one", "two"]
    for length in range(len(whole)):
        with pytest.raises(AssertionError):
            lines_of(whole[:length])


@pytest.mark.parametrize(
    ("ends", "is_wrong"),
    [
        ([], True),
        ([(3, 4, None)], False),
        ([(3, 4, "A")], False),
        ([(3, 4, "B")], True),
        ([(0.1, 0.9, None)], True),
        ([(6.1, 7, None)], True),
        ([(0.1, 9, "A")], False),
    ],
)
def test_two_holders_are_noticed(ends, is_wrong):
    held = [Moment(1, 2, "held", "A", ""), Moment(5, 6, "held", "B", "")]
    over = [Moment(began, ended, "ended", lock, "") for began, ended, lock in ends]
    assert bool(list(two_holders(held + over))) is is_wrong
