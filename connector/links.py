"""Every URL that the connector hands to somebody else.

Never made from a request: what a proxy does to host, scheme or prefix cannot change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote, urlsplit

from connector.file_reference import FileReference, InvalidFileReference

WOPI = "site/wopi/"
"""Below ``nuxeo.wopi.baseURL``: where office clients call, as with the Java addon."""

HOST_PAGES = "wopi/"
"""Below ``nuxeo.wopi.hostURL``: where users open files, as with the Java addon."""

SIGN_IN_CALLBACK = "oauth2/callback"
SIGN_OUT = "signout"
SIGNED_IN = "signedin"
"""Below ``HOST_PAGES``."""

_DEFAULT_REPOSITORY = "default"


class Links:
    """URLs of one installation.

    Args:
        nuxeo_url: Nuxeo as browsers see it.
        base_url: the connector as office clients see it.
        host_url: the connector as browsers see it.
        clients: names of the office clients; with several, links to host pages say which is meant.

    All addresses end with a slash. ``own_sign_in`` says whether the connector itself remembers who
    is signed in.
    """

    def __init__(
        self,
        *,
        nuxeo_url: str,
        base_url: str,
        host_url: str,
        clients: Sequence[str] = (),
        own_sign_in: bool = False,
    ) -> None:
        self._own_sign_in = own_sign_in
        self._nuxeo_url = nuxeo_url
        self._base_url = base_url
        self._host_url = host_url
        self._clients = frozenset(clients)
        parts = urlsplit(host_url)
        self.host_origin = f"{parts.scheme}://{parts.netloc}"
        self.host_path = parts.path + HOST_PAGES
        own = urlsplit(base_url).path + WOPI
        # Beside its own path also those that a proxy may have made of it: the one below Nuxeo's
        # usual context, and the one without any.
        self.wopi_paths = tuple(dict.fromkeys((own, f"/nuxeo/{WOPI}", f"/{WOPI}")))
        # The bootstrapper is at the connector's own address too, where native clients look for it.
        roots = tuple(path.removesuffix(WOPI) for path in self.wopi_paths)
        self.bootstrapper_paths = tuple(dict.fromkeys((*roots, *self.wopi_paths)))
        nuxeo = urlsplit(nuxeo_url)
        self.nuxeo_origin = f"{nuxeo.scheme}://{nuxeo.netloc}"

    @property
    def brand(self) -> str:
        """Nuxeo's start page."""
        return f"{self._nuxeo_url}ui/"

    @property
    def authorization(self) -> str:
        """Nuxeo's OAuth2 authorization endpoint."""
        return f"{self._nuxeo_url}oauth2/authorize"

    @property
    def token_issuance(self) -> str:
        """Nuxeo's OAuth2 token endpoint."""
        return f"{self._nuxeo_url}oauth2/token"

    @property
    def sign_out(self) -> str:
        """Ends the user's Nuxeo session, and before that the connector's own if there is one."""
        own = f"{self._host_url}{HOST_PAGES}{SIGN_OUT}"
        return own if self._own_sign_in else self.sign_out_of_nuxeo

    @property
    def sign_out_of_nuxeo(self) -> str:
        """Ends the user's Nuxeo session."""
        return f"{self._nuxeo_url}logout"

    @property
    def sign_in_callback(self) -> str:
        """Where a browser comes back to from its sign-in at Nuxeo by OAuth2."""
        return f"{self._host_url}{HOST_PAGES}{SIGN_IN_CALLBACK}"

    @property
    def about(self) -> str:
        """The page that says what the connector is."""
        return f"{self._host_url}{HOST_PAGES}"

    def wopi_src(self, file_id: str) -> str:
        """WOPISrc: where an office client finds the file."""
        return f"{self._base_url}{WOPI}files/{file_id}"

    def file_url(self, file_id: str, ticket: str) -> str:
        """Where the file can be read with a ticket and without a signature."""
        return f"{self.wopi_src(file_id)}/direct?ticket={ticket}"

    def container(self, container_id: str) -> str:
        """Where an office client finds the container."""
        return f"{self._base_url}{WOPI}containers/{container_id}"

    @property
    def ecosystem(self) -> str:
        """Where an office client finds the ecosystem."""
        return f"{self._base_url}{WOPI}ecosystem"

    def resource_of(self, wopi_src: str) -> tuple[str, str] | None:
        """What a WOPISrc of ours is about: ``files`` or ``containers``, and the id."""
        try:
            given, own = urlsplit(wopi_src.strip()), urlsplit(f"{self._base_url}{WOPI}")
        except ValueError:
            return None
        same_place = (given.scheme.lower(), given.netloc.lower()) == (own.scheme, own.netloc)
        kind, slash, resource_id = given.path.removeprefix(own.path).partition("/")
        is_ours = same_place and given.path.startswith(own.path) and slash
        if not is_ours or kind not in ("files", "containers") or "/" in resource_id:
            return None
        return kind, resource_id

    def called_url(self, path_and_query: str) -> str:
        """The URL that an office client called to get to a path below one of ``wopi_paths``."""
        return f"{self._base_url}{WOPI}{path_and_query.partition(f'/{WOPI}')[2]}"

    def host_pages_of(self, action: str) -> str:
        """How all addresses of host pages for an action begin, ``/`` included."""
        return f"{self._host_url}{HOST_PAGES}{action}/"

    def host_page(self, action: str, reference: FileReference, client: str | None = None) -> str:
        """The page on which a user views or edits the file.

        ``client`` is the office client to do it in. It is left out where there is only one, and for
        those that have no host pages, such as the apps on phones.
        """
        is_one_of_several = len(self._clients) > 1 and client in self._clients
        query = _client_query(client if is_one_of_several else None)
        return f"{self._host_url}{self._host_page_path(action, reference)}{query}"

    def opened_by(self, url: str) -> tuple[str, FileReference] | None:
        """Which action on which file a :meth:`host_page` is for; ``None`` for any other URL."""
        prefix = f"{self._host_url}{HOST_PAGES}"
        path = url.partition("#")[0].partition("?")[0]
        parts = path.removeprefix(prefix).split("/", 3)
        if not path.startswith(prefix) or len(parts) != 4:
            return None
        action, repository, document_id, xpath = map(unquote, parts)
        try:
            return action, FileReference(repository, document_id, xpath)
        except InvalidFileReference:
            return None

    def document(self, repository: str, uid: str, *, tab: str | None = None) -> str:
        """The document in Nuxeo Web UI (WEBUI_SLOT 1.5), on demand one of its tabs."""
        where = uid if repository == _DEFAULT_REPOSITORY else f"{repository}/{uid}"
        return f"{self._nuxeo_url}ui/#!/doc/{where}{f'?p={tab}' if tab else ''}"

    def download(self, reference: FileReference, name: str) -> str:
        """The file itself, for a browser that is signed in to Nuxeo (REST_CONTRACT 3.2)."""
        return (
            f"{self._nuxeo_url}nxfile/{reference.repository}/{reference.document_id}/"
            f"{reference.xpath}/{quote(name, safe='')}"
        )

    def sign_in(self, action: str, reference: FileReference, query: str = "") -> str:
        """Nuxeo's login page, leading back to the host page.

        ``query`` is that of the host page, encoded, without its question mark.
        """
        return self._sign_in_to(self._host_page_path(action, reference), query)

    @property
    def signed_in(self) -> str:
        """The page that says that all is well, for who was sent to sign in from an open one."""
        return f"{self._host_url}{HOST_PAGES}{SIGNED_IN}"

    @property
    def sign_in_again(self) -> str:
        """Nuxeo's login page, leading back to :attr:`signed_in`."""
        return self._sign_in_to(f"{HOST_PAGES}{SIGNED_IN}")

    def _sign_in_to(self, page: str, query: str = "") -> str:
        page += f"?{query}" if query else ""
        # Nuxeo takes what is relative to its own address; LTS 2021 and later refuse anything that
        # has a scheme. The latter is for a connector beside the sandbox only, at another port.
        if self._host_url == self._nuxeo_url:
            wanted = page
        elif self.host_origin == self.nuxeo_origin:
            wanted = f"{urlsplit(self._host_url).path}{page}"
        else:
            wanted = f"{self._host_url}{page}"
        return f"{self._nuxeo_url}login.jsp?requestedUrl={quote(wanted, safe='')}"

    @staticmethod
    def _host_page_path(action: str, reference: FileReference) -> str:
        return (
            f"{HOST_PAGES}{action}/{reference.repository}/{reference.document_id}/{reference.xpath}"
        )


def _client_query(client: str | None) -> str:
    return f"?client={quote(client, safe='')}" if client else ""
