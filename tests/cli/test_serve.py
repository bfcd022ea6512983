"""Mirrors cds/cli/serve.py: which doors it opens."""

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from cds.cli import app
from cds.cli.serve import _refuse_open_doors
from cds.errors import SettingsInvalid
from tests.support.hook_site import some_settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the point


def test_without_authentication_it_listens_on_this_machine_only_and_says_so():
    """Anyone who reaches the port could ask about any patient."""
    with capture_logs() as logged:
        _refuse_open_doors(some_settings(client_auth="off"))

    assert "client authentication is off" in logged[0]["event"]
    with pytest.raises(SettingsInvalid, match=r"OSTEOCDS_HOST.*OSTEOCDS_CLIENT_AUTH"):
        _refuse_open_doors(some_settings(client_auth="off", host=EVERYWHERE))


def test_with_authentication_any_host_will_do_once_clients_know_its_address():
    """The address is the audience of their tokens."""
    public = {"public_url": "https://cds.example.org", "client_auth": "required"}

    _refuse_open_doors(some_settings(**public, host=EVERYWHERE))
    _refuse_open_doors(some_settings(client_auth="required"))
    with pytest.raises(SettingsInvalid, match="OSTEOCDS_PUBLIC_URL"):
        _refuse_open_doors(some_settings(client_auth="required", host=EVERYWHERE))


def test_help_names_what_is_needed():
    """So that a first start need not be a guess."""
    told = CliRunner().invoke(app, ["serve", "--help"]).stdout

    for setting in ("ARCHIVE_URL", "IDENTIFIER_SYSTEM", "ARCHIVE_ISSUER", "CLIENTS_FILE", "PUBLIC_URL"):
        assert f"OSTEOCDS_{setting}" in told
