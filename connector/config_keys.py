"""The one table of settings: keys, defaults, what is allowed, and what they are for.

Parsing, defaults, environment names, hints and the documentation (``docs/configuration.md`` and
``config/nuxeo.conf.sample``, both checked against it) come from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connector import config_redis, version_policy
from connector import config_values as values


@dataclass(frozen=True)
class SettingsKey:
    """One key of the configuration.

    Attributes:
        key: as in nuxeo.conf.
        attribute: its name in ``Settings``.
        parse: text to value; ``ValueError`` finishes the sentence "<key>: <text> ...".
        expected: what a right value is, for messages and documentation.
        purpose: what it is for, one or two sentences.
        default: text of the default; ``None`` if there is none or it is worked out.
        default_from: the key whose value is the default.
        default_note: how the default is worked out where no text says it.
        required: there is no default and it must be set.
        secret: its value is never shown.
        warn: what is unwise, but works, about a value.
        is_path: a relative value is taken from the folder of the file it stands in.
        no_paths: words in lower case that are values of their own where paths are.
        example: what the sample shows for a key that has no default.
    """

    key: str
    attribute: str
    parse: Callable[[str], object]
    expected: str
    purpose: str
    default: str | None = None
    default_from: str | None = None
    default_note: str = ""
    required: bool = False
    secret: bool = False
    warn: Callable[[str], list[str]] | None = None
    is_path: bool = False
    no_paths: tuple[str, ...] = ()
    example: str = ""

    @property
    def environment_name(self) -> str:
        """The environment variable that sets it: ``NUXEO_WOPI_BASEURL``."""
        return self.key.upper().replace(".", "_")


DATA_DIR_OF_NUXEO = "nuxeo.data.dir"
"""The server's key beside which ``nuxeo.wopi.dataDir`` lies by default."""

DATA_DIR_ELSEWHERE = "/var/lib/nuxeo-wopi"
"""``nuxeo.wopi.dataDir`` where the file does not have the server's key."""

_WEB_ADDRESS = "an address with http:// or https://, without user name, query or fragment"

_DISCOVERY_ADDRESS = "an address with http:// or https://, without user name or fragment"
_KIND = "microsoft, oos (Office Online Server), collabora, onlyoffice or other"
_PROOF = "required, ifPublished or off"
_PROOF_DEFAULT = "`required` for microsoft and oos, `ifPublished` for the others"

