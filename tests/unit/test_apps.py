"""What a Nuxeo page is told of the files that can be opened."""

import pytest

from connector.host.apps import apps
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.office_clients import OfficeClient, OfficeClients
from tests.unit.test_discovery import COLLABORA, MICROSOFT
from tests.unit.test_file_info import LINKS
from tests.unit.test_file_infos import Published

VIEW, EDIT = LINKS.host_pages_of("view"), LINKS.host_pages_of("edit")


def told(*documents, routes=None):
    clients = [OfficeClient(f"c{n}", Published(each)) for n, each in enumerate(documents)]
    return apps(OfficeClients(clients, routes), LINKS)


def test_an_entry_is_like_the_java_addons_but_for_the_place_of_the_blob():
    assert told(MICROSOFT)["docx"] == {"appName": "Word", "view": VIEW, "edit": EDIT}


def test_what_can_only_be_viewed_has_no_address_to_edit_it():
    found = told(MICROSOFT)
    viewed = [extension for extension, entry in found.items() if "edit" not in entry]
    assert viewed
    assert all(found[extension]["view"] == VIEW for extension in viewed)


def test_the_client_that_a_file_would_be_opened_in_gives_the_app_its_name():
    assert told(COLLABORA, MICROSOFT)["docx"]["appName"] == "Writer"
    assert told(COLLABORA, MICROSOFT, routes={"docx": "c1"})["docx"]["appName"] == "Word"


def test_a_client_that_does_not_answer_takes_nothing_from_the_others():
    assert told(None, MICROSOFT)["docx"]["appName"] == "Word"
    with pytest.raises(DiscoveryUnavailable):
        told(None)
