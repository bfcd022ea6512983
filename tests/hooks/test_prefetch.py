from datetime import UTC, date, datetime

import pytest

from cds.hooks.chart_reading import missing_keys
from cds.hooks.discovery import SERVICES
from cds.hooks.identity import IdentityRules, IdentityUncertain
from cds.hooks.messages import HookCall
from cds.hooks.orders import asked_of
from cds.hooks.prefetch import Inquiry, access_of, identify
from cds.hooks.prefetch_templates import prefetch_for
from cds.hooks.problems import Problem
from cds.ports import ChartAccess
from tests.support.fakes import FakeChart
from tests.support.hook_calls import (
    FHIR_ID,
    FHIR_SERVER,
    SYSTEM,
    a_bundle,
    a_fhir_patient,
    an_identifier,
    an_order_sign,
)

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RULES = IdentityRules("default", SYSTEM, "HOSPITAL")
WITH_SERVER = {"fhirServer": FHIR_SERVER, "fhirAuthorization": {"access_token": "t0ken", "token_type": "Bearer"}}


async def who(call: dict, chart: FakeChart | None = None):
    """The identifier that a call leads to."""
    parsed = HookCall.model_validate(call)
    asked = asked_of(parsed, SERVICES["osteocds-order-sign"])
    record = await identify(Inquiry(parsed, asked, chart or FakeChart(), access_of(parsed)), RULES, AT)
    return record.identity.key.patient_id


def replaced_by(reference: object, **fields):
    """A record that another one has replaced."""
    return a_fhir_patient(active=False, link=[{"type": "replaced-by", "other": {"reference": reference}}], **fields)


async def test_the_prefetched_patient_is_used():
    """With the Patient in prefetch, nothing is read from fhirServer."""
    chart = FakeChart()

    assert await who(an_order_sign(**WITH_SERVER), chart) == "PAT-0001"
    assert chart.reads == []


@pytest.mark.parametrize(
    "prefetch",
    [
        None,
        {},
        {"patient": None},
        {"patient": {"resourceType": "OperationOutcome", "issue": []}},
        {"patient": "Patient/1"},
        {"patient": a_bundle()},
        {"other": {}},
    ],
)
async def test_a_missing_patient_is_read_from_the_chart(prefetch):
    """Missing, null, OperationOutcome: the Patient is read from fhirServer with the call's token."""
    chart = FakeChart({FHIR_ID: a_fhir_patient()})

    assert await who(an_order_sign(prefetch=prefetch, **WITH_SERVER), chart) == "PAT-0001"
    assert chart.reads == [(ChartAccess(FHIR_SERVER, "t0ken"), f"Patient/{FHIR_ID}")]


@pytest.mark.parametrize(
    ("fields", "patients"),
    [
        ({}, {}),  # no fhirServer
        ({"fhirServer": ""}, {}),
        (WITH_SERVER, {}),  # fhirServer does not give it
        (WITH_SERVER, {FHIR_ID: a_fhir_patient(id="somebody-else")}),
        (WITH_SERVER, {FHIR_ID: {"resourceType": "OperationOutcome"}}),
    ],
)
async def test_a_patient_that_cannot_be_had_is_412_naming_the_key(fields, patients):
    """What is missing and cannot be read is named in a 412."""
    with pytest.raises(Problem, match="Missing prefetch keys: patient") as problem:
        await who(an_order_sign(prefetch={}, **fields), FakeChart(patients))

    assert problem.value.status == 412


@pytest.mark.parametrize("patient_id", ["somebody-else", None, FHIR_ID.upper()])
async def test_a_prefetched_patient_of_another_id_is_400(patient_id):
    """The prefetched Patient must be context.patientId."""
    with pytest.raises(Problem) as problem:
        await who(an_order_sign(patient=a_fhir_patient(id=patient_id)))

    assert problem.value.status == 400


@pytest.mark.parametrize("reference", ["Patient/survivor", f"{FHIR_SERVER}/Patient/survivor"])
async def test_a_replaced_record_leads_to_the_one_in_use(reference):
    """replaced-by is followed: the surviving record's identifier counts."""
    survivor = a_fhir_patient(id="survivor", identifier=[an_identifier("PAT-2222")])

    found = await who(an_order_sign(patient=replaced_by(reference), **WITH_SERVER), FakeChart({"survivor": survivor}))

    assert found == "PAT-2222"


