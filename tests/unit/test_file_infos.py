"""What an installation makes of CheckFileInfo, in which order."""

from dataclasses import dataclass

from connector.wopi.access_token import AccessTokens
from connector.wopi.clients import BY_KIND, Restriction
from connector.wopi.discovery import parse
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.file_infos import FileInfos
from connector.wopi.file_url import FileUrls
from connector.wopi.info_extensions import Extension
from connector.wopi.office_clients import OfficeClient, OfficeClients
from connector.wopi.opened import OpenFile
from tests.unit.test_discovery import COLLABORA, MICROSOFT
from tests.unit.test_file_info import BLOB, LINKS, REFERENCE, TOKEN
from tests.unit.test_permissions import DOCUMENT

FILE = OpenFile("id", REFERENCE, TOKEN)


@dataclass
class Published:
    document: bytes | None

    def get(self):
        if self.document is None:
            raise DiscoveryUnavailable("down")
        return parse(self.document)


def infos(document=MICROSOFT, *, kind=None, **options):
    clients = OfficeClients([OfficeClient("office", Published(document), kind=kind)])
    made = FileInfos(LINKS, clients, brand_name="Nuxeo", business_user=True, **options)
    return made.of(FILE, DOCUMENT, BLOB, version="1", can_write=True)


def test_the_kind_of_client_decides_on_the_words():
    withheld = [Restriction.COPY]
    assert infos(restrictions=withheld)["CopyPasteRestrictions"] == "BlockAll"
    assert infos(COLLABORA, restrictions=withheld)["DisableCopy"] is True
    assert infos(COLLABORA, kind=BY_KIND["oos"], restrictions=withheld)["CopyPasteRestrictions"]


def test_while_nobody_knows_the_kind_it_is_told_in_all_words():
    told = infos(None, restrictions=[Restriction.COPY])
    assert told["DisableCopy"] is True
    assert told["CopyPasteRestrictions"] == "BlockAll"


def test_only_a_client_that_checks_licences_is_told_of_them():
    assert infos()["LicenseCheckForEditIsEnabled"] is True
    assert "LicenseCheckForEditIsEnabled" not in infos(COLLABORA)


def test_the_later_word_goes_before_the_earlier():
    tickets = AccessTokens("s" * 64, 300)

    def theirs(info, *_):
        assert info["DownloadUrl"] == "https://example.org/get"
        assert "SignoutUrl" not in info
        assert "FileUrl" not in info
        return info | {"HostNotes": "theirs"}

    told = infos(
        restrictions=[Restriction.DOWNLOAD],
        overrides={
            "DownloadUrl": "https://example.org/get",
            "SignoutUrl": None,
            "HostNotes": "from the configuration",
            "WebEditingDisabled": None,
        },
        extensions=[Extension("theirs", theirs)],
        file_urls=FileUrls(tickets, LINKS),
    )
    assert told["HostNotes"] == "theirs"
    assert told["FileUrl"].startswith("https://")
