"""Mirrors cds/doctor/charts.py and cds/fhir_client/knocking.py."""

import json

import httpx

from cds.doctor.charts import check_ehrs, check_fhir_origins
from cds.fhir_client.knocking import knock
from tests.support.client_tokens import a_pair
from tests.support.hook_site import some_settings

ORIGIN = "https://fhir.example.org"


def nobody(_url):
    """Nobody answers."""
    return "cannot be reached (ConnectError)"


def somebody(_url):
    """Somebody does."""


def test_any_answer_shows_that_a_server_is_there():
    """Without a token most of them refuse."""
    asked = []

    def refuse(request):
        asked.append(request)
        return httpx.Response(401)

    assert knock(ORIGIN, httpx.MockTransport(refuse)) is None
    assert "Authorization" not in asked[0].headers


def test_what_does_not_answer_or_is_never_contacted_is_told():
    """Away, silent, or no https."""

    def broken(request):
        raise httpx.ConnectError("no route", request=request)

    def silent(request):
        raise httpx.ReadTimeout("silence", request=request)

    assert "cannot be reached" in knock(ORIGIN, httpx.MockTransport(broken))
    assert "does not answer" in knock(ORIGIN, httpx.MockTransport(silent))
    assert "no https" in knock("http://fhir.example.org", httpx.MockTransport(broken))
    assert "no https" in knock("fhir.example.org")


def test_fhir_servers_are_none_well_or_away():
    """The finding names the origin and the setting."""
    settings = some_settings(fhir_origins=(ORIGIN,))

    assert check_fhir_origins(some_settings(fhir_origins=()), nobody).state == "ok"
    assert check_fhir_origins(settings, somebody).state == "ok"
    found = check_fhir_origins(settings, nobody)
    assert found.state == "failed"
    assert ORIGIN in found.found
    assert "OSTEOCDS_FHIR_ORIGINS" in found.advice


def test_an_ehr_that_is_away_is_a_warning_since_results_wait(tmp_path):
    """A list that cannot be used is a failure: `serve` does not start."""
    file = tmp_path / "ehrs.toml"
    settings = some_settings(ehr_file=file)
    assert check_ehrs(some_settings()).state == "ok"
    assert "OSTEOCDS_EHR_FILE" in check_ehrs(settings).advice
    (tmp_path / "key.json").write_text(json.dumps(a_pair().as_dict(private=True)))
    file.write_text(
        f'[[ehr]]\nname = "north"\nbase_url = "{ORIGIN}/r4"\nclient_id = "osteocds"\nkey_file = "key.json"\n'
    )

    assert check_ehrs(settings, somebody).state == "ok"
    away = check_ehrs(settings, nobody)
    assert away.state == "warning"
    assert "north" in away.found
