"""De-identified views: what is left out holds for every resource that is ever rendered."""

import json
import re
import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correcting import Correcting
from cds.reader import Reader
from cds.registry.views import DayShift, Deidentified, Pseudonyms
from cds.resource import SERVED_TYPES, ResourceVersion
from cds.storage.audit_log import SqlAuditLog
from cds.storage.corrections import SqlCorrections
from cds.storage.registry_tables import resources
from tests.support.assessments import a_correctable, a_key
from tests.support.registry_site import EVERYTHING, ids

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))
SECRET = b"s" * 40
HEAD = 'pseudonym_secret_file = "secret"'
REVEALING = (
    "PAT",
    "P1",
    "HOSPITAL",
    "1.2.826",
    "hospital.example.org",
    "urn:oid",
    "2025-09",
    "2026-",
    "xhtml",
    "issued",
)


@pytest.fixture(params=["safe-harbor", "site"])
def site(request, a_registry_site):
    """Three patients, and a registry that gets de-identified data."""
    site = a_registry_site(head=HEAD, registries=f'{EVERYTHING}\ndeidentify = "{request.param}"')
    for number in range(1, 4):
        site.keep(number)
    return site


async def test_nothing_that_identifies_leaves(site):
    """Neither in searches nor in exports: identifiers, UIDs, full dates, narrative, stored ids."""
    plain = [row.id for row in stored(site)]
    async with site.with_token() as registry:
        found = (await registry.get("Observation?_include=Observation:patient&_include=Observation:derived-from")).text
        _, manifest = await registry.export()
        lines = "\n".join(await registry.lines(manifest))

    harbor = "safe-harbor" in str((site.folder / "registries.toml").read_text())
    entries = json.dumps([each["resource"] for each in json.loads(found)["entry"]])
    for text in (entries, lines):
        for word in REVEALING:
            assert word not in text, word
        for stored_id in plain:
            assert stored_id not in text
        dates = re.findall(r'"(?:effectiveDateTime|started)": ?"([^"]+)"', text)
        assert dates
        assert all((each == "2025") == harbor for each in dates)
    assert {each["type"] for each in manifest["output"]} == set(SERVED_TYPES) - {"Provenance"}


def stored(site):
    """Rows of patients' resources."""
    with site.engine.connect() as connection:
        return connection.execute(select(resources).where(resources.c.type != "Device")).all()


async def test_references_and_reads_go_by_pseudonyms(site):
    """What a resource refers to can be read; a stored id leads nowhere."""
    async with site.with_token() as registry:
        (entry, *_) = (await registry.get("Observation?code=patient-vbmd")).json()["entry"]
        own = await registry.http.get(entry["fullUrl"])
        for reference in (own.json()["subject"], own.json()["device"], *own.json()["derivedFrom"]):
            assert (await registry.get(reference["reference"])).status_code == 200
        of_patient = await registry.get(f"Observation?patient={own.json()['subject']['reference']}")
        for row in stored(site)[:9]:
            assert (await registry.get(f"{row.type}/{row.id}")).status_code in (403, 404)

    assert own.json() == entry["resource"]
    assert "last-modified" not in own.headers
    assert len(ids(of_patient.json())) == 4


async def test_nobody_finds_out_by_asking(site):
    """Searches by date or identifier would give away what was taken out."""
    async with site.with_token() as registry:
        for query in ("date=2025-09-14", "identifier=x", "patient.identifier=P1", "_sort=date", "_sort=-date"):
            assert (await registry.get(f"Observation?{query}")).status_code == 403, query
        assert (await registry.get("$export?_typeFilter=Observation%3Fdate%3D2025-09-14")).status_code == 403
        assert (await registry.get("Provenance/1")).status_code == 403


