"""Every URL that the connector hands to somebody else.

Never made from a request: what a proxy does to host, scheme or prefix cannot change them.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from connector.file_reference import FileReference

WOPI = "site/wopi/"
"""Below ``nuxeo.wopi.baseURL``: where office clients call, as with the Java addon."""

HOST_PAGES = "wopi/"
"""Below ``nuxeo.wopi.hostURL``: where users open files, as with the Java addon."""

_DEFAULT_REPOSITORY = "default"


class Links:
    """URLs of one installation.

    Args:
        nuxeo_url: Nuxeo as browsers see it.
        base_url: the connector as office clients see it.
        host_url: the connector as browsers see it.

    All three end with a slash.
    """

    def __init__(self, *, nuxeo_url: str, base_url: str, host_url: str) -> None:
        self._nuxeo_url = nuxeo_url
        self._base_url = base_url
        self._host_url = host_url
        parts = urlsplit(host_url)
        self.host_origin = f"{parts.scheme}://{parts.netloc}"
        self.host_path = parts.path + HOST_PAGES
        own = urlsplit(base_url).path + WOPI
        # Beside its own path also those that a proxy may have made of it: the one below Nuxeo's
        # usual context, and the one without any.
        self.wopi_paths = tuple(dict.fromkeys((own, f"/nuxeo/{WOPI}", f"/{WOPI}")))
        nuxeo = urlsplit(nuxeo_url)
        self.nuxeo_origin = f"{nuxeo.scheme}://{nuxeo.netloc}"

    @property
    def brand(self) -> str:
        """Nuxeo's start page."""
        return f"{self._nuxeo_url}ui/"

    @property
    def sign_out(self) -> str:
        """Ends the user's Nuxeo session."""
        return f"{self._nuxeo_url}logout"

    def wopi_src(self, file_id: str) -> str:
        """WOPISrc: where an office client finds the file."""
        return f"{self._base_url}{WOPI}files/{file_id}"

    def file_url(self, file_id: str, ticket: str) -> str:
        """Where the file can be read with a ticket and without a signature."""
        return f"{self.wopi_src(file_id)}/direct?ticket={ticket}"

    def called_url(self, path_and_query: str) -> str:
        """The URL that an office client called to get to a path below one of ``wopi_paths``."""
        return f"{self._base_url}{WOPI}{path_and_query.partition(f'/{WOPI}')[2]}"

    def host_page(self, action: str, reference: FileReference) -> str:
        """The page on which a user views or edits the file."""
        return f"{self._host_url}{self._host_page_path(action, reference)}"

    def document(self, repository: str, uid: str) -> str:
        """The document in Nuxeo Web UI (WEBUI_SLOT 1.5)."""
        where = uid if repository == _DEFAULT_REPOSITORY else f"{repository}/{uid}"
        return f"{self._nuxeo_url}ui/#!/doc/{where}"

    def download(self, reference: FileReference, name: str) -> str:
        """The file itself, for a browser that is signed in to Nuxeo (REST_CONTRACT 3.2)."""
        return (
            f"{self._nuxeo_url}nxfile/{reference.repository}/{reference.document_id}/"
            f"{reference.xpath}/{quote(name, safe='')}"
        )

    def sign_in(self, action: str, reference: FileReference) -> str:
        """Nuxeo's login page, leading back to the host page."""
        page = self._host_page_path(action, reference)
        # Nuxeo puts its own address before a relative one.
        wanted = page if self._host_url == self._nuxeo_url else f"{self._host_url}{page}"
        return f"{self._nuxeo_url}login.jsp?requestedUrl={quote(wanted, safe='')}"

    @staticmethod
    def _host_page_path(action: str, reference: FileReference) -> str:
        return (
            f"{HOST_PAGES}{action}/{reference.repository}/{reference.document_id}/{reference.xpath}"
        )