KEYS: tuple[SettingsKey, ...] = (
    SettingsKey(
        key="nuxeo.url",
        attribute="nuxeo_url",
        parse=values.base_url,
        default="http://localhost:8080/nuxeo",
        expected=_WEB_ADDRESS,
        purpose="Nuxeo as browsers see it; the server's own key.",
    ),
    SettingsKey(
        key="nuxeo.jwt.secret",
        attribute="jwt_secret",
        parse=values.secret,
        required=True,
        secret=True,
        warn=values.secret_warnings,
        expected="the server's own secret, at best 64 or more letters and digits",
        purpose="What the server and the connector sign tokens with; the server's own key. "
        "All nodes share it.",
    ),
    SettingsKey(
        key="nuxeo.wopi.clients",
        attribute="client_names",
        parse=values.client_names,
        default="office",
        expected="names with commas between them, each a lower-case letter followed by at most 15 "
        "lower-case letters and digits",
        purpose="The office clients, the preferred one first. Each has keys "
        "`nuxeo.wopi.client.<name>...`.",
    ),
    SettingsKey(
        key="nuxeo.wopi.discoveryURL",
        attribute="discovery_url",
        parse=values.resource_url,
        required=True,
        example="https://collabora.example.org/hosting/discovery",
        expected=_DISCOVERY_ADDRESS,
        purpose="Where the office client publishes its discovery.xml; as with the Java addon. It "
        "is about the client `office`, the only one unless `nuxeo.wopi.clients` names others.",
    ),
    SettingsKey(
        key="nuxeo.wopi.kind",
        attribute="kind",
        parse=values.one_of(*values.CLIENT_KINDS),
        default_note="told by its discovery",
        expected=_KIND,
        purpose="What kind of office client `office` is.",
    ),
    SettingsKey(
        key="nuxeo.wopi.proof",
        attribute="proof",
        parse=values.one_of(*values.PROOF_MODES),
        default_note=_PROOF_DEFAULT,
        expected=_PROOF,
        purpose="Whether calls of the office client `office` must be signed.",
    ),
    SettingsKey(
        key="nuxeo.wopi.routes",
        attribute="routes",
        parse=values.routes,
        default="",
        expected="extensions with commas between them, `=` and a client's name; routes with `;` "
        "between them, such as `odt,ods,odp=collabora; docx=office`",
        purpose="Which office client opens files of a kind, where several can. Otherwise it is the "
        "first that can do what is asked.",
    ),
    SettingsKey(
        key="nuxeo.wopi.baseURL",
        attribute="base_url",
        parse=values.base_url,
        default_from="nuxeo.url",
        expected=_WEB_ADDRESS,
        purpose="The connector as the office server sees it; as with the Java addon. Files are at "
        "`<baseURL>site/wopi/files/<file id>`. A missing slash at the end is added.",
    ),
    SettingsKey(
        key="nuxeo.wopi.hostURL",
        attribute="host_url",
        parse=values.base_url,
        default_from="nuxeo.url",
        expected=_WEB_ADDRESS,
        purpose="The connector as browsers see it. Host pages are at "
        "`<hostURL>wopi/<action>/<repository>/<document>/<xpath>`.",
    ),
    SettingsKey(
        key="nuxeo.wopi.nuxeoURL",
        attribute="rest_url",
        parse=values.base_url,
        default_from="nuxeo.url",
        expected=_WEB_ADDRESS,
        purpose="Nuxeo as the connector reaches it, such as an address inside the network.",
    ),
    SettingsKey(
        key="nuxeo.wopi.listen",
        attribute="listen",
        parse=values.listen,
        default="127.0.0.1:8081",
        expected="host:port, an IPv6 address in brackets",
        purpose="Where the connector listens for the reverse proxy.",
    ),
    SettingsKey(
        key="nuxeo.wopi.workers",
        attribute="workers",
        parse=values.whole_number(1, 64),
        default="2",
        expected="a whole number from 1 to 64",
        purpose="Processes that answer requests.",
    ),
    SettingsKey(
        key="nuxeo.wopi.threads",
        attribute="threads",
        parse=values.whole_number(1, 256),
        default="8",
        expected="a whole number from 1 to 256",
        purpose="Threads of each of these processes: requests it answers at the same time.",
    ),
    SettingsKey(
        key="nuxeo.wopi.dataDir",
        attribute="data_dir",
        parse=values.directory,
        is_path=True,
        default_note=f"`wopi` in the file's `{DATA_DIR_OF_NUXEO}`, else `{DATA_DIR_ELSEWHERE}`",
        example=DATA_DIR_ELSEWHERE,
        expected="a folder that the connector may write, or may make",
        purpose="Locks and saves under way. All processes of one machine share it.",
    ),
    SettingsKey(
        key="nuxeo.wopi.redisURL",
        attribute="redis_url",
        parse=config_redis.redis_url,
        default="",
        secret=True,
        expected="redis://[user:password@]host[:port][/database], or rediss:// for TLS",
        purpose="The Redis in which several machines keep their locks; see several-nodes.md. "
        "Without it they are in `nuxeo.wopi.dataDir`, for one machine.",
    ),
    SettingsKey(
        key="nuxeo.wopi.redisPrefix",
        attribute="redis_prefix",
        parse=config_redis.redis_prefix,
        default="nuxeo-wopi:",
        expected="at most 64 letters, digits and . _ : - (A-Z a-z 0-9)",
        purpose="How the connector's keys in Redis begin. Two installations that share one Redis "
        "need different ones.",
    ),
    SettingsKey(
        key="nuxeo.wopi.instance",
        attribute="instance",
        parse=values.instance,
        default="",
        expected="at most 16 letters and digits (A-Z a-z 0-9)",
        purpose="Put before file ids. Give a staging copy of a server another one than production, "
        "so that an office server used by both never takes one's file for the other's.",
    ),
    SettingsKey(
        key="nuxeo.wopi.accessTokenTTL",
        attribute="access_token_ttl",
        parse=values.whole_number(60, 86400),
        default="36000",
        expected="a whole number of seconds from 60 to 86400",
        purpose="How long an access token of an office client lives; host-page.md says what "
        "happens before its end.",
    ),
    SettingsKey(
        key="nuxeo.wopi.connectTimeout",
        attribute="connect_timeout",
        parse=values.seconds(0.1, 120),
        default="5",
        expected="a number of seconds from 0.1 to 120",
        purpose="How long to wait for a connection to Nuxeo or to the discovery.",
    ),
    SettingsKey(
        key="nuxeo.wopi.readTimeout",
        attribute="read_timeout",
        parse=values.seconds(1, 3600),
        default="60",
        expected="a number of seconds from 1 to 3600",
        purpose="How long Nuxeo or the discovery may be silent in the middle of an answer, and an "
        "office client in the middle of a file that it saves.",
    ),
    SettingsKey(
        key="nuxeo.wopi.saveTimeout",
        attribute="save_timeout",
        parse=values.seconds(1, 3600),
        default="100",
        expected="a number of seconds from 1 to 3600",
        purpose="How long after its content was received a save that failed may be tried once "
        "more; what is under way then comes to its end.",
    ),
    SettingsKey(
        key="nuxeo.wopi.outsideChange",
        attribute="outside_change",
        parse=values.one_of("keepVersion", "refuse"),
        default="keepVersion",
        expected="keepVersion or refuse",
        purpose="What becomes of a save when somebody has changed the file past its editing "
        "session: their state is kept as a version and the save goes on, or the save is refused "
        "and kept by the connector. Collabora asks its user first.",
    ),
    SettingsKey(
        key="nuxeo.wopi.staleLockAfter",
        attribute="stale_lock_after",
        parse=values.whole_number(0, 29),
        default="0",
        expected="a whole number of minutes from 0 to 29; 0 for never",
        purpose="After how long without a refresh of its lock and without a save of an editing "
        "session somebody else may take over; otherwise a lock ends after 30 minutes. "
        "co-authoring.md says what is safe.",
    ),
    SettingsKey(
        key="nuxeo.wopi.versioning",
        attribute="versioning",
        parse=version_policy.parse,
        default="session",
        expected="none, session, save or every <minutes>, and minor or major after it; "
        "minor unless said",
        purpose="When a version of an edited document is made: never, when editing ends, after "
        "each save, or while it goes on, at most every so many minutes, and when it ends. "
        "versions.md has more.",
    ),
    SettingsKey(
        key="nuxeo.wopi.versioningByType",
        attribute="versioning_by_type",
        parse=values.policies_by_type,
        # One key, because the environment's names do not tell upper from lower case in a type's.
        default="",
        expected="types of documents, each with `=` and a rule as in `nuxeo.wopi.versioning`, with "
        "`;` between them, such as `Contract=save major; Note=none`",
        purpose="The same for documents of a type.",
    ),
    SettingsKey(
        key="nuxeo.wopi.discoveryRefresh",
        attribute="discovery_refresh",
        parse=values.whole_number(60, 604800),
        default="43200",
        expected="a whole number of seconds from 60 to 604800",
        purpose="How often the discovery is read again.",
    ),
    SettingsKey(
        key="nuxeo.wopi.maxFileSize",
        attribute="max_file_size",
        parse=values.size,
        default="0",
        expected="a whole number of bytes, or one with k, m or g (powers of 1024); 0 for no limit",
        purpose="The largest file that can be saved.",
    ),
    SettingsKey(
        key="nuxeo.wopi.recovery.dir",
        attribute="recovery_dir",
        parse=values.directory_or_off,
        is_path=True,
        no_paths=(values.OFF,),
        default_note="`recovery` in `nuxeo.wopi.dataDir`",
        example="/var/lib/nuxeo-wopi/recovery",
        expected="a folder that the connector may write, or may make; or off",
        purpose="Where saves that failed are kept, see recovery.md. `off` keeps none.",
    ),
    SettingsKey(
        key="nuxeo.wopi.recovery.maxAge",
        attribute="recovery_max_age",
        parse=values.whole_number(1, 3650),
        default="30",
        expected="a whole number of days from 1 to 3650",
        purpose="How long a save that failed is kept.",
    ),
    SettingsKey(
        key="nuxeo.wopi.recovery.maxSize",
        attribute="recovery_max_size",
        parse=values.size,
        default="2g",
        expected="a whole number of bytes, or one with k, m or g (powers of 1024); 0 for no limit",
        purpose="How much of such saves is kept. When it is used up nothing more is kept, with an "
        "error in the log, until something is restored, dropped or too old.",
    ),
    SettingsKey(
        key="nuxeo.wopi.caBundle",
        attribute="ca_bundle",
        parse=values.ca_bundle,
        is_path=True,
        default_note="the certificates that the `certifi` package brings",
        example="/etc/ssl/certs/ca-certificates.crt",
        expected="a file with certificates in PEM form",
        purpose="Whom to trust when Nuxeo, a discovery or the webhook is reached by https://.",
    ),
    SettingsKey(
        key="nuxeo.wopi.sessionCookies",
        attribute="session_cookies",
        parse=values.cookie_names,
        default="JSESSIONID",
        expected="names of cookies, with commas between them",
        purpose="The browser's cookies that tell Nuxeo who the user is; no other is shown to it. "
        "Add the load balancer's where sessions stick to a node.",
    ),
    SettingsKey(
        key="nuxeo.wopi.signIn",
        attribute="sign_in",
        parse=values.one_of(*values.SIGN_INS),
        default="session",
        expected="session or oauth2",
        purpose="How browsers sign in: by Nuxeo's session cookie, which reaches the connector only "
        "below Nuxeo's own address, or by OAuth2 at Nuxeo, for a connector on a domain of its own; "
        "see sign-in.md.",
    ),
    SettingsKey(
        key="nuxeo.wopi.oauth2.clientId",
        attribute="oauth2_client_id",
        parse=values.oauth2_client_id,
        default="nuxeo-wopi-connector",
        expected="at most 100 letters, digits and . _ ~ - (A-Z a-z 0-9)",
        purpose="The id of the connector's entry among Nuxeo's OAuth2 clients. "
        "`nuxeo-wopi oauth2 register` makes the entry.",
    ),
    SettingsKey(
        key="nuxeo.wopi.oauth2.clientSecret",
        attribute="oauth2_client_secret",
        parse=values.secret,
        default="",
        secret=True,
        expected="a secret, at best 32 or more letters and digits",
        purpose="The secret of that entry. None unless set: PKCE is used in any case.",
    ),
    SettingsKey(
        key="nuxeo.wopi.oauth2.signInFor",
        attribute="sign_in_for",
        parse=values.whole_number(60, 86400),
        default="300",
        expected="a whole number of seconds from 60 to 86400",
        purpose="For how long after its sign-in by OAuth2 a browser is taken for that user. Then "
        "Nuxeo is asked again, without a click where the user is still signed in there. The "
        "connector cannot see that they signed out there, or that somebody else signed in.",
    ),
    SettingsKey(
        key="nuxeo.wopi.language",
        attribute="language",
        parse=values.language,
        default="en-US",
        expected="a language tag such as en-US or fr-FR",
        purpose="The language of editors when the browser tells none.",
    ),
    SettingsKey(
        key="nuxeo.wopi.businessUser",
        attribute="business_user",
        parse=values.truth,
        default="true",
        expected="true or false",
        purpose="Users have Microsoft 365 business licences, which Office for the web checks.",
    ),
    SettingsKey(
        key="nuxeo.wopi.restrict",
        attribute="restrictions",
        parse=values.restrictions,
        default="",
        expected="some of print, copy, download, export, with commas between them",
        purpose="What users cannot do in an editor with the files that they may open; what each "
        "client makes of it is in check-file-info.md.",
    ),
    SettingsKey(
        key="nuxeo.wopi.disableChat",
        attribute="disable_chat",
        parse=values.truth,
        default="false",
        expected="true or false",
        purpose="Ask editors not to offer a chat.",
    ),
    SettingsKey(
        key="nuxeo.wopi.frameAncestors",
        attribute="frame_ancestors",
        parse=values.origins,
        default="",
        expected="addresses of scheme, host and port with commas between them, `*.` for any host "
        "below, such as `https://intranet.example.org, https://*.example.com`",
        purpose="Whose pages, beside Nuxeo's, may show files in a frame "
        "(`<hostURL>wopi/embedview/...`).",
    ),
    SettingsKey(
        key="nuxeo.wopi.fileUrl",
        attribute="file_url",
        parse=values.truth,
        default="false",
        expected="true or false",
        purpose="Office clients may read files from short-lived addresses that need no signature.",
    ),
    SettingsKey(
        key="nuxeo.wopi.putRelativeFile",
        attribute="put_relative",
        parse=values.truth,
        default="true",
        expected="true or false",
        purpose='Office clients may make files: "Save as", and conversions of old formats.',
    ),
    SettingsKey(
        key="nuxeo.wopi.containers",
        attribute="containers",
        parse=values.truth,
        default="true",
        expected="true or false",
        purpose="Office clients may walk through folders, as those for mobile do, and make, rename "
        "and delete folders as far as the user may.",
    ),
    SettingsKey(
        key="nuxeo.wopi.rootContainer",
        attribute="root_container",
        parse=values.document_path,
        default="/",
        expected="the path of a folder, starting with a slash",
        purpose="Where office clients begin to walk through folders. For users who may not read it "
        "that is the topmost folder that they may.",
    ),
    SettingsKey(
        key="nuxeo.wopi.rename",
        attribute="rename",
        parse=values.one_of("fileName", "title", "both"),
        default="both",
        expected="fileName, title or both",
        purpose="What is changed in Nuxeo when a user renames a file in an editor: the name of the "
        "document's main file, the document's title, or both. An attachment has a file name only.",
    ),
    SettingsKey(
        key="nuxeo.wopi.bootstrapper",
        attribute="bootstrapper",
        parse=values.truth,
        default="false",
        expected="true or false",
        purpose="Office for mobile may sign in, at `<baseURL>wopibootstrapper`, with any bearer "
        "token that Nuxeo accepts. The access tokens that it gets are taken without a proof: "
        "nothing else protects the files then; see mobile.md.",
    ),
    SettingsKey(
        key="nuxeo.wopi.providerId",
        attribute="provider_id",
        parse=values.provider_id,
        default="",
        expected="at most 64 letters, digits and underscores (A-Z a-z 0-9 _)",
        purpose="The id under which Microsoft knows this host; told to Office for mobile when it "
        "signs in at `<baseURL>wopibootstrapper`.",
    ),
    SettingsKey(
        key="nuxeo.wopi.events.log",
        attribute="events_log",
        parse=values.truth,
        default="false",
        expected="true or false",
        purpose="A line of JSON in the log for each session that begins or ends, save, version, "
        "conflict, and failed save that is kept; events.md has more.",
    ),
    SettingsKey(
        key="nuxeo.wopi.events.audit",
        attribute="events_audit",
        parse=values.truth,
        default="false",
        expected="true or false",
        purpose="The same as entries in Nuxeo's audit log, in the name of the user.",
    ),
    SettingsKey(
        key="nuxeo.wopi.webhook.url",
        attribute="webhook_url",
        parse=values.resource_url,
        default="",
        # Whoever knows the address can often write to it.
        secret=True,
        expected=_DISCOVERY_ADDRESS,
        purpose="Where the same is sent to as JSON.",
    ),
    SettingsKey(
        key="nuxeo.wopi.webhook.secret",
        attribute="webhook_secret",
        parse=values.secret,
        default="",
        secret=True,
        expected="a secret that the receiver knows, at best 64 or more letters and digits",
        purpose="What is sent to the webhook is signed with it.",
    ),
    SettingsKey(
        key="nuxeo.wopi.webhook.events",
        attribute="webhook_events",
        parse=values.event_kinds,
        default="",
        expected="some of sessionOpened, saved, sessionClosed, versionCreated, conflict, "
        "recovered, with commas between them",
        purpose="What the webhook is told of; all of them unless set.",
    ),
    SettingsKey(
        key="nuxeo.wopi.brandName",
        attribute="brand_name",
        parse=values.plain_text,
        default="Nuxeo",
        expected="a line of at most 100 characters",
        purpose="The name that editors show as the way back.",
    ),
    SettingsKey(
        key="nuxeo.wopi.logLevel",
        attribute="log_level",
        parse=values.log_level,
        default="INFO",
        expected="DEBUG, INFO, WARNING, ERROR or CRITICAL",
        purpose="How much is logged.",
    ),
)

