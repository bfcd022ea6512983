"""Clients that sign their calls, against real service processes; the examples of the README are run as they stand."""

import contextlib
import json
import re
import time
import uuid
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from cds.cli.demo import sample_settings
from cds.cli.demo_order import SERVICE, order_sign_request
from cds.cli.service_process import running_service
from tests.support.alive import wait_until_alive
from tests.support.commands import in_process

pytestmark = pytest.mark.system

README = Path(__file__).parents[2] / "README.md"
PUBLIC_URL = "https://cds.example.org"
ISSUER = "https://ehr.example.org"


def examples(language):
    """The fenced blocks of the README's section on authentication."""
    section = README.read_text().partition("### Who may call")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)


@pytest.fixture
def client_folder(tmp_path, monkeypatch):
    """Key pair, key set and clients file, made as the README says."""
    folder = tmp_path / "client"
    folder.mkdir()
    monkeypatch.chdir(folder)
    exec(examples("python")[0], {})  # noqa: S102 - our own documentation
    (folder / "clients.toml").write_text(examples("toml")[0])
    return folder


@contextlib.contextmanager
def a_replica(folder, data_dir, **changes):
    """One service process without workers, alive."""
    data_dir.mkdir(exist_ok=True)
    (data_dir.parent / "archive").mkdir(exist_ok=True)
    settings = sample_settings(data_dir.parent / "archive") | {
        "CLIENT_AUTH": "required",
        "CLIENTS_FILE": str(folder / "clients.toml"),
        "PUBLIC_URL": PUBLIC_URL,
        "WORKERS": "0",
    }
    chosen = {name: value for name, value in (settings | changes).items() if value is not None}
    with running_service(data_dir, chosen, wait_ready=False) as service:
        wait_until_alive(service)
        yield service


def headers_for(folder, path):
    """A fresh token of the client for one call."""
    key = ECKey.import_key(json.loads((folder / "ehr-key.json").read_text()))
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": PUBLIC_URL + path, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    token = jwt.encode({"alg": "ES384", "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=["ES384"])
    return {"Authorization": f"Bearer {token}"}


def test_a_token_used_at_one_replica_is_refused_by_the_other(client_folder, tmp_path):
    """Discovery and call with a token each; used again at another process on the same database: a bare 401."""
    discovery, call = "/cds-services", f"/cds-services/{SERVICE}"
    about_nothing = order_sign_request()
    about_nothing["context"]["draftOrders"]["entry"] = []
    with a_replica(client_folder, tmp_path / "data") as one, a_replica(client_folder, tmp_path / "data") as other:
        here = httpx.Client(base_url=one.base_url, trust_env=False, timeout=30)
        there = httpx.Client(base_url=other.base_url, trust_env=False, timeout=30)
        with here, there:
            for_discovery, for_call = headers_for(client_folder, discovery), headers_for(client_folder, call)
            accepted = [
                here.get(discovery, headers=for_discovery).status_code,
                there.post(call, headers=for_call, json=about_nothing).status_code,
            ]
            refused = [
                there.get(discovery, headers=for_discovery),
                here.post(call, headers=for_call, json=about_nothing),
                here.get(discovery),
                here.get(discovery, headers=headers_for(client_folder, call)),
            ]
        log = one.log.read_text()

    assert accepted == [200, 200]
    assert {each.status_code for each in refused} == {401}
    assert len({each.content for each in refused}) == 1
    for reason in ("replayed", "no-credentials", "wrong-audience"):
        assert reason in log
    for headers in (for_discovery, for_call):
        assert headers["Authorization"].rpartition(".")[2] not in log


def test_the_example_of_the_readme_is_let_in(client_folder, tmp_path):
    """As it stands there, but for the address: a service on loopback has no https."""
    with a_replica(client_folder, tmp_path / "data", PUBLIC_URL=None) as service:
        said = {}
        exec(examples("python")[1].replace(PUBLIC_URL, service.base_url), said)  # noqa: S102 - our own documentation

    assert said["response"].status_code == 200
    assert said["response"].json()["services"]


def test_a_service_without_a_list_of_clients_does_not_start(tmp_path):
    """It names both settings, and ends with status 2."""
    settings = sample_settings(tmp_path) | {"CLIENT_AUTH": "required", "DATA_DIR": str(tmp_path / "data")}
    done = in_process("serve", environment={f"OSTEOCDS_{name}": value for name, value in settings.items()})

    assert done.returncode == 2
    assert "OSTEOCDS_CLIENTS_FILE" in done.stderr
    assert "OSTEOCDS_CLIENT_AUTH=off" in done.stderr
