"""docker/compose.yaml: valid, closed, and made of commands, settings and files that exist."""

import json
import re
import stat
import subprocess

import pytest
from typer.main import get_command

from cds.cli import app
from cds.security.clients_file import read_clients
from cds.settings import Settings
from tests.support.containers import DOCKER, REQUIRED, compose, prepared, tool
from tests.support.hook_site import some_settings

COMPOSE = compose()
SERVICES = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("osteocds:")}


def test_it_follows_the_compose_specification():
    """By its JSON schema."""
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_it_is_one_service_and_two_workers_beside_a_database_and_an_archive():
    """The rest is started only when asked for."""
    assert list(OURS) == ["service", "worker"]
    assert OURS["worker"]["deploy"] == {"replicas": 2}
    assert {name for name, each in SERVICES.items() if "profiles" not in each} == {*OURS, "postgres", "orthanc"}


@pytest.mark.parametrize("name", OURS)
def test_its_commands_are_commands_and_its_variables_settings(name):
    """A setting that was renamed is refused by nobody else: unknown variables are not read."""
    settings = {f"OSTEOCDS_{each.upper()}" for each in Settings.model_fields}

    assert OURS[name]["command"][0] in get_command(app).commands
    assert set(OURS[name]["environment"]) <= settings


def test_what_must_be_set_is_asked_for_and_the_rest_has_a_safe_default():
    """Nobody begins with cards by accident."""
    for missing in REQUIRED:
        with pytest.raises(KeyError, match=missing):
            compose({name: value for name, value in REQUIRED.items() if name != missing})
    assert OURS["service"]["environment"]["OSTEOCDS_MODE"] == "shadow"


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened_and_of_one_named_version(name):
    """Root file system read-only, no capability, no way to gain one."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)
    assert re.search(r":(v?\d+\.\d+\S*|local)$", service["image"])
    assert name in {"worker", "service"} or service["healthcheck"]["test"][0] == "CMD"


def test_only_the_service_is_reached_and_only_from_this_machine():
    """TLS ends before it; the dashboards of the optional profile have their own login."""
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}

    assert published == {"service": ["127.0.0.1:8480:8480"], "grafana": ["127.0.0.1:3000:3000"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, each in SERVICES.items() if "outside" in each["networks"]} == set(published)


def test_each_waits_for_what_it_needs():
    """Workers for the service, which brings the databases up to date; that for database and archive."""
    healthy = {"condition": "service_healthy"}

    assert OURS["service"]["depends_on"] == {"postgres": healthy, "orthanc": healthy}
    assert OURS["worker"]["depends_on"] == {"service": healthy}


def test_every_file_it_mounts_is_there_and_no_secret_stands_in_it():
    """Configurations lie beside it: those within it Compose copies, a read-only root refuses that. Secrets are made."""
    files = [each["file"] for each in COMPOSE["configs"].values()]

    assert [each for each in files if not (DOCKER / each).is_file()] == []
    assert {each["file"].split("/")[0] for each in COMPOSE["secrets"].values()} == {"secrets"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", name):
                assert value.startswith("/run/secrets/")
            assert not re.search(r"//[^/@]+:[^/@]+@", value)


def test_the_first_block_of_the_guide_makes_all_that_it_needs(tmp_path):
    """Every file that a setting or a secret names is there and can be used; every required variable is set."""
    made = prepared(tmp_path)
    settings = OURS["service"]["environment"]
    given = dict(line.split("=", 1) for line in (made / ".env").read_text().splitlines())

    assert [name for name in REQUIRED if not given.get(name)] == []
    assert [each["file"] for each in COMPOSE["secrets"].values() if not (made / each["file"]).is_file()] == []
    of_site = {name: value for name, value in settings.items() if str(value).startswith("/etc/osteocds/")}
    assert set(of_site) == {"OSTEOCDS_CLIENTS_FILE"}
    clients = made / "site" / of_site["OSTEOCDS_CLIENTS_FILE"].removeprefix("/etc/osteocds/")
    (client,) = read_clients(some_settings(client_auth="required", clients_file=clients))
    assert client.jwks_url


def test_its_secrets_are_made_once_and_kept(tmp_path):
    """All that it names, each another; a second run changes nothing; only the owner enters the folder."""
    folder = tmp_path / "secrets"
    made = [subprocess.run(["bash", DOCKER / "make-secrets", folder], check=True, capture_output=True, text=True)]
    before = {each.name: each.read_text() for each in folder.iterdir()}
    (folder / "metrics-token").unlink()
    made.append(subprocess.run(["bash", DOCKER / "make-secrets", folder], check=True, capture_output=True, text=True))
    after = {each.name: each.read_text() for each in folder.iterdir()}

    assert {f"secrets/{name}" for name in before} == {each["file"] for each in COMPOSE["secrets"].values()}
    assert len(set(before.values())) == len(before)
    assert {name for name in before if before[name] != after[name]} == {"metrics-token"}
    assert json.loads(after["orthanc-users.json"]) == {"RegisteredUsers": {"osteocds": after["archive-password"]}}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not [text for text in after.values() if any(text in each.stdout for each in made)]