CLIENT_KEYS: tuple[SettingsKey, ...] = (
    SettingsKey(
        key="nuxeo.wopi.client.<name>.discoveryURL",
        attribute="discovery_url",
        parse=values.resource_url,
        required=True,
        example="https://collabora.example.org/hosting/discovery",
        expected=_DISCOVERY_ADDRESS,
        purpose="Where this office client publishes its discovery.xml. For the client `office`, "
        "`nuxeo.wopi.discoveryURL` will do.",
    ),
    SettingsKey(
        key="nuxeo.wopi.client.<name>.kind",
        attribute="kind",
        parse=values.one_of(*values.CLIENT_KINDS),
        default_note="told by its discovery",
        example="collabora",
        expected=_KIND,
        purpose="What kind of office client it is.",
    ),
    SettingsKey(
        key="nuxeo.wopi.client.<name>.proof",
        attribute="proof",
        parse=values.one_of(*values.PROOF_MODES),
        default_note=_PROOF_DEFAULT,
        example="ifPublished",
        expected=_PROOF,
        purpose="Whether its calls must be signed.",
    ),
    SettingsKey(
        key="nuxeo.wopi.client.<name>.label",
        attribute="label",
        parse=values.plain_text,
        default_note="its name, with a capital",
        example="Collabora Online",
        expected="a line of at most 100 characters",
        purpose="What users know it by, where they can choose.",
    ),
)
"""The keys that there are once for each client; ``<name>`` stands for the client's."""

BY_NAME = {key.key: key for key in KEYS}
BY_ENVIRONMENT_NAME = {key.environment_name: key for key in KEYS}
