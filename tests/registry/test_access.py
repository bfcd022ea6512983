"""Who gets a token, for what, and how long; what each token opens."""

import time

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from cds.ct.patient import PatientKey
from cds.errors import SettingsInvalid
from cds.security.registries_file import read_registries
from cds.wiring.registry import registry_desks
from tests.support.client_tokens import a_pair
from tests.support.registry_site import BASE, EVERYTHING, ids

NARROW = 'scopes = ["system/Observation.rs", "system/Device.r"]\npatients = "all"'


async def test_both_algorithms_get_a_token(a_registry_site):
    """RS384 and ES384, as the standard wants; short-lived, for the scopes that were asked and are allowed."""
    async with a_registry_site().client() as registry:
        elliptic = await registry.ask_for_token()
        rsa = await registry.ask_for_token(assertion=registry.assertion(a_pair("rs", 2048), "RS384"))

    for answer in (elliptic, rsa):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert (told["token_type"], told["expires_in"]) == ("bearer", 300)
        assert "system/Observation.rs" in told["scope"].split()


SCOPES = {
    "system/*.rs": "system/Device.r system/Observation.rs",
    "system/*.read": "system/Observation.read",
    "system/Observation.read": "system/Observation.read",
    "system/Observation.rs system/Patient.rs": "system/Observation.rs",
    "system/Observation.s": "system/Observation.s",
    "system/Device.rs": "system/Device.r",
    "system/Observation.cruds": "system/Observation.rs",
}


async def test_a_token_is_for_what_is_both_asked_and_configured(a_registry_site):
    """Versions 1 and 2; asking for more gives no more."""
    async with a_registry_site(registries=NARROW).client() as registry:
        for asked, given in SCOPES.items():
            answer = await registry.ask_for_token(asked)
            assert (asked, answer.json().get("scope")) == (asked, given)
        for nothing in (
            "",
            "system/Patient.rs",
            "system/Observation.write",
            "patient/*.rs",
            "system/Observation.rs?x=1",
        ):
            answer = await registry.ask_for_token(nothing)
            assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


async def test_a_wrong_assertion_gets_invalid_client_and_no_reason(a_registry_site):
    """Each claim and header that must hold."""
    async with a_registry_site().client() as registry:
        now = int(registry.clock.now().timestamp())
        used = registry.assertion()
        assert (await registry.ask_for_token(assertion=used)).status_code == 200
        wrong = {
            "replayed": used,
            "another issuer": registry.assertion(iss="somebody", sub="somebody"),
            "another subject": registry.assertion(sub="somebody"),
            "another audience": registry.assertion(aud="https://cds.example.org/token"),
            "expired": registry.assertion(exp=now - 100),
            "too long": registry.assertion(exp=now + 3600),
            "no exp": registry.assertion(exp=None),
            "no jti": registry.assertion(jti=None),
            "issued later": registry.assertion(iat=now + 200),
            "another key": registry.assertion(a_pair("unknown")),
            "another algorithm": registry.assertion(a_pair("es256", "P-256"), "ES256"),
            "PS384": registry.assertion(a_pair("rs", 2048), "PS384"),
            "no token": "abc",
            "empty": ".",
        }
        for what, assertion in wrong.items():
            answer = await registry.ask_for_token(assertion=assertion)
            assert (what, answer.status_code, answer.json()) == (what, 401, {"error": "invalid_client"})


async def test_the_form_must_be_what_the_standard_says(a_registry_site):
    """Another grant, another assertion type, a field twice, JSON."""
    async with a_registry_site().client() as registry:
        grant = await registry.ask_for_token(grant_type="password")
        kind = await registry.ask_for_token(client_assertion_type="urn:other")
        twice = await registry.http.post("/fhir/token", data={"scope": ["a", "b"]})
        json = await registry.http.post("/fhir/token", json={})

    assert (grant.status_code, grant.json()) == (400, {"error": "unsupported_grant_type"})
    assert (kind.status_code, kind.json()) == (400, {"error": "invalid_request"})
    assert (twice.status_code, json.status_code) == (400, 415)


async def test_nothing_is_answered_without_a_token_of_ours(a_registry_site):
    """No header, another scheme, a bent or foreign token, an expired one: 401, and nothing told."""
    site = a_registry_site()
    site.keep(1)
    forged = jws.serialize_compact(
        {"alg": "HS256", "typ": "osteocds-access"},
        f'{{"sub":"bone-registry","scope":"system/*.rs","exp":{int(time.time()) + 9999}}}',
        OctKey.import_key("k" * 32),
    )
    async with site.client() as registry:
        token = (await registry.ask_for_token()).json()["access_token"]
        wrong = ["", "Basic abc", f"Bearer {token[:-3]}aaa", f"Bearer {forged}", "Bearer " + "x" * 9000, token]
        paths = ("Observation", "Observation/1", "$export", "export/1", "export/1/x", "Group/a/$export", "Nothing")
        for path in paths:
            for credentials in wrong:
                answer = await registry.get(path, Authorization=credentials)
                assert (path, credentials, answer.status_code) == (path, credentials, 401)
                assert answer.json()["issue"][0]["code"] == "login"
        assert (await registry.get("Observation", Authorization=f"Bearer {token}")).status_code == 200
        site.clock.move_on(seconds=301)
        assert (await registry.get("Observation", Authorization=f"Bearer {token}")).status_code == 401