async def test_a_correction_reaches_the_copies(site):
    """Withdrawn results keep their pseudonym, and are entered in error under it."""
    async with site.with_token() as registry:
        before = set(ids((await registry.get("Observation")).json()))
        result = site.store.latest(stored_key())
        site.store.withdraw(result.result_id, "the study is gone")
        wrong = set(ids((await registry.get("Observation?status=entered-in-error")).json()))

        reports = (await registry.get("DiagnosticReport?status=entered-in-error")).text
        observations = (await registry.get("Observation?status=entered-in-error")).text

    assert len(wrong) == 4
    assert wrong < before
    for text in (reports, observations):
        assert '"no-longer-confirmed"' in text
        assert "the study is gone" not in text  # the words of whoever withdrew it may name somebody


async def test_what_a_reader_wrote_stays_here(site):
    """A corrected value goes out as corrected, without the reader's name, words and day."""
    measured = a_correctable({T12: 80, L1: 82, L2: 98, L3: 84})
    result = site.keep(9, levels=measured.levels, premises=measured.premises)
    audit = SqlAuditLog(site.engine, site.clock)
    correcting = Correcting(site.store, SqlCorrections(site.engine), site.publisher, audit, site.clock)
    correcting.correct(result.result_id, Reader("Dr. Revealed"), Change(((L2, "fracture"),)), "Says Mrs Revealed.")
    async with site.with_token() as registry:
        observations = (await registry.get("Observation?status=corrected")).text
        reports = (await registry.get("DiagnosticReport?status=corrected")).text

    assert len(ids(json.loads(observations))) == 5
    assert "Investigational" in observations
    for text in (observations, reports):
        assert "Revealed" not in text
        assert "Corrected by" not in text
        assert "authorString" not in text


def stored_key():
    """Of the first patient."""
    return a_key("P1")


@given(st.uuids(), st.uuids())
def test_pseudonyms_are_a_permutation_under_a_key(one, another):
    """They can be undone, never collide, and differ between registries."""
    first, second = Pseudonyms(SECRET, "a"), Pseudonyms(SECRET, "b")

    assert first.undo(first.of(str(one))) == str(one)
    assert (first.of(str(one)) == first.of(str(another))) == (one == another)
    assert first.of(str(one)) != second.of(str(one))
    assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", first.of(str(one)))


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.uuids())
def test_dates_move_together_and_never_stay(day, later, patient):
    """Spans between scans of one patient stay true."""
    shift = DayShift(Pseudonyms(SECRET, "a"), 182)
    moved = shift(day, str(patient))

    assert 1 <= abs((moved - day).days) <= 182
    assert (shift(day + timedelta(days=later), str(patient)) - moved).days == later


TEXTS = st.text(max_size=8)
JSON = st.recursive(st.none() | TEXTS | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
ADDED = st.dictionaries(st.sampled_from(["extension", "performer", "text", "issued", "conclusion", "contained"]), JSON)


@settings(deadline=None)
@given(st.sampled_from(["Observation", "DiagnosticReport", "ImagingStudy", "Patient"]), ADDED)
def test_what_nobody_decided_about_stays_inside(kind, added):
    """Elements are kept by name: whatever else a rendering has is left out."""
    body = {
        "resourceType": kind,
        "id": str(uuid.uuid4()),
        "meta": {"versionId": "1", "lastUpdated": "2026"},
        "status": "x",
    }
    resource = ResourceVersion(kind, body["id"], 1, 0, json.dumps(body | added).encode(), patient=body["id"])

    shown = json.loads(Deidentified(Pseudonyms(SECRET, "a"), None, lambda: 2026).shown(resource))

    assert not shown.keys() & added.keys()
    assert "lastUpdated" not in shown["meta"]


@pytest.mark.parametrize(("born", "told"), [("1951-04-03", "1951"), ("1937-12-31", "1937"), ("1936-01-01", None)])
def test_ages_of_90_and_over_are_one_group(born, told):
    """Of a birth date the year; from 90 on, not even that."""
    body = {"resourceType": "Patient", "id": str(uuid.uuid4()), "meta": {"versionId": "1"}, "birthDate": born}
    resource = ResourceVersion("Patient", body["id"], 1, 0, json.dumps(body).encode(), patient=body["id"])

    shown = json.loads(Deidentified(Pseudonyms(SECRET, "a"), None, lambda: 2026).shown(resource))

    assert shown.get("birthDate") == told
    assert ("_birthDate" in shown) == (told is None)
