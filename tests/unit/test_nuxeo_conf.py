"""nuxeo.conf as the server reads it (REST_CONTRACT 11.1)."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.nuxeo_conf import NuxeoConf, NuxeoConfError, ValueNotKnown, parse, read


def conf(text: str, **environ: str) -> NuxeoConf:
    return parse(text.encode(), environ)


def value(text: str, key: str = "k", **environ: str) -> str:
    return conf(text, **environ).value(key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k=v", "v"),
        ("k:v", "v"),
        ("k v", "v"),
        ("k\tv", "v"),
        ("  k  =  v  ", "v"),
        ("k = v w \t", "v w"),
        ("k==v", "=v"),
        ("k=a:b=c", "a:b=c"),
        ("k", ""),
        ("k=", ""),
        ("k=v # not a comment", "v # not a comment"),
        ("k=v ! nor this", "v ! nor this"),
        ("# k=x\n ! k=y\nk=v", "v"),
        ("k=one\nk=two\n", "two"),
        ("k=one, \\\n   two", "one, two"),
        ("k=one\\\r\n  two", "onetwo"),
        ("k=one\\\n# part of it", "one# part of it"),
        ("k=even\\\\\nx=y", "even\\"),
        ("k=C\\:\\\\dir", "C:\\dir"),
        ("k=C:\\dir", "C:dir"),
        ("k=a\\tb\\nc", "a\tb\nc"),
        ("k=\\u00e9\\u20AC", "é€"),
        ("k=\\ud83d\\ude00", "😀"),
        ("\\u006b=v", "v"),
        ("k=last line ends\\", "last line ends"),
        ("\n\r\n\rk=v\r", "v"),
    ],
)
def test_properties_text(text: str, expected: str) -> None:
    assert value(text) == expected


def test_a_key_may_have_escaped_separators() -> None:
    read_conf = conf("a\\ b\\=c\\:d = v")
    assert list(read_conf) == ["a b=c:d"]


def test_entries_know_their_line() -> None:
    read_conf = conf("# one\n\nfirst=1\r\nsecond=2,\\\n 3\n\nthird=4\nfirst=5\n")
    assert {key: read_conf.entry(key).line for key in read_conf} == {
        "first": 8,
        "second": 4,
        "third": 7,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_charset_is_found_out(encoding: str) -> None:
    assert parse("k=Müller".encode(encoding), {}).value("k") == "Müller"


def test_a_byte_order_mark_is_part_of_the_first_key() -> None:
    assert list(parse(b"\xef\xbb\xbfk=v", {})) == ["\ufeffk"]


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("k=${env:A}", {"A": "x"}, "x"),
        ("k=${env:A}", {}, ""),
        ("k=${env:A}", {"A": "  "}, ""),
        ("k=<${env:A:d}>", {}, "<d>"),
        ("k=<${env:A:d}>", {"A": ""}, "<d>"),
        ("k=<${env:A:d}>", {"A": "x"}, "<x>"),
        ("k=${env:A:http://h:1/}", {}, "http://h:1/"),
        ("k=${env:A:}", {}, ""),
        ("k=${env??:A}", {"A": "x"}, "true"),
        ("k=${env??:A}", {"A": " "}, "false"),
        ("k=${env??:A}", {}, "false"),
        ("k=${env:A}-${env:B:b}", {"A": "x"}, "x-b"),
        ("k=${env:A}", {"A": " x "}, "x"),
    ],
)
def test_environment(text: str, environ: dict[str, str], expected: str) -> None:
    assert value(text, **environ) == expected


@pytest.mark.parametrize("bad", ["a$b", "a\\b", "${other}"])
def test_what_nuxeo_would_mangle_is_refused(bad: str) -> None:
    with pytest.raises(ValueNotKnown, match=re.escape("${env:A}")) as caught:
        value("k=${env:A}", A=bad)
    assert bad not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1\nk=<${a}>", "<1>"),
        ("k=<${a}>\na=1", "<1>"),
        ("a=1\nb=${a}2\nk=${b}3", "123"),
        ("k=${a:=d}", "d"),
        ("a=\nk=<${a:=d}>", "<>"),
        ("a=1\nk=${a:=d}", "1"),
        ("b=2\nk=${a:=${b}}", "2"),
        ("k=${a:=${b:=c}}", "c"),
        ("k=$${a}", "${a}"),
        ("a=$${b}\nk=${a}", "${b}"),
        ("k=$a $ {a}", "$a $ {a}"),
        ("a.b-c_D9=1\nk=${a.b-c_D9}", "1"),
        ("a=${env:X:9}\nk=${a}", "9"),
        # The server's own reading: the default reaches to the last brace.
        ("a=1\nk=${a:=d}/${a}", "1"),
    ],
)
def test_references(text: str, expected: str) -> None:
    assert value(text) == expected


def chain(length: int) -> str:
    return "".join(f"k{i}=${{k{i + 1}}}\n" for i in range(length)) + f"k{length}=end"


def test_ten_levels_are_followed() -> None:
    assert value(chain(10), "k0") == "end"


@pytest.mark.parametrize(
    "text", ["k=${k}", "k=x${a}\na=${k}", "k=" + "${k}" * 99, chain(12).replace("k0=", "k=")]
)
def test_no_further_and_not_in_circles(text: str) -> None:
    with pytest.raises(ValueNotKnown, match="10 levels"):
        value(text)


def test_a_reference_out_of_the_file_matters_only_when_asked_for() -> None:
    read_conf = conf("log=${nuxeo.log.dir}/x\nk=v")
    assert read_conf.value("k") == "v"
    with pytest.raises(ValueNotKnown, match=re.escape("${nuxeo.log.dir}, which is not in this")):
        read_conf.value("log")


@pytest.mark.parametrize(
    "text", ["k={$AES$c2VjcmV0}", "k={$$c2VjcmV0}", "a={$$c2VjcmV0}\nk=${a}", "a={$$x}\nk=${#a}"]
)
def test_encrypted_values_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueNotKnown, match="encrypted") as caught:
        value(text)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_malformed_escape_names_the_line() -> None:
    with pytest.raises(NuxeoConfError, match=r"^nuxeo\.conf:3: .*four hexadecimal digits"):
        conf("# one\nfine=1\nhome=C:\\users\\me\n")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NuxeoConfError, match=r"none\.conf: cannot be read: No such file"):
        read(tmp_path / "none.conf", {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NuxeoConfError, match="cannot be read: Is a directory"):
        read(tmp_path, {})


@given(
    st.one_of(st.binary(max_size=200), st.text("ab${}:=#\\. ekv\n", max_size=60).map(str.encode)),
    st.text(max_size=10),
)
def test_any_file_gives_values_or_one_line(content: bytes, variable: str) -> None:
    assert not [message for message in messages(content, variable) if "\n" in message]


def messages(content: bytes, variable: str) -> list[str]:
    found = []
    try:
        read_conf = parse(content, {"A": variable})
    except NuxeoConfError as error:
        return [str(error)]
    for key in read_conf:
        try:
            read_conf.value(key)
        except ValueNotKnown as error:
            # A foreign key may hold a line end, and be named.
            found.append(str(error).replace(key, ""))
    return found