async def test_a_scope_that_is_too_narrow_gets_403(a_registry_site):
    """By type, and by what is done with it."""
    site = a_registry_site()
    site.keep(1)
    async with site.with_token("system/Observation.r system/DiagnosticReport.s system/Patient.r") as registry:
        assert (await registry.get("Observation")).status_code == 403
        report = (
            await registry.get("DiagnosticReport?_include=DiagnosticReport:result&_include=DiagnosticReport:subject")
        ).json()
        (report_id,) = ids(report)
        assert (await registry.get(f"DiagnosticReport/{report_id}")).status_code == 403
        included = {each["resource"]["resourceType"] for each in report["entry"] if each["search"]["mode"] == "include"}
        assert included == {"Observation", "Patient"}
        assert (await registry.get("$export?_type=Observation")).status_code == 403
        assert (await registry.get("ImagingStudy/1")).status_code == 403


async def test_configuration_that_narrows_acts_on_tokens_that_are_out(a_registry_site):
    """What the site takes away is gone at once."""
    site = a_registry_site()
    async with site.with_token() as registry:
        token = registry.http.headers["Authorization"]
    narrowed = a_registry_site(registries=NARROW)

    async with narrowed.client() as registry:
        assert (await registry.get("Observation", Authorization=token)).status_code == 200
        assert (await registry.get("DiagnosticReport", Authorization=token)).status_code == 403


async def test_a_registry_sees_its_groups_and_nobody_else(a_registry_site, tmp_path):
    """In searches, reads, includes and exports."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "cohort.csv").write_text("patient_id,issuer\nP1,\nP2,HOSPITAL\nP3,ELSEWHERE\n")
    site = a_registry_site(registries='scopes = ["system/*.rs"]\ngroups = { cohort = "cohort.csv" }')
    for number in range(5):
        site.keep(number)
    site.keep(6, key=PatientKey("north", "P1", "HOSPITAL"))

    async with site.with_token() as registry:
        found = (await registry.get("Observation")).json()
        _, manifest = await registry.export("Group/cohort/$export?_type=Observation")
        lines = await registry.lines(manifest)
        foreign = await registry.get("Group/other/$export")

    assert len(ids(found)) == 8
    assert len(lines) == 8
    assert foreign.status_code == 404


async def test_the_public_documents_say_where_tokens_come_from(a_registry_site):
    """Capability statement and SMART configuration, without a token."""
    async with a_registry_site().client() as registry:
        capability = (await registry.get("metadata")).json()
        smart = (await registry.get(".well-known/smart-configuration")).json()

    assert smart["token_endpoint"] == f"{BASE}/token"
    assert set(smart["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}
    rest = capability["rest"][0]
    assert rest["security"]["extension"][0]["extension"][0]["valueUri"] == f"{BASE}/token"
    (observation,) = [each for each in rest["resource"] if each["type"] == "Observation"]
    assert "value-quantity" in {each["name"] for each in observation["searchParam"]}


def test_a_site_without_registries_has_no_registry_api(a_registry_site):
    """Deny by default."""
    site = a_registry_site(settings={"registries_file": None})
    assert registry_desks(site.configured, site.engine, site.audit, site.clock)[0] is None


@pytest.mark.parametrize(
    ("registries", "named"),
    [
        ('scopes = ["system/*.rs"]', "patients"),
        ('patients = "all"\nscopes = []', "scopes"),
        ('patients = "all"\nscopes = ["system/Observation.write"]', "scopes"),
        (EVERYTHING + '\ncolour = "red"', "colour"),
        (EVERYTHING + '\ndeidentify = "site"', "pseudonym_secret_file"),
        (EVERYTHING + '\nrest_hook_origins = ["http://example.org"]', "rest_hook_origins"),
        ('scopes = ["system/*.rs"]\ngroups = { a = "nowhere.csv" }', "nowhere.csv"),
    ],
)
def test_a_registries_file_that_says_too_little_is_refused(a_registry_site, registries, named):
    """At start, naming the field."""
    site = a_registry_site(registries=registries)
    with pytest.raises(SettingsInvalid, match=named):
        read_registries(site.configured.registries_file, site.configured)
