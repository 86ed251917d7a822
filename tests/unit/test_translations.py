"""The pages in people's languages: every text in each of them, with the same gaps to fill."""

import re
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from connector.host.translations import LOCALE, SOURCE_LANGUAGE, Texts, best, languages

HOST = LOCALE.parent
TRANSLATED = sorted(languages() - {SOURCE_LANGUAGE})


def texts_in_the_code():
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    return {text for _file, _line, text, *_rest in extract_from_dir(HOST, method_map=methods)}


def catalogue(language):
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    return {message.id: message for message in catalog if message.id}


def gaps(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_there_are_pages_in_four_languages():
    assert languages() == {"en", "fr", "de", "es"}
    assert len(texts_in_the_code()) > 60


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_nothing_else(language):
    messages = catalogue(language)
    assert set(messages) == texts_in_the_code()
    assert [text for text, message in messages.items() if not message.string] == []
    assert [text for text, message in messages.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_gaps_are_the_same(language):
    texts = Texts(language)
    different = [text for text in texts_in_the_code() if gaps(text) != gaps(texts(text))]
    assert different == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_was_left_in_english(language):
    texts = Texts(language)
    same = {text for text in texts_in_the_code() if texts(text) == text}
    assert {text for text in same if not re.fullmatch(r"\{file\} in \{app\}", text)} == set()


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ((), "en"),
        (("fr-CA",), "fr"),
        (("de_AT", "fr"), "de"),
        (("ja", "es-419", "fr"), "es"),
        (("nonsense", "*"), "en"),
        (("..", "/etc"), "en"),
        (("DE",), "de"),
    ],
)
def test_the_first_language_that_there_is(wanted, language):
    assert best(wanted) == language
