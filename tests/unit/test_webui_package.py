"""The package has the form that ``nuxeoctl mp-install`` and Nuxeo's start expect.

WEBUI_SLOT 2 and 3.
"""

import io
import json
import re
import time
import zipfile
from xml.etree import ElementTree

import docx
import openpyxl
import pptx
import pytest
from click.testing import CliRunner

from connector import __version__
from connector.cli import main
from connector.webui.package import DISTRIBUTIONS, NAME, package

UI = "web/nuxeo.war/ui"
LANGUAGES = ("messages", "messages-fr", "messages-de", "messages-es")


def opened(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module", params=sorted(DISTRIBUTIONS))
def distribution(request):
    return DISTRIBUTIONS[request.param]


@pytest.fixture(scope="module")
def files(distribution):
    return opened(package(distribution, "1.2.3"))


@pytest.fixture(scope="module")
def jar(files):
    (content,) = [content for name, content in files.items() if name.endswith(".jar")]
    return opened(content)


def xml(files, name):
    return ElementTree.fromstring(files[name])


def manifest(jar):
    text = jar["META-INF/MANIFEST.MF"].decode()
    assert text.endswith("\r\n")
    assert all(len(line.encode()) <= 72 for line in text.split("\r\n"))
    return dict(
        line.split(": ", 1) for line in text.replace("\r\n ", "").split("\r\n") if line.strip()
    )


def test_it_is_the_same_bytes_each_time(distribution):
    first = package(distribution, "1.2.3")
    # The clock of a zip archive goes on every two seconds.
    time.sleep(2.1)
    assert package(distribution, "1.2.3") == first


def test_what_is_in_it(files):
    assert sorted(files) == [
        "install.xml",
        f"install/bundles/{NAME}-webui-1.2.3.jar",
        f"install/templates/{NAME}/nuxeo.defaults",
        "package.xml",
    ]


def test_the_package_is_for_one_kind_of_distribution(files, distribution):
    described = xml(files, "package.xml")
    assert described.attrib == {"type": "addon", "name": NAME, "version": "1.2.3"}
    assert described.findtext("target-platform/name") == distribution.name
    assert described.findtext("target-platform/version") == distribution.versions
    assert described.findtext("dependencies/package") == "nuxeo-web-ui"
    assert described.findtext("conflicts/package") == "nuxeo-wopi"
    assert described.find("installer").get("restart") == "true"
    assert described.find("uninstaller").get("restart") == "true"
    for name in ("title", "description/p", "vendor", "license", "license-url"):
        assert described.findtext(name)


def test_what_is_installed_is_in_the_package(files):
    steps = xml(files, "install.xml")
    assert [step.tag for step in steps] == ["update", "copy", "config"]
    bundle = steps[0].get("file").removeprefix("${package.root}/")
    assert bundle in files
    # Otherwise it would be taken for a snapshot of Studio.
    assert re.fullmatch(r".+-\d[\d.]*\.jar", bundle)
    assert steps[1].get("dir") == "${package.root}/install/templates"
    assert f"install/templates/{steps[2].get('addtemplate')}/nuxeo.defaults" in files
    lines = files[f"install/templates/{NAME}/nuxeo.defaults"].decode().splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]
    assert settings == [f"{NAME}.target=.", "nuxeo.wopi.hostURL="]


def test_the_bundle_has_no_code_for_the_server(jar):
    kinds = {name.rpartition(".")[2] for name in jar}
    assert kinds == {"MF", "xml", "html", "svg", "json", "docx", "xlsx", "pptx"}


def test_the_manifest_names_what_is_there(jar):
    said = manifest(jar)
    assert said["Manifest-Version"] == "1.0"
    assert said["Bundle-ManifestVersion"] == "2"
    assert said["Bundle-Version"] == "1.2.3"
    assert re.fullmatch(r"[a-z.]+;singleton:=true", said["Bundle-SymbolicName"])
    components = said["Nuxeo-Component"].split(",")
    assert len(components) == 2
    names = {xml(jar, component).get("name") for component in components}
    assert len(names) == 2
    extra = [name for name in jar if name.startswith("OSGI-INF/") and name not in components]
    assert extra == ["OSGI-INF/deployment-fragment.xml"]


