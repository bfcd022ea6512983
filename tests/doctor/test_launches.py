"""Mirrors cds/doctor/launches.py: an EHR from which every launch would be refused is not well."""

from functools import partial

import pytest

from cds.doctor.launches import ask_ehr, check_launches
from tests.support.clock import SettableClock
from tests.support.hook_site import some_settings
from tests.support.launching_ehr import ISS, LaunchingEhrServer


@pytest.fixture
def settings(tmp_path):
    """One EHR."""
    file = tmp_path / "launch.toml"
    file.write_text(f'[[ehr]]\nname = "north"\niss = "{ISS}"\nclient_id = "osteocds"\n')
    return some_settings(launch_file=file)


def asked(**changes):
    """An EHR in this process, and what differs in its configuration."""
    ehr = LaunchingEhrServer(SettableClock(), configuration=changes)
    return partial(ask_ehr, transport=ehr.transport())


def test_the_list_is_read_as_the_service_reads_it(tmp_path):
    """None, and one that is not there."""
    assert check_launches(some_settings()).state == "ok"
    missing = check_launches(some_settings(launch_file=tmp_path / "launch.toml"))
    assert missing.state == "failed"
    assert "OSTEOCDS_LAUNCH_FILE" in missing.advice


def test_an_ehr_that_answers_as_a_launch_needs_it_is_well(settings):
    """Discovery, S256, keys."""
    found = check_launches(settings, asked())

    assert (found.state, found.found) == (
        "ok",
        "may come from 1 EHR: discovery, PKCE and keys are as a launch needs them",
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "north: ehr-without-pkce"),
        ({"jwks_uri": "http://ehr.test/keys"}, "north: ehr-endpoints-unusable"),
        ({"jwks_uri": "https://ehr.test/no-keys"}, "north: ehr-answered-404"),
        ({"jwks_uri": f"{ISS}/.well-known/smart-configuration"}, "north: "),
    ],
)
def test_what_refuses_every_launch_is_told(settings, changes, why):
    """In the words of the audit row that each of them would leave."""
    found = check_launches(settings, asked(**changes))

    assert found.state == "failed"
    assert found.found.startswith(why)
    assert "smart-configuration" in found.advice


def test_an_ehr_that_is_away_is_told(tmp_path):
    """Nobody listens on that port."""
    file = tmp_path / "launch.toml"
    file.write_text('[[ehr]]\nname = "north"\niss = "http://127.0.0.1:9/r4"\nclient_id = "osteocds"\n')

    assert check_launches(some_settings(launch_file=file)).found == "north: ehr-unreachable"
