from datetime import UTC, date, datetime

import pytest

from cds.ct.patient import PatientIdentity, PatientKey
from cds.errors import SettingsInvalid
from cds.hooks.identity import IdentityRules, IdentityUncertain, identity_of
from tests.support.hook_calls import SYSTEM, a_fhir_patient, an_identifier
from tests.support.hook_site import some_settings

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RULES = IdentityRules("default", SYSTEM, "HOSPITAL")
OTHER = {"system": "https://elsewhere.example.org", "value": "X-1"}


@pytest.mark.parametrize(
    "identifiers",
    [
        pytest.param([an_identifier()], id="one identifier of the system"),
        pytest.param([OTHER, an_identifier()], id="other systems do not count"),
        pytest.param([an_identifier("PAT-0000", use="old"), an_identifier()], id="an old one does not count"),
        pytest.param(
            [an_identifier("PAT-0000", period={"end": "2025-12-31"}), an_identifier()],
            id="one whose period has ended does not count",
        ),
        pytest.param([an_identifier(), an_identifier("PAT-9", period={"start": "2027"})], id="nor a future one"),
        pytest.param([an_identifier(" PAT-0001 ")], id="padding is trimmed"),
        pytest.param([an_identifier(), an_identifier(use="usual")], id="the same one listed twice"),
        pytest.param([None, "x", an_identifier()], id="things that are no identifiers"),
    ],
)
def test_exactly_one_current_identifier_names_the_patient(identifiers):
    """One current value of the configured system becomes the archive's key, with the site's issuer."""
    identity = identity_of(a_fhir_patient(identifier=identifiers), RULES, AT)

    assert identity == PatientIdentity(PatientKey("default", "PAT-0001", "HOSPITAL"), date(1951, 4, 3), "female")


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        ({"identifier": []}, "identifier-missing"),
        ({"identifier": None}, "identifier-missing"),
        ({"identifier": {"system": SYSTEM, "value": "PAT-0001"}}, "identifier-missing"),  # not a list
        ({"identifier": [OTHER]}, "identifier-missing"),
        ({"identifier": [an_identifier(use="old")]}, "identifier-missing"),
        ({"identifier": [an_identifier(period={"end": "2025"})]}, "identifier-missing"),
        ({"identifier": [an_identifier("A"), an_identifier("B")]}, "identifier-ambiguous"),
        ({"identifier": [an_identifier(), an_identifier("")]}, "identifier-ambiguous"),
        ({"identifier": [an_identifier(period={"end": "soon"})]}, "identifier-period-unreadable"),
        ({"identifier": [an_identifier("")]}, "identifier-unsafe"),
        ({"identifier": [an_identifier("   ")]}, "identifier-unsafe"),
        ({"identifier": [an_identifier(None)]}, "identifier-unsafe"),
        ({"identifier": [an_identifier(17)]}, "identifier-unsafe"),
        ({"identifier": [an_identifier("PAT*")]}, "identifier-unsafe"),
        ({"identifier": [an_identifier("PAT-000?")]}, "identifier-unsafe"),
        ({"identifier": [an_identifier("PAT\\0001")]}, "identifier-unsafe"),
        ({"identifier": [an_identifier("P" * 65)]}, "identifier-unsafe"),
        ({"active": False}, "patient-inactive"),
    ],
)
def test_anything_else_is_uncertain(patient, code):
    """No identifier, several, an unsafe one or an inactive record: refused, each with its own code."""
    with pytest.raises(IdentityUncertain) as refused:
        identity_of(a_fhir_patient(**patient), RULES, AT)

    assert refused.value.code == code
    assert "PAT" not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "birth_date", "sex"),
    [
        ({"birthDate": "1951-04"}, None, "female"),
        ({"birthDate": "1951-02-31"}, None, "female"),
        ({"gender": "male"}, date(1951, 4, 3), "male"),
        ({"gender": "other"}, date(1951, 4, 3), None),
        ({"gender": ["female"]}, date(1951, 4, 3), None),
        ({"deceasedBoolean": True}, date(1951, 4, 3), "female"),  # changes nothing
    ],
)
def test_birth_date_and_sex_are_read_only_where_they_can_be_compared(fields, birth_date, sex):
    """A partial date and any other gender are unknown, never guessed."""
    identity = identity_of(a_fhir_patient(**fields), RULES, AT)

    assert (identity.birth_date, identity.sex) == (birth_date, sex)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"identifier_system": None}, "IDENTIFIER_SYSTEM"),
        ({"archive_issuer": None}, "ARCHIVE_ISSUER"),
    ],
)
def test_a_site_that_could_mix_patients_up_does_not_start(settings, named):
    """Without the identifier's system, or with several issuers and none named, the service refuses to start."""
    with pytest.raises(SettingsInvalid, match=named):
        IdentityRules.from_settings(some_settings(**settings))


def test_a_single_issuer_archive_needs_no_issuer():
    """Where the archive is declared to have one issuer, the key carries none."""
    rules = IdentityRules.from_settings(some_settings(archive_issuer=None, archive_single_issuer=True))

    assert rules.issuer is None
