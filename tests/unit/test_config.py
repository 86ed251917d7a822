"""What an administrator writes, and what the connector makes of it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import ClassVar

import certifi
import pytest

from connector import config_values
from connector.check_file_info_properties import ONLY, PER_FILE, SAVING, TYPES
from connector.config import KEYS, ClientSettings, ConfigurationError, Settings, load
from connector.config_keys import BY_NAME
from connector.events.events import EventKind
from connector.version_policy import VersionPolicy, When
from connector.wopi.clients import BY_KIND, ProofMode, Restriction
from tests import settings_reference

SECRET = "s3cret." * 10
DISCOVERY = "https://office.example.org/hosting/discovery"


@pytest.fixture
def needed(tmp_path: Path) -> dict[str, str]:
    return {
        "nuxeo.jwt.secret": SECRET,
        "nuxeo.wopi.discoveryURL": DISCOVERY,
        "nuxeo.wopi.dataDir": str(tmp_path / "data"),
    }


def problems(
    conf: Path | None = None,
    overrides: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(conf, overrides=overrides or {}, environ=environ or {})
    assert str(caught.value).splitlines() == caught.value.problems
    return caught.value.problems


def written(folder: Path, text: str) -> Path:
    path = folder / "nuxeo.conf"
    path.write_text(text, encoding="utf-8")
    return path


class TestDefaults:
    def test_all_of_them(self, needed: dict[str, str], tmp_path: Path) -> None:
        assert load(None, overrides=needed, environ={}) == Settings(
            nuxeo_url="http://localhost:8080/nuxeo/",
            jwt_secret=SECRET,
            client_names=("office",),
            discovery_url=DISCOVERY,
            kind=None,
            proof=None,
            routes={},
            base_url="http://localhost:8080/nuxeo/",
            host_url="http://localhost:8080/nuxeo/",
            rest_url="http://localhost:8080/nuxeo/",
            listen="127.0.0.1:8081",
            workers=2,
            threads=8,
            data_dir=tmp_path / "data",
            redis_url=None,
            redis_prefix="nuxeo-wopi:",
            instance="",
            access_token_ttl=36000,
            connect_timeout=5.0,
            read_timeout=60.0,
            save_timeout=100.0,
            events_log=False,
            events_audit=False,
            webhook_url=None,
            webhook_secret=None,
            webhook_events=(),
            outside_change="keepVersion",
            stale_lock_after=0,
            versioning=VersionPolicy(When.SESSION),
            versioning_by_type={},
            discovery_refresh=43200,
            max_file_size=0,
            recovery_dir=tmp_path / "data" / "recovery",
            recovery_max_age=30,
            recovery_max_size=2 * 1024**3,
            ca_bundle=None,
            session_cookies=("JSESSIONID",),
            sign_in="session",
            oauth2_client_id="nuxeo-wopi-connector",
            oauth2_client_secret=None,
            sign_in_for=300,
            language="en-US",
            business_user=True,
            restrictions=(),
            disable_chat=False,
            frame_ancestors=(),
            file_url=False,
            put_relative=True,
            containers=True,
            root_container="/",
            rename="both",
            bootstrapper=False,
            provider_id="",
            brand_name="Nuxeo",
            log_level="INFO",
            clients=(ClientSettings("office", DISCOVERY, label="Office"),),
            check_file_info={},
            warnings=(),
        )

    def test_saves_are_kept_elsewhere_or_not_at_all(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        for text, expected in (("kept", tmp_path / "kept"), ("off", None), ("OFF", None)):
            conf = written(tmp_path, f"nuxeo.wopi.recovery.dir={text}\n")
            assert load(conf, overrides=needed, environ={}).recovery_dir == expected

    def test_data_beside_the_servers(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, f"root={tmp_path}\nnuxeo.data.dir=${{root}}/server\n")
        del needed["nuxeo.wopi.dataDir"]
        assert load(conf, overrides=needed, environ={}).data_dir == tmp_path / "server" / "wopi"

    def test_data_where_the_server_alone_knows(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, "\nnuxeo.data.dir=data\n")
        del needed["nuxeo.wopi.dataDir"]
        assert problems(conf, needed) == [
            f"{conf}:2: nuxeo.data.dir: a relative path, from a folder that only the server knows; "
            "set nuxeo.wopi.dataDir"
        ]

    def test_the_addresses_follow_nuxeo_url(self, needed: dict[str, str]) -> None:
        settings = load(None, overrides=needed, environ={"NUXEO_URL": "https://dms.example.org"})
        assert {settings.base_url, settings.host_url, settings.rest_url} == {
            "https://dms.example.org/"
        }

    def test_every_attribute_has_a_key(self) -> None:
        attributes = [field.name for field in dataclasses.fields(Settings)]
        assert [key.attribute for key in KEYS] == attributes[: len(KEYS)]
        assert attributes[len(KEYS) :] == ["clients", "check_file_info", "warnings"]


class TestPrecedence:
    KEY = "nuxeo.wopi.workers"

    def test_each_place_beats_the_next(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, f"{self.KEY}=3\n")
        environ = {"NUXEO_WOPI_WORKERS": "4"}
        assert load(None, overrides=needed, environ={}).workers == 2
        assert load(conf, overrides=needed, environ={}).workers == 3
        assert load(conf, overrides=needed, environ=environ).workers == 4
        assert load(conf, overrides=needed | {self.KEY: "5"}, environ=environ).workers == 5

    def test_a_blank_variable_is_not_set(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, f"{self.KEY}=3\n")
        assert load(conf, overrides=needed, environ={"NUXEO_WOPI_WORKERS": " "}).workers == 3

    def test_an_empty_text_is_the_default(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, f"{self.KEY}=3\nnuxeo.wopi.threads=\n")
        settings = load(conf, overrides=needed | {self.KEY: ""}, environ={})
        assert (settings.workers, settings.threads) == (2, 8)

    def test_a_wrong_value_that_is_overruled_does_no_harm(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, f"{self.KEY}=${{gone}}\n")
        assert load(conf, overrides=needed | {self.KEY: "5"}, environ={}).workers == 5


class TestTheServersOwnFile:
    def test_it_can_be_given_as_it_is(self, tmp_path: Path) -> None:
        conf = written(
            tmp_path,
            "# Nuxeo server\n"
            "JAVA_OPTS=-Xms512m\n"
            "JAVA_OPTS=$JAVA_OPTS -Xmx2g\n"
            "nuxeo.log.dir=${nuxeo.home}/log\n"
            f"nuxeo.data.dir={tmp_path}/data\n"
            "nuxeo.db.password={$$c2VjcmV0}\n"
            "nuxeo.templates=default,${env:NUXEO_TEMPLATES:postgresql}\n"
            "nuxeo.url=${env:PUBLIC_URL:http\\://localhost}/nuxeo\n"
            "nuxeo.jwt.secret=${env:SHARED_SECRET}\n"
            f"nuxeo.wopi.discoveryURL={DISCOVERY}\n"
            "nuxeo.wopi.baseURL=${nuxeo.url}\n",
        )
        environ = {"PUBLIC_URL": "https://dms.example.org", "SHARED_SECRET": SECRET}
        settings = load(conf, environ=environ)
        assert settings.base_url == "https://dms.example.org/nuxeo/"
        assert settings.jwt_secret == SECRET
        assert settings.data_dir == tmp_path / "data" / "wopi"

    def test_what_only_the_server_knows_is_reported_for_our_keys(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, "a=1\nnuxeo.wopi.caBundle=${nuxeo.home}/ca.pem\n")
        assert problems(conf, needed) == [
            f"{conf}:2: nuxeo.wopi.caBundle: refers to ${{nuxeo.home}}, which is not in this file"
        ]

    def test_relative_paths_start_at_the_file(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, "nuxeo.wopi.dataDir=locks\n")
        del needed["nuxeo.wopi.dataDir"]
        assert load(conf, overrides=needed, environ={}).data_dir == tmp_path / "locks"


class TestProblems:
    def test_all_at_once_each_on_one_line(self, tmp_path: Path) -> None:
        conf = written(
            tmp_path,
            "nuxeo.wopi.baseUrl=https://a/\n"
            "nuxeo.wopi.hostURL=ftp://a/\n"
            "nuxeo.wopi.workers=many\n"
            "nuxeo.wopi.threads=0\n"
            "nuxeo.wopi.language=not\\na language\n",
        )
        found = problems(
            conf,
            {"nuxeo.wopi.dataDir": str(tmp_path), "nuxeo.wopi.lisen": "x"},
            {"NUXEO_WOPI_LISTEN": ":80", "NUXEO_WOPI_WORKER": "1"},
        )
        assert found == [
            "--set: nuxeo.wopi.lisen: no such key; did you mean nuxeo.wopi.listen?",
            "environment: NUXEO_WOPI_WORKER: no such key; did you mean NUXEO_WOPI_WORKERS?",
            f"{conf}:1: nuxeo.wopi.baseUrl: no such key; did you mean nuxeo.wopi.baseURL?",
            "nuxeo.jwt.secret: not set; expected the server's own secret, at best 64 or more "
            f"letters and digits; set it in {conf} or the environment variable NUXEO_JWT_SECRET",
            "nuxeo.wopi.discoveryURL: not set; expected an address with http:// or https://, "
            f"without user name or fragment; set it in {conf} or the environment variable "
            "NUXEO_WOPI_DISCOVERYURL",
            f'{conf}:2: nuxeo.wopi.hostURL: "ftp://a/" does not start with http:// or https://; '
            "expected an address with http:// or https://, without user name, query or fragment",
            'environment variable NUXEO_WOPI_LISTEN: nuxeo.wopi.listen: ":80" names no host before '
            "the port; expected host:port, an IPv6 address in brackets",
            f'{conf}:3: nuxeo.wopi.workers: "many" is not a whole number; '
            "expected a whole number from 1 to 64",
            f'{conf}:4: nuxeo.wopi.threads: "0" is out of range; '
            "expected a whole number from 1 to 256",
            f'{conf}:5: nuxeo.wopi.language: "not\\na language" is not a language tag; '
            "expected a language tag such as en-US or fr-FR",
        ]

    def test_nothing_given(self) -> None:
        found = problems(overrides={"nuxeo.wopi.dataDir": "/tmp"})
        assert [line.split(":")[0] for line in found] == [
            "nuxeo.jwt.secret",
            "nuxeo.wopi.discoveryURL",
        ]
        assert "a file given with --conf" in found[0]

    def test_an_unreadable_file_is_not_followed_by_what_it_may_hold(self, tmp_path: Path) -> None:
        assert problems(tmp_path / "gone.conf", {"nuxeo.wopi.workers": "x"}) == [
            f"{tmp_path}/gone.conf: cannot be read: No such file or directory",
            '--set: nuxeo.wopi.workers: "x" is not a whole number; '
            "expected a whole number from 1 to 64",
        ]

    def test_a_mistyped_secret_key_is_pointed_at(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, f"nuxeo.jwt.secert={SECRET}\n")
        del needed["nuxeo.jwt.secret"]
        [problem] = problems(conf, needed)
        assert problem.endswith("; nuxeo.jwt.secert is there, is that it?")
        assert SECRET not in problem

    def test_a_byte_order_mark(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, "\ufeffnuxeo.url=https://a/\n")
        [problem] = problems(conf, needed)
        assert problem.startswith(f"{conf}:1: nuxeo.url: stands behind a byte order mark")

    def test_what_kubernetes_sets_is_left_alone(self, needed: dict[str, str]) -> None:
        environ = {
            "NUXEO_WOPI_SERVICE_HOST": "10.0.0.1",
            "NUXEO_WOPI_SERVICE_PORT_HTTP": "8081",
            "NUXEO_WOPI_PORT": "tcp://10.0.0.1:8081",
            "NUXEO_WOPI_PORT_8081_TCP_ADDR": "10.0.0.1",
            "NUXEO_WOPI_CONNECTOR_SERVICE_HOST": "10.0.0.2",
            "NUXEO_HOME": "/opt/nuxeo",
        }
        load(None, overrides=needed, environ=environ)

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("nuxeo.wopi.foo", None),
            ("nuxeo.wopi.worker", "nuxeo.wopi.workers"),
            ("nuxeo.wopi.readtimeot", "nuxeo.wopi.readTimeout"),
            ("nuxeo.wopi.port", None),
        ],
    )
    def test_only_what_is_alike_in_its_own_part_is_hinted_at(
        self, needed: dict[str, str], tmp_path: Path, name: str, hint: str | None
    ) -> None:
        conf = written(tmp_path, f"{name}=1\n")
        ending = f"no such key; did you mean {hint}?" if hint else "no such key"
        assert problems(conf, needed) == [f"{conf}:1: {name}: {ending}"]

    def test_a_variable_that_is_like_no_key(self, needed: dict[str, str]) -> None:
        assert problems(None, needed, {"NUXEO_WOPI_FOO": "1"}) == [
            "environment: NUXEO_WOPI_FOO: no such key"
        ]

    def test_a_long_value_is_cut(self, needed: dict[str, str]) -> None:
        [problem] = problems(overrides=needed | {"nuxeo.wopi.workers": "9" * 5000})
        assert len(problem) < 300


class TestSecret:
    @pytest.mark.parametrize("source", ["overrides", "environment", "file"])
    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            ("{$$c2VjcmV0c2VjcmV0}", "encrypted"),
            ("{$AES$c2VjcmV0c2VjcmV0}", "encrypted"),
            ("hidden<me", "holds a <"),
            ("hidden&me", "holds an &"),
            ("hidden]]>me", "holds a ]]>"),
            ("hidden\\me", "holds a backslash"),
            ("hidden$$me", "holds a $$"),
            ("hidden${me}", "holds a ${"),
            ("hidden\tme", "control character"),
            ("THE-SECRET", "is what the installation guide has in its place"),
            ("hidden\ud800me", "half of a surrogate pair"),
        ],
    )
    def test_what_the_server_would_not_take(
        self, needed: dict[str, str], tmp_path: Path, source: str, bad: str, why: str
    ) -> None:
        del needed["nuxeo.jwt.secret"]
        conf, environ = None, {}
        if source == "overrides":
            needed["nuxeo.jwt.secret"] = bad
        elif source == "environment":
            environ["NUXEO_JWT_SECRET"] = bad
        else:
            in_file = bad.replace("\\", "\\\\").replace("\t", "\\t").replace("${", "$${")
            in_file = in_file.replace("\ud800", "\\ud800")
            conf = written(tmp_path, f"nuxeo.jwt.secret={in_file}\n")
        [problem] = problems(conf, needed, environ)
        assert why in problem
        assert ": nuxeo.jwt.secret: the value " in problem
        assert not re.search(r"hidden|c2Vj|ud800", problem)

    def test_it_is_in_no_representation(self, needed: dict[str, str]) -> None:
        settings = load(None, overrides=needed, environ={})
        assert SECRET not in repr(settings) + str(settings)

    def test_a_short_one_is_warned_about(self, needed: dict[str, str]) -> None:
        needed["nuxeo.jwt.secret"] = "short-é"
        warnings = load(None, overrides=needed, environ={}).warnings
        assert warnings[0].startswith("--set: nuxeo.jwt.secret: is 8 bytes long; HS512 wants")
        assert "outside ASCII" in warnings[1]
        assert "short-é" not in "".join(warnings)

    def test_64_bytes_are_enough(self, needed: dict[str, str]) -> None:
        needed["nuxeo.jwt.secret"] = "x" * 64
        assert load(None, overrides=needed, environ={}).warnings == ()

    def test_it_does_not_show_in_a_value_made_from_it(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(
            tmp_path, f"nuxeo.jwt.secret={SECRET}\nnuxeo.wopi.workers=${{nuxeo.jwt.secret}}\n"
        )
        [problem] = problems(conf, needed)
        assert '"${nuxeo.jwt.secret}" is not a whole number' in problem


def one(needed: dict[str, str], key: str, text: str) -> object:
    settings = load(None, overrides=needed | {key: text}, environ={})
    return getattr(settings, BY_NAME[key].attribute)


class TestValues:
    @pytest.mark.parametrize(
        ("key", "text", "value"),
        [
            ("nuxeo.url", "https://h.example/nuxeo", "https://h.example/nuxeo/"),
            ("nuxeo.url", "HTTPS://H.Example:443/Nuxeo/", "https://h.example/Nuxeo/"),
            ("nuxeo.url", "http://h:80", "http://h/"),
            ("nuxeo.url", "https://h:8443/a%20b/", "https://h:8443/a%20b/"),
            ("nuxeo.url", "http://[::1]:8080/nuxeo", "http://[::1]:8080/nuxeo/"),
            ("nuxeo.wopi.discoveryURL", "http://h/discovery", "http://h/discovery"),
            ("nuxeo.wopi.discoveryURL", "http://h/d?tenant=1", "http://h/d?tenant=1"),
            ("nuxeo.wopi.containers", "false", False),
            ("nuxeo.wopi.bootstrapper", "true", True),
            ("nuxeo.wopi.rootContainer", "/", "/"),
            ("nuxeo.wopi.rootContainer", "/a b/ü/", "/a b/ü"),
            ("nuxeo.wopi.listen", "0.0.0.0:80", "0.0.0.0:80"),
            ("nuxeo.wopi.listen", "localhost:1", "localhost:1"),
            ("nuxeo.wopi.listen", "[::1]:65535", "[::1]:65535"),
            ("nuxeo.wopi.workers", "64", 64),
            ("nuxeo.wopi.threads", "256", 256),
            ("nuxeo.wopi.instance", "Staging1", "Staging1"),
            ("nuxeo.wopi.accessTokenTTL", "60", 60),
            ("nuxeo.wopi.connectTimeout", "0.5", 0.5),
            ("nuxeo.wopi.readTimeout", "3600", 3600.0),
            ("nuxeo.wopi.discoveryRefresh", "604800", 604800),
            ("nuxeo.wopi.maxFileSize", "123", 123),
            ("nuxeo.wopi.maxFileSize", "10k", 10240),
            ("nuxeo.wopi.maxFileSize", "3M", 3 * 2**20),
            ("nuxeo.wopi.maxFileSize", "5g", 5 * 2**30),
            ("nuxeo.wopi.caBundle", certifi.where(), Path(certifi.where())),
            ("nuxeo.wopi.sessionCookies", "JSESSIONID, ROUTE,ROUTE", ("JSESSIONID", "ROUTE")),
            ("nuxeo.wopi.language", "fr", "fr-FR"),
            ("nuxeo.wopi.language", "pt_BR", "pt-BR"),
            ("nuxeo.wopi.businessUser", "False", False),
            ("nuxeo.wopi.businessUser", "true", True),
            ("nuxeo.wopi.brandName", "Müller & Söhne", "Müller & Söhne"),
            ("nuxeo.wopi.logLevel", "warn", "WARNING"),
            ("nuxeo.wopi.kind", "ONLYOFFICE", "onlyoffice"),
            ("nuxeo.wopi.proof", "ifpublished", "ifPublished"),
            (
                "nuxeo.wopi.routes",
                " odt, .ODS=office ;docx=office; ",
                {"odt": "office", "ods": "office", "docx": "office"},
            ),
            ("nuxeo.wopi.restrict", "Print, copy,print", ("print", "copy")),
            ("nuxeo.wopi.disableChat", "true", True),
            (
                "nuxeo.wopi.frameAncestors",
                "https://Intranet.example.org:443/, https://*.example.com http://h:81",
                ("https://intranet.example.org", "https://*.example.com", "http://h:81"),
            ),
        ],
    )
    def test_right_ones(self, needed: dict[str, str], key: str, text: str, value: object) -> None:
        assert one(needed, key, text) == value

    @pytest.mark.parametrize(
        ("key", "text", "why"),
        [
            ("nuxeo.url", "localhost:8080/nuxeo", "does not start with http"),
            ("nuxeo.url", "/nuxeo", "does not start with http"),
            ("nuxeo.url", "https:///nuxeo", "names no host"),
            ("nuxeo.url", "https://:8080/", "names no host"),
            ("nuxeo.url", "https://h:99999/", "port that makes no sense"),
            ("nuxeo.url", "https://h:0/", "port that makes no sense"),
            ("nuxeo.url", "https://[::1/", "host or port that makes no sense"),
            ("nuxeo.url", "https://[1:2]/", "makes no sense"),
            ("nuxeo.url", "https://a..b/", "host that makes no sense"),
            ("nuxeo.url", "https://h/?a=1", "has a query"),
            ("nuxeo.url", "https://h/#a", "has a fragment"),
            ("nuxeo.url", "https://h/a b", "no place in a URL"),
            ("nuxeo.url", "https://münchen.example/", "no place in a URL"),
            ("nuxeo.wopi.discoveryURL", "https://h/d#x", "has a fragment"),
            ("nuxeo.wopi.listen", "8081", "does not end with :port"),
            ("nuxeo.wopi.listen", "h:", "does not end with :port"),
            ("nuxeo.wopi.listen", "h:0", "outside 1 to 65535"),
            ("nuxeo.wopi.listen", "h:65536", "outside 1 to 65535"),
            ("nuxeo.wopi.listen", "::1:80", "without brackets"),
            ("nuxeo.wopi.listen", "[x]:80", "IP address that makes no sense"),
            ("nuxeo.wopi.listen", "http://h:80", "IPv6 address without brackets"),
            ("nuxeo.wopi.workers", "65", "out of range"),
            ("nuxeo.wopi.workers", "-1", "out of range"),
            ("nuxeo.wopi.workers", "2.5", "not a whole number"),
            ("nuxeo.wopi.workers", "٣", "not a whole number"),
            ("nuxeo.wopi.instance", "a-b", "is no such prefix"),
            ("nuxeo.wopi.instance", "a" * 17, "is no such prefix"),
            ("nuxeo.wopi.accessTokenTTL", "59", "out of range"),
            ("nuxeo.wopi.accessTokenTTL", "10h", "not a whole number"),
            ("nuxeo.wopi.connectTimeout", "0", "out of range"),
            ("nuxeo.wopi.connectTimeout", "nan", "not a number"),
            ("nuxeo.wopi.readTimeout", "1e3", "not a number"),
            ("nuxeo.wopi.discoveryRefresh", "604801", "out of range"),
            ("nuxeo.wopi.maxFileSize", "-1", "is not a size"),
            ("nuxeo.wopi.maxFileSize", "5 GB", "is not a size"),
            ("nuxeo.wopi.caBundle", "/no/such/file", "cannot be read"),
            ("nuxeo.wopi.caBundle", __file__, "holds no PEM certificates"),
            ("nuxeo.wopi.dataDir", __file__, "is not a folder"),
            ("nuxeo.wopi.dataDir", f"{__file__}/x", "is not a folder"),
            ("nuxeo.wopi.dataDir", "/tmp/a\0b", "holds a character that no file name has"),
            ("nuxeo.wopi.dataDir", "/tmp/a\ud800b", "holds a character that no file name has"),
            ("nuxeo.wopi.caBundle", "/tmp/a\0b", "holds a character that no file name has"),
            ("nuxeo.wopi.sessionCookies", "A,,B", "not a list of cookie names"),
            ("nuxeo.wopi.sessionCookies", "A B", "not a list of cookie names"),
            ("nuxeo.wopi.language", "klingon", "not a language tag"),
            ("nuxeo.wopi.language", "xx-YY", "not a language tag"),
            ("nuxeo.wopi.businessUser", "1", "neither true nor false"),
            ("nuxeo.wopi.brandName", "a\nb", "cannot be shown"),
            ("nuxeo.wopi.brandName", "a" * 101, "longer than 100"),
            ("nuxeo.wopi.logLevel", "loud", "not a log level"),
            ("nuxeo.wopi.rootContainer", "workspaces", "is not a path"),
            ("nuxeo.wopi.rootContainer", "/a//b", "is not a path"),
            ("nuxeo.wopi.kind", "word", "is none of these"),
            ("nuxeo.wopi.proof", "yes", "is none of these"),
            ("nuxeo.wopi.routes", "odt", "is not of that form"),
            ("nuxeo.wopi.routes", "=office", "is not of that form"),
            ("nuxeo.wopi.routes", "odt=Office!", "is not of that form"),
            ("nuxeo.wopi.routes", "odt=office;odt=office", "has two routes for odt"),
            ("nuxeo.wopi.restrict", "print,save", "has something else in it"),
            ("nuxeo.wopi.frameAncestors", "https://h/path", "more than scheme, host and port"),
            ("nuxeo.wopi.frameAncestors", "'self'", "does not start with http"),
            ("nuxeo.wopi.frameAncestors", "*", "does not start with http"),
            ("nuxeo.wopi.frameAncestors", 'https://h";x', "no place in an address"),
            ("nuxeo.wopi.frameAncestors", "https://h;script-src", "host that makes no sense"),
        ],
    )
    def test_wrong_ones(self, needed: dict[str, str], key: str, text: str, why: str) -> None:
        [problem] = problems(overrides=needed | {key: text})
        assert problem.startswith(f"--set: {key}: ")
        assert why in problem
        assert problem.endswith(f"; expected {BY_NAME[key].expected}")

    def test_a_folder_that_others_own(
        self, needed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Root may write everywhere, so the refusal is the one thing that is made up here.
        monkeypatch.setattr("connector.config_values.os.access", lambda *_: False)
        wanted = tmp_path / "a" / "b"
        [problem] = problems(overrides=needed | {"nuxeo.wopi.dataDir": str(wanted)})
        assert f"cannot be made: {tmp_path} cannot be written" in problem
        [problem] = problems(overrides=needed | {"nuxeo.wopi.dataDir": str(tmp_path)})
        assert f'"{tmp_path}" cannot be written' in problem

    def test_a_password_in_an_address_is_not_shown(self, needed: dict[str, str]) -> None:
        [problem] = problems(overrides=needed | {"nuxeo.url": "https://me:hunter2@h/"})
        assert "holds a user name or password" in problem
        assert "hunter2" not in problem

    def test_listen_in_parts(self, needed: dict[str, str]) -> None:
        settings = load(None, overrides=needed | {"nuxeo.wopi.listen": "[::1]:81"}, environ={})
        assert (settings.listen_host, settings.listen_port) == ("::1", 81)


class TestSeveralClients:
    WORD = "https://word.example.org/hosting/discovery"
    CLIENTS: ClassVar = {"nuxeo.wopi.clients": "office, collabora"}

    def test_each_has_settings_of_its_own(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(
            tmp_path,
            "nuxeo.wopi.clients=office,collabora\n"
            "nuxeo.wopi.proof=off\n"
            f"nuxeo.wopi.client.collabora.discoveryURL={self.WORD}\n"
            "nuxeo.wopi.client.collabora.kind=collabora\n"
            "nuxeo.wopi.client.collabora.proof=ifPublished\n",
        )
        environ = {"NUXEO_WOPI_CLIENT_COLLABORA_LABEL": "Collabora Online"}
        assert load(conf, overrides=needed, environ=environ).clients == (
            ClientSettings("office", DISCOVERY, proof="off", label="Office"),
            ClientSettings(
                "collabora",
                self.WORD,
                kind="collabora",
                proof="ifPublished",
                label="Collabora Online",
            ),
        )

    def test_the_default_one_may_have_them_under_its_name(self, needed: dict[str, str]) -> None:
        del needed["nuxeo.wopi.discoveryURL"]
        own = {
            "nuxeo.wopi.client.office.discoveryURL": self.WORD,
            "nuxeo.wopi.client.office.label": "Word and the like",
        }
        assert load(None, overrides=needed | own, environ={}).clients == (
            ClientSettings("office", self.WORD, label="Word and the like"),
        )

    def test_two_keys_for_one_thing_that_do_not_agree(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(
            tmp_path,
            "nuxeo.wopi.kind=oos\nnuxeo.wopi.client.office.kind=collabora\n"
            "nuxeo.wopi.proof=off\nnuxeo.wopi.client.office.proof=off\n",
        )
        own = {"nuxeo.wopi.client.office.discoveryURL": self.WORD}
        assert problems(conf, needed | own) == [
            "--set: nuxeo.wopi.client.office.discoveryURL: is the same setting as "
            "nuxeo.wopi.discoveryURL (--set), which has another value; leave one out",
            f"{conf}:2: nuxeo.wopi.client.office.kind: is the same setting as nuxeo.wopi.kind "
            f"({conf}:1), which has another value; leave one out",
        ]
        environ = {"NUXEO_WOPI_PROOF": "off", "NUXEO_WOPI_CLIENT_OFFICE_PROOF": "required"}
        [problem] = problems(None, needed, environ)
        assert problem.startswith(
            "environment variable NUXEO_WOPI_CLIENT_OFFICE_PROOF: nuxeo.wopi.client.office.proof: "
        )

    @pytest.mark.parametrize("low", ["", "client.office."])
    @pytest.mark.parametrize("high", ["", "client.office."])
    def test_of_two_keys_for_one_thing_the_higher_place_wins(
        self, needed: dict[str, str], tmp_path: Path, low: str, high: str
    ) -> None:
        conf = written(tmp_path, f"nuxeo.wopi.{low}kind=oos\n")
        environ = {f"NUXEO_WOPI_{low}KIND".upper().replace(".", "_"): "other"}
        over = needed | {f"nuxeo.wopi.{high}kind": "collabora"}
        for overrides, variables, kind in (
            (over, environ, "collabora"),
            (over, {}, "collabora"),
            (needed, environ, "other"),
            (needed, {}, "oos"),
        ):
            (client,) = load(conf, overrides=overrides, environ=variables).clients
            assert client.kind == kind

    def test_two_keys_for_one_thing_that_agree(self, needed: dict[str, str]) -> None:
        own = {
            "nuxeo.wopi.client.office.discoveryURL": DISCOVERY,
            "nuxeo.wopi.kind": "OOS",
            "nuxeo.wopi.client.office.kind": "oos",
        }
        (client,) = load(None, overrides=needed | own, environ={}).clients
        assert client == ClientSettings("office", DISCOVERY, "oos", label="Office")

    def test_of_two_keys_for_one_thing_one_can_be_blanked(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, "nuxeo.wopi.kind=oos\n")
        own = {"nuxeo.wopi.client.office.kind": "collabora", "nuxeo.wopi.kind": ""}
        (client,) = load(conf, overrides=needed | own, environ={}).clients
        assert client.kind == "collabora"

    def test_it_need_not_be_there(self, needed: dict[str, str]) -> None:
        del needed["nuxeo.wopi.discoveryURL"]
        own = {
            "nuxeo.wopi.clients": "collabora",
            "nuxeo.wopi.client.collabora.discoveryURL": self.WORD,
        }
        (client,) = load(None, overrides=needed | own, environ={}).clients
        assert client.name == "collabora"

    def test_what_is_wrong_is_said_line_by_line(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(
            tmp_path,
            "nuxeo.wopi.client.colabora.kind=collabora\n"
            "nuxeo.wopi.client.collabora.knid=collabora\n"
            "nuxeo.wopi.client.collabora.kind=calligra\n"
            "nuxeo.wopi.client.collabora=x\n"
            "nuxeo.wopi.routes=odt=colabora\n",
        )
        environ = {"NUXEO_WOPI_CLIENT_WORD_KIND": "oos"}
        assert problems(conf, needed | self.CLIENTS, environ) == [
            "environment: NUXEO_WOPI_CLIENT_WORD_KIND: no such key",
            f"{conf}:1: nuxeo.wopi.client.colabora.kind: nuxeo.wopi.clients does not name colabora;"
            " did you mean collabora?",
            f"{conf}:2: nuxeo.wopi.client.collabora.knid: no such key; did you mean "
            "nuxeo.wopi.client.collabora.kind?",
            f"{conf}:4: nuxeo.wopi.client.collabora: no such key",
            "nuxeo.wopi.client.collabora.discoveryURL: not set; expected an address with http:// "
            f"or https://, without user name or fragment; set it in {conf} or the environment "
            "variable NUXEO_WOPI_CLIENT_COLLABORA_DISCOVERYURL",
            f'{conf}:3: nuxeo.wopi.client.collabora.kind: "calligra" is none of these; expected '
            "microsoft, oos (Office Online Server), collabora, onlyoffice or other",
            f"{conf}:5: nuxeo.wopi.routes: nuxeo.wopi.clients does not name colabora; did you mean "
            "collabora?",
        ]

    @pytest.mark.parametrize("names", ["Office", "a b", "office,,x", "office,office", "1st", "a-b"])
    def test_names_are_plain(self, needed: dict[str, str], names: str) -> None:
        [problem] = problems(overrides=needed | {"nuxeo.wopi.clients": names})
        assert problem.startswith(f'--set: nuxeo.wopi.clients: "{names}" ')

    def test_unreadable_names_do_not_make_all_their_keys_wrong(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        conf = written(tmp_path, "nuxeo.wopi.client.word.kind=oos\n")
        environ = {"NUXEO_WOPI_CLIENT_WORD_PROOF": "off"}
        found = problems(conf, needed | {"nuxeo.wopi.clients": "Word"}, environ)
        assert len(found) == 1

    def test_settings_about_no_client_are_not_overlooked(self, needed: dict[str, str]) -> None:
        own = {
            "nuxeo.wopi.clients": "collabora",
            "nuxeo.wopi.client.collabora.discoveryURL": self.WORD,
            "nuxeo.wopi.proof": "off",
        }
        assert problems(overrides=needed | own) == [
            f"--set: {key}: is about the client office, which nuxeo.wopi.clients does not name"
            for key in ("nuxeo.wopi.discoveryURL", "nuxeo.wopi.proof")
        ]

    def test_the_words_are_those_that_the_protocol_knows(self) -> None:
        assert tuple(BY_KIND) == config_values.CLIENT_KINDS
        assert tuple(ProofMode) == config_values.PROOF_MODES
        assert tuple(Restriction) == config_values.RESTRICTIONS
        assert tuple(kind.value for kind in EventKind) == config_values.EVENTS


class TestCheckFileInfo:
    @staticmethod
    def overrides(needed: dict[str, str], **properties: str) -> dict[str, str]:
        return needed | {f"nuxeo.wopi.checkFileInfo.{k}": v for k, v in properties.items()}

    def test_json_or_text(self, needed: dict[str, str], tmp_path: Path) -> None:
        conf = written(tmp_path, "nuxeo.wopi.checkFileInfo.WatermarkText=Draft\n")
        environ = {"NUXEO_WOPI_CHECKFILEINFO_DISABLETRANSLATION": "true"}
        given = self.overrides(
            needed,
            AllowExternalMarketplace="true",
            FileNameMaxLength="100",
            WorkflowType='["Assign"]',
            BreadcrumbBrandName="42",
            TenantId='"7"',
            DownloadUrl="null",
            CloseUrl="https://example.org/x",
            PostMessageOrigin="",
        )
        assert load(conf, overrides=given, environ=environ).check_file_info == {
            "WatermarkText": "Draft",
            "DisableTranslation": True,
            "AllowExternalMarketplace": True,
            "FileNameMaxLength": 100,
            "WorkflowType": ["Assign"],
            "BreadcrumbBrandName": "42",
            "TenantId": "7",
            "DownloadUrl": None,
            "CloseUrl": "https://example.org/x",
        }

    @pytest.mark.parametrize(
        ("name", "text", "why"),
        [
            ("DisablePrint", "yes", '"yes" is of another type; expected true or false'),
            ("DisablePrint", "1", "of another type"),
            ("FileNameMaxLength", "many", "of another type; expected a whole number"),
            ("FileNameMaxLength", "true", "of another type"),
            ("WorkflowType", "Assign", "of another type; expected a JSON list"),
            ("CloseUrl", "javascript:alert(1)", "of another type; expected an address"),
            *((name, "1", "another one for every file and user") for name in sorted(PER_FILE)),
            ("LastModifiedTime", "null", "another one for every file and user"),
            *((name, "false", "nothing could be saved") for name in sorted(SAVING)),
            ("SupportsLocks", "true", "nothing could be saved"),
            ("UserCanWrite", "true", "can only be set to false"),
            ("UserCanRename", "true", "can only be set to false"),
            ("UserCanRename", "no", "of another type; expected true or false"),
            ("SupportsCobalt", "true", "can only be set to false"),
            ("ReadOnly", "false", "can only be set to true"),
            ("UserCanNotWriteRelative", "null", "can only be set to true"),
            ("FileUrl", "https://h/f", "never told"),
            ("a.b", "1", "is no name of a property"),
        ],
    )
    def test_wrong_ones(self, needed: dict[str, str], name: str, text: str, why: str) -> None:
        [problem] = problems(overrides=self.overrides(needed, **{name: text}))
        assert problem.startswith(f"--set: nuxeo.wopi.checkFileInfo.{name}: ")
        assert why in problem

    def test_rights_can_be_withheld_but_not_given(self, needed: dict[str, str]) -> None:
        given = self.overrides(
            needed,
            UserCanWrite="false",
            UserCanRename="null",
            ReadOnly="true",
            UserCanNotWriteRelative="true",
            SupportsDeleteFile="false",
        )
        assert load(None, overrides=given, environ={}).check_file_info == {
            "UserCanWrite": False,
            "UserCanRename": None,
            "ReadOnly": True,
            "UserCanNotWriteRelative": True,
            "SupportsDeleteFile": False,
        }

    def test_what_is_refused_are_known_properties(self) -> None:
        assert PER_FILE | SAVING | set(ONLY) <= set(TYPES)
        assert not PER_FILE & SAVING
        assert {TYPES[name] for name in ONLY} == {"flag"}

    def test_an_unknown_property_is_told_and_warned_about(self, needed: dict[str, str]) -> None:
        given = self.overrides(needed, DisablePrnt="true", Own='{"a": [1]}')
        settings = load(None, overrides=given, environ={})
        assert settings.check_file_info == {"DisablePrnt": True, "Own": {"a": [1]}}
        assert settings.warnings == (
            "--set: nuxeo.wopi.checkFileInfo.DisablePrnt: no client is known to read it; did you "
            "mean DisablePrint?",
            "--set: nuxeo.wopi.checkFileInfo.Own: no client is known to read it",
        )

    def test_a_variable_cannot_tell_how_an_unknown_one_is_spelt(
        self, needed: dict[str, str]
    ) -> None:
        [problem] = problems(None, needed, {"NUXEO_WOPI_CHECKFILEINFO_OWN": "1"})
        assert problem == "environment: NUXEO_WOPI_CHECKFILEINFO_OWN: no such key"

    def test_every_known_property_can_be_named_by_a_variable(self) -> None:
        assert len({name.upper() for name in TYPES}) == len(TYPES)


class TestWebhook:
    def test_its_address_is_shown_to_nobody(self, needed: dict[str, str]) -> None:
        """Whoever knows it can often write to it."""
        address = "https://hooks.example.org/in-the-path?key=in-the-query"
        settings = load(None, overrides={**needed, "nuxeo.wopi.webhook.url": address}, environ={})
        assert settings.webhook_url == address
        assert "in-the" not in repr(settings) + str(settings)

    def test_nor_is_a_wrong_one(self, needed: dict[str, str]) -> None:
        needed["nuxeo.wopi.webhook.url"] = "https://hooks.example.org/in-the-path?key=in#the-query"
        [problem] = problems(None, needed)
        assert "nuxeo.wopi.webhook.url: the value has a fragment (#)" in problem
        assert "in-the" not in problem


class TestSignIn:
    @pytest.mark.parametrize(
        ("host_url", "warned"),
        [
            ("https://wopi.example.org/", False),
            ("http://localhost/", False),
            ("http://localhost:8081/x", False),
            ("http://localhost.example.org/", True),
            ("http://127.0.0.1:8081/", True),
            ("http://wopi.example.org/", True),
        ],
    )
    def test_oauth2_over_http_is_warned_of(
        self, needed: dict[str, str], host_url: str, warned: bool
    ) -> None:
        own = {"nuxeo.wopi.signIn": "oauth2", "nuxeo.wopi.hostURL": host_url}
        warnings = load(None, overrides=needed | own, environ={}).warnings
        assert [line for line in warnings if "nuxeo.wopi.signIn" in line] == list(warnings)
        assert bool(warnings) is warned

    @pytest.mark.parametrize(
        ("host_url", "warned"),
        [
            ("http://docs.example.org/nuxeo/", False),
            ("http://docs.example.org:8081/nuxeo/office/", False),
            ("http://docs.example.org/", True),
            ("http://docs.example.org/nuxeo2/", True),
            ("https://wopi.example.org/nuxeo/", True),
        ],
    )
    def test_a_session_that_does_not_reach_the_connector_is_warned_of(
        self, needed: dict[str, str], host_url: str, warned: bool
    ) -> None:
        own = {"nuxeo.url": "http://docs.example.org/nuxeo", "nuxeo.wopi.hostURL": host_url}
        warnings = load(None, overrides=needed | own, environ={}).warnings
        assert [line for line in warnings if "nuxeo.wopi.signIn: session" in line] == list(warnings)
        assert bool(warnings) is warned

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("signIn", "saml"),
            ("oauth2.clientId", "a b"),
            ("oauth2.clientId", "x" * 101),
            ("oauth2.signInFor", "59"),
            ("oauth2.signInFor", "86401"),
        ],
    )
    def test_what_cannot_work_is_refused(self, needed: dict[str, str], key: str, text: str) -> None:
        with pytest.raises(ConfigurationError, match=f"nuxeo.wopi.{key}"):
            load(None, overrides=needed | {f"nuxeo.wopi.{key}": text}, environ={})


class TestDocumentation:
    """Renewed by ``python -m tests.settings_reference``."""

    def test_sample_is_the_table(self) -> None:
        assert settings_reference.SAMPLE.read_text(encoding="utf-8") == settings_reference.sample()

    def test_guide_has_the_table(self) -> None:
        text = settings_reference.GUIDE.read_text(encoding="utf-8")
        assert settings_reference.BEGIN in text
        assert text == settings_reference.guide(text)

    def test_sample_gives_the_defaults(self, needed: dict[str, str], tmp_path: Path) -> None:
        assert load(settings_reference.SAMPLE, overrides=needed, environ={}) == load(
            None, overrides=needed, environ={}
        )

    def test_sample_with_all_lines_taken_in_gives_them_too(
        self, needed: dict[str, str], tmp_path: Path
    ) -> None:
        text = settings_reference.SAMPLE.read_text(encoding="utf-8")
        conf = written(tmp_path, re.sub(r"(?m)^#(nuxeo\.)", r"\1", text))
        needed["nuxeo.wopi.caBundle"] = needed["nuxeo.wopi.recovery.dir"] = ""
        assert load(conf, overrides=needed, environ={}) == load(None, overrides=needed, environ={})

    def test_sample_alone_asks_for_the_secret(self, tmp_path: Path) -> None:
        [problem] = problems(
            settings_reference.SAMPLE, environ={"NUXEO_WOPI_DATADIR": str(tmp_path)}
        )
        assert problem.startswith("nuxeo.jwt.secret: is empty in line ")