def test_web_ui_is_told_to_load_the_element(jar, distribution):
    component = xml(jar, "OSGI-INF/web-resources.xml")
    # On 2021 and later nobody makes the component that 10.10 has to wait for: no start at all.
    required = [element.text for element in component.findall("require")]
    assert required == ([distribution.required] if distribution.required else [])
    assert bool(required) is (distribution.name == "server")
    resources, bundles = component.findall("extension")
    resource = resources.find("resource")
    assert resource.get("type") == "import"
    assert f"web/nuxeo.war{resource.findtext('uri')}" in jar
    (listed,) = bundles.findall("bundle/resources")
    assert bundles.find("bundle").get("name") == "web-ui"
    assert listed.get("append") == "true"
    assert listed.findtext("resource") == resource.get("name")


def test_the_page_learns_where_the_connector_is_and_nothing_secret(jar):
    component = xml(jar, "OSGI-INF/configuration.xml")
    (told,) = component.findall("extension/property")
    assert told.get("name") == "org.nuxeo.web.ui.wopiConnector.url"
    assert told.text == "${nuxeo.wopi.hostURL:=}"


def test_files_are_unpacked_and_texts_added_to_those_that_there_are(jar, distribution):
    fragment = xml(jar, "OSGI-INF/deployment-fragment.xml")
    assert (fragment.get("version"), fragment.findtext("require")) == ("1", "org.nuxeo.web.ui")
    steps = list(fragment.find("install"))
    unpacked = steps[0].findtext("include").removesuffix("**")
    assert all(
        name.startswith((unpacked, f"{UI}/i18n/")) for name in jar if name.startswith("web/")
    )
    added = {step.get("to"): step.get("from") for step in steps if step.tag == "append"}
    for target, source in added.items():
        assert source.removeprefix("${bundle.fileName}.tmp/") in jar
        assert target.startswith("nuxeo.war/ui/i18n/messages")
    names = {target.removeprefix("nuxeo.war/ui/i18n/") for target in added}
    assert {"messages.json", "messages-fr.json", "messages-fr-FR.json"} <= names
    assert ("messages-fr-CA.json" in names) is (distribution.name == "lts")
    assert steps[-1].tag == "delete"


def test_every_text_is_there_in_every_language(jar):
    texts = {name: json.loads(jar[f"{UI}/i18n/{name}.json"]) for name in LANGUAGES}
    english = texts["messages"]
    page = jar[f"{UI}/{NAME}/{NAME}.html"].decode()
    for name, translated in texts.items():
        assert translated.keys() == english.keys(), name
        for key, text in translated.items():
            assert set(re.findall(r"\{\d\}", text)) == set(re.findall(r"\{\d\}", english[key]))
    # What the page itself has for other languages.
    own = re.search(r"ENGLISH = \{(.*?)\};", page, re.DOTALL)[1]
    assert {
        f"wopiConnector.{key}": text for key, text in re.findall(r"(\w+): '(.*)'", own)
    } == english
    used = set(re.findall(r"(?:_told|say)\(i18n, '(\w+)'", page))
    assert len(used) >= 4
    assert {f"wopiConnector.{key}" for key in used} <= english.keys()
    assert "i18n('" not in page
    said = set(re.findall(r"_said = (?:[^;]*\? )?'(\w+)'(?: : '(\w+)')?", page))
    for key in {key for keys in said for key in keys if key}:
        assert f"wopiConnector.{key}" in english


def test_empty_documents_can_be_opened_and_are_empty(jar):
    def empty(extension):
        return io.BytesIO(jar[f"{UI}/{NAME}/empty/empty.{extension}"])

    assert [each.text for each in docx.Document(empty("docx")).paragraphs] == []
    assert openpyxl.load_workbook(empty("xlsx")).active.dimensions == "A1:A1"
    slides = pptx.Presentation(empty("pptx"))
    assert slides.slide_width / slides.slide_height == pytest.approx(16 / 9)
    (slide,) = slides.slides
    assert not any(shape.text for shape in slide.placeholders)
    for extension in ("docx", "xlsx", "pptx"):
        with zipfile.ZipFile(empty(extension)) as archive:
            properties = archive.read("docProps/core.xml")
        assert b"creator" not in properties


def test_the_command_writes_it_for_nuxeos_account_to_read(tmp_path):
    out = tmp_path / "connector.zip"
    result = CliRunner().invoke(main, ["package", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert f"nuxeoctl mp-install {out}" in result.output
    assert out.stat().st_mode & 0o777 == 0o644
    assert out.read_bytes() == package(DISTRIBUTIONS["lts"], __version__)


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path):
    result = CliRunner().invoke(main, ["package", "--out", str(tmp_path / "no" / "x.zip")])
    assert result.exit_code == 2
    assert "cannot write" in result.output
