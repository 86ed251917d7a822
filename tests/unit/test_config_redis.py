"""The settings for Redis: what is taken, and that the password shows nowhere."""

from pathlib import Path

import pytest

from connector.config import ConfigurationError, Settings, load

PASSWORD = "pa%2Fss-word"


def settings(folder: Path, **given: str) -> Settings:
    needed = {
        "nuxeo.jwt.secret": "s" * 64,
        "nuxeo.wopi.discoveryURL": "https://office.example.org/hosting/discovery",
        "nuxeo.wopi.dataDir": str(folder),
    }
    own = {f"nuxeo.wopi.{name}": value for name, value in given.items()}
    return load(None, overrides=needed | own, environ={})


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "redis://redis.example.org:6380/3",
        f"redis://:{PASSWORD}@10.0.0.1/",
        f"rediss://wopi:{PASSWORD}@redis.example.org:6380",
        "redis://[::1]:6379/0",
    ],
)
def test_an_address_is_kept_as_it_is_and_not_shown(tmp_path: Path, url: str) -> None:
    made = settings(tmp_path, redisURL=url)
    assert made.redis_url == url
    assert url not in repr(made)
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://u:hidden@redis", "does not start with redis:// or rediss://"),
        ("redis:hidden", "does not start with redis:// or rediss://"),
        ("redis://u:hidden@", "names no host"),
        ("redis://u:hid#den@redis", "has a ? or # (in a password, use percent-encoding)"),
        ("redis://u:hid?den@redis", "has a ? or # (in a password, use percent-encoding)"),
        ("redis://u:hidden@redis:0", "has a port that makes no sense"),
        ("redis://u:hidden@redis:x", "has a host or port that makes no sense"),
        ("redis://u:hid/den@redis", "has a host or port that makes no sense"),
        ("redis://u:hidden@redis/one", "has something else than a database's number"),
        ("redis://u:hidden@redis/0?db=1", "has a ? or #"),
        ("redis://u:hidden@re%20dis", "has a host that makes no sense"),
        ("redis://u:hidden@[::g]", "has a host or port that makes no sense"),
        ("redis://u:hidden @redis", "holds a character that has no place in a URL"),
    ],
)
def test_what_is_no_address_is_told_without_the_password(
    tmp_path: Path, url: str, why: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        settings(tmp_path, redisURL=url)
    [problem] = error.value.problems
    assert problem.startswith(f"--set: nuxeo.wopi.redisURL: the value {why}")
    assert "hid" not in problem


@pytest.mark.parametrize("prefix", ["a b:", "x" * 65, "ü:", "{a}:"])
def test_a_prefix_is_of_few_characters(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="is no such prefix"):
        settings(tmp_path, redisPrefix=prefix)


def test_a_prefix_is_kept_as_it_is(tmp_path: Path) -> None:
    assert settings(tmp_path, redisPrefix="staging.wopi:").redis_prefix == "staging.wopi:"
