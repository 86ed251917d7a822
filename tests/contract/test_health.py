"""What the server says of itself (REST_CONTRACT 10)."""


def test_the_status_needs_no_credentials(nobody):
    status = nobody.get("runningstatus", 200).json()
    assert status["repositoryStatus"] == "ok"


def test_the_status_tells_in_a_word_whether_the_server_has_started(nobody):
    assert nobody.get("runningstatus?info=started", 200).text.strip() == "true"


def test_probes_have_names(nobody):
    assert nobody.get("runningstatus?info=probe&key=repositoryStatus", 200)
    nobody.get("runningstatus?info=probe&key=nothing", 404)


def test_the_summary_needs_a_key(nobody):
    nobody.get("runningstatus?info=summary&key=wrong", 403)


def test_cmis_tells_the_version_by_repository(dave):
    about = dave.get("json/cmis", 200).json()["default"]
    assert about["repositoryId"] == "default"
    assert about["productName"] == "Nuxeo OpenCMIS Connector"
    assert about["productVersion"]


def test_capabilities_are_told_to_any_user(dave):
    """As of 11.5."""
    found = dave.get("api/v1/capabilities", 200).json()
    assert found["entity-type"] == "capabilities"
    assert {"distributionName", "distributionVersion", "distributionServer"} <= set(found["server"])
    assert {"enabled", "nodeId"} <= set(found["cluster"])
    assert "queryBlobKeys" in found["repository"]["default"]


def test_the_configuration_is_told_to_administrators_without_secrets(admin, alice, jwt_secret):
    """As of 2021; the management API may be bound to another port."""
    alice.get("api/v1/management/configuration", 403)
    found = admin.get("api/v1/management/configuration", 200)
    assert found.json()["entity-type"] == "configuration"
    assert found.json()["configuredProperties"]["nuxeo.jwt.secret"]
    assert jwt_secret not in found.text