@pytest.mark.parametrize(
    ("patient", "patients", "fields", "code"),
    [
        pytest.param(replaced_by("Patient/survivor"), {}, {}, "patient-replaced", id="no fhirServer"),
        pytest.param(replaced_by("Patient/survivor"), {}, WITH_SERVER, "patient-replaced", id="not readable"),
        pytest.param(
            replaced_by("https://elsewhere.example.org/fhir/Patient/survivor"),
            {"survivor": a_fhir_patient(id="survivor")},
            WITH_SERVER,
            "patient-link-unreadable",
            id="an id on another server is somebody else",
        ),
        pytest.param(replaced_by("RelatedPerson/1"), {}, WITH_SERVER, "patient-link-unreadable", id="no patient"),
        pytest.param(replaced_by(None), {}, WITH_SERVER, "patient-link-unreadable", id="no reference"),
        pytest.param(
            a_fhir_patient(
                link=[
                    {"type": "replaced-by", "other": {"reference": "Patient/a"}},
                    {"type": "replaced-by", "other": {"reference": "Patient/b"}},
                ]
            ),
            {},
            WITH_SERVER,
            "patient-link-ambiguous",
            id="two successors",
        ),
        pytest.param(
            replaced_by(f"Patient/{FHIR_ID}"),
            {FHIR_ID: replaced_by(f"Patient/{FHIR_ID}")},
            WITH_SERVER,
            "patient-link-circular",
            id="replaced by itself",
        ),
        pytest.param(
            replaced_by("Patient/survivor"),
            {"survivor": a_fhir_patient(id="survivor", active=False)},
            WITH_SERVER,
            "patient-inactive",
            id="the survivor is inactive",
        ),
    ],
)
async def test_a_replacement_that_cannot_be_followed_is_uncertain(patient, patients, fields, code):
    """A replaced record never speaks for its successor."""
    with pytest.raises(IdentityUncertain) as refused:
        await who(an_order_sign(patient=patient, **fields), FakeChart(patients))

    assert refused.value.code == code


async def test_a_patient_in_a_bundle_is_the_patient():
    """Some clients wrap the Patient in a Bundle; with somebody else beside it the call is refused."""
    assert await who(an_order_sign(patient=a_bundle(a_fhir_patient()))) == "PAT-0001"
    with pytest.raises(Problem) as problem:
        await who(an_order_sign(patient=a_bundle(a_fhir_patient(), a_fhir_patient(id="somebody-else"))))

    assert problem.value.status == 400


@pytest.mark.parametrize(
    ("fields", "deceased"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2025"}, True),
    ],
)
async def test_of_the_patient_only_facts_are_kept(fields, deceased):
    """Who it is, under which ids, born when, and whether dead; of a replaced record too."""
    survivor = a_fhir_patient(id="survivor")
    replaced = replaced_by("Patient/survivor", **fields)
    call = HookCall.model_validate(an_order_sign(patient=replaced, **WITH_SERVER))
    asked = asked_of(call, SERVICES["osteocds-order-sign"])

    record = await identify(Inquiry(call, asked, FakeChart({"survivor": survivor}), access_of(call)), RULES, AT)

    assert (record.deceased, record.birth_date) == (deceased, date(1951, 4, 3))
    assert record.fhir_ids == {FHIR_ID, "survivor"}
    assert "Secretname" not in repr(record)


async def test_a_missing_patient_is_named_with_all_other_missing_keys():
    """Whoever mends the prefetch is told of everything at once."""
    call = HookCall.model_validate(an_order_sign(prefetch={"orders": None}))
    inquiry = Inquiry(call, asked_of(call, SERVICES["osteocds-order-sign"]), FakeChart(), access_of(call))

    with pytest.raises(Problem) as problem:
        await identify(inquiry, RULES, AT, also_missing=missing_keys(inquiry))

    named = problem.value.text.removeprefix("Missing prefetch keys: ").partition(".")[0].split(", ")
    assert set(named) == set(prefetch_for("order-sign")) - {"orders"}


async def test_other_links_change_nothing():
    """A record that replaces or mentions another one speaks for itself."""
    link = [{"type": kind, "other": {"reference": "Patient/x"}} for kind in ("replaces", "seealso", "refer")]

    assert await who(an_order_sign(patient=a_fhir_patient(link=link))) == "PAT-0001"


@pytest.mark.parametrize(("hops", "found"), [(3, "PAT-0001"), (4, None)])
async def test_a_chain_of_replacements_has_an_end(hops, found):
    """Three replacements are followed; a longer chain is taken for a mistake."""
    records = {f"hop-{n}": replaced_by(f"Patient/hop-{n + 1}", id=f"hop-{n}") for n in range(1, hops)}
    chart = FakeChart(records | {f"hop-{hops}": a_fhir_patient(id=f"hop-{hops}")})
    call = an_order_sign(patient=replaced_by("Patient/hop-1"), **WITH_SERVER)

    if found is None:
        with pytest.raises(IdentityUncertain, match="circular"):
            await who(call, chart)
    else:
        assert await who(call, chart) == found
