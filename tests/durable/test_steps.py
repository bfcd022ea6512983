"""Mirrors cds/durable/steps.py: what crosses a checkpoint, and what comes back from it."""

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime

import pytest

from cds.bone.assessment import Assessment, PassedOver, Software
from cds.ct.acquisition import CtSeries
from cds.ct.reason import because
from cds.dicomweb.folder import FolderArchive
from cds.durable.orders import order_to_json
from cds.durable.steps import JsonSteps
from cds.measurement import Instruments
from cds.order import ImagingOrder
from cds.screening import Choice, Screening
from tests.support import dicom_builder
from tests.support.assessments import GENERATION, a_patient, a_refusal, a_result, an_order
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts
from tests.support.screening_fakes import (
    FakeCalibrator,
    FakePublisher,
    FakeSegmenter,
    MemoryConfirmations,
    MemoryRecalls,
    MemoryStore,
    a_series,
)

TYPED = {
    "study_description": "Follow-up Mrs Typed",
    "series_description": "Typed for Dr Typed",
    "protocol_name": "Typed protocol",
    "station_name": "Typed station",
    "body_part": "CHEST Typed",
    "contrast_agent": "Typed agent",
    "filter_type": "Typed filter",
    "filter_material": "Typed material",
    "rescale_type": "Typed unit",
    "image_type": ("ORIGINAL", "PRIMARY", "TYPED"),
}
"""Attributes that hold whatever somebody wrote."""


@dataclass
class FakeScreening:
    """Chooses what it is told to, and keeps what its steps were given."""

    choice: Choice
    assessment: Assessment = field(default_factory=lambda: a_result().assessment)
    asked: list[ImagingOrder] = field(default_factory=list)
    measured: list[Choice] = field(default_factory=list)
    published: list[tuple[Choice, Assessment]] = field(default_factory=list)

    def choose(self, order):
        """The choice."""
        self.asked.append(order)
        return self.choice

    def measure(self, choice):
        """The assessment."""
        self.measured.append(choice)
        return self.assessment

    def publish(self, choice, assessment):
        """One id."""
        self.published.append((choice, assessment))
        return "result-1"


def through_json(data):
    """What a checkpoint gives back."""
    return json.loads(json.dumps(data, allow_nan=False))


def chosen(*series):
    """A screening that chooses these series, and the checkpoint of its choice."""
    screening = FakeScreening(Choice(a_patient(), series))
    return screening, through_json(JsonSteps(screening).choose(order_to_json(an_order())))


@pytest.mark.parametrize(
    ("choice", "checkpoint"),
    [(Choice(a_patient()), None), (Choice(a_patient(), already="result-0"), {"already": "result-0"})],
    ids=["nothing", "known"],
)
def test_nothing_to_measure_is_no_choice(choice, checkpoint):
    """Given no series, or a result that is known already, then there is nothing to go on with, and the two differ."""
    screening = FakeScreening(choice)

    assert JsonSteps(screening).choose(order_to_json(an_order())) == checkpoint
    assert screening.asked == [an_order()]


def test_when_the_archive_was_asked_crosses_a_checkpoint_and_may_be_missing_in_an_old_one():
    """A version before wrote none."""
    moment = datetime(2026, 3, 2, 9, 30, 4, 250000, tzinfo=UTC)
    screening = FakeScreening(Choice(a_patient(), (a_series(),), chosen_at=moment))
    steps = JsonSteps(screening)
    checkpoint = through_json(steps.choose(order_to_json(an_order())))
    steps.measure(checkpoint)
    steps.measure({name: value for name, value in checkpoint.items() if name != "chosen_at"})

    assert [choice.chosen_at for choice in screening.measured] == [moment, None]


def test_a_choice_survives_its_checkpoint():
    """Given two series, then identifiers, patient, order and all that a record names are measured as chosen."""
    series = (
        a_series(1, manufacturer="Maker", model="Scanner 64", study_date=date(2025, 9, 14)),
        a_series(2, a_patient(birth_date=None, sex=None), kvp=None, kernel=None, study_date=None, instance_count=None),
    )
    screening, checkpoint = chosen(*series)
    JsonSteps(screening).measure(checkpoint)
    ((kept),) = screening.measured

    assert kept.patient == a_patient()
    for ours, theirs in zip(kept.series, series, strict=True):
        for name in (
            *("study_uid", "series_uid", "patient", "modality", "instance_count", "study_date"),
            *("manufacturer", "model", "kvp", "kernel", "slice_thickness_mm"),
        ):
            assert getattr(ours, name) == getattr(theirs, name), name


def test_what_was_left_out_survives_its_checkpoint():
    """And a checkpoint of a version that did not keep it is read as having nothing."""
    left_out = (PassedOver("1.2.9", (because("kvp-missing"),), date(2025, 5, 3)), PassedOver("1.2.8", ()))
    screening = FakeScreening(Choice(a_patient(), (a_series(),), left_out=left_out))
    steps = JsonSteps(screening)
    checkpoint = through_json(steps.choose(order_to_json(an_order())))
    steps.measure(checkpoint)
    steps.measure({name: value for name, value in checkpoint.items() if name != "left_out"})

    assert [each.left_out for each in screening.measured] == [left_out, ()]


def test_no_free_text_crosses_a_checkpoint():
    """Given a series full of what people typed, then nothing of it is in the checkpoint."""
    _, checkpoint = chosen(a_series(**TYPED))

    assert "typed" not in json.dumps(checkpoint).lower()


def test_a_new_attribute_of_a_series_stays_out_until_somebody_decides():
    """Given a series that says everything, then the checkpoint holds the names listed here and no other."""
    everything = {each.name: 1 for each in fields(CtSeries)} | TYPED | {"lossy": True, "rows": 512}
    named = {"study_uid", "series_uid", "patient", "modality", "study_date", "manufacturer", "model", "kernel"}
    _, checkpoint = chosen(a_series(**{name: everything[name] for name in everything.keys() - named}))

    assert set(checkpoint) == {"patient", "series"}
    assert set(checkpoint["series"][0]) <= named | {"instance_count", "kvp", "slice_thickness_mm"}
    assert set(checkpoint["series"][0]["patient"]) <= {"patient_id", "issuer", "birth_date", "sex"}


def test_a_measurement_comes_back_as_a_record_and_is_published_from_it():
    """Given a choice and its record from their checkpoints, then publishing sees both as they were."""
    screening, checkpoint = chosen(a_series())
    steps = JsonSteps(screening)
    record = through_json(steps.measure(checkpoint))

    assert steps.publish(checkpoint, record) == "result-1"
    ((choice, assessment),) = screening.published
    assert choice == screening.measured[0]
    assert assessment == screening.assessment


def test_a_refusal_comes_back_as_a_record():
    """Given a CT that cannot be measured, then the record says why, and it is published too."""
    screening, checkpoint = chosen(a_series())
    screening.assessment = a_refusal()
    steps = JsonSteps(screening)
    record = through_json(steps.measure(checkpoint))
    steps.publish(checkpoint, record)

    assert screening.published[0][1].reasons == a_refusal().reasons


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"SeriesDescription": "Thorax Sn100"}, "spectral-filter"),
        ({"ProtocolName": "DE Abdomen VMI"}, "virtual-monoenergetic"),
        ({"FilterMaterial": "TIN"}, "spectral-filter"),
    ],
    ids=str,
)
def test_what_the_images_say_is_judged_after_the_checkpoint(tmp_path, said, code):
    """Given a choice that lost its text and images that say what forbids a measurement, then it is refused."""
    paths = dicom_builder.written(tmp_path)
    steps, store = steps_on(tmp_path)
    checkpoint = through_json(steps.choose(order_to_json(an_order(dicom_builder.an_identity()))))
    dicom_builder.edit_all(paths, **said)
    record = steps.measure(checkpoint)
    result = store.read(steps.publish(checkpoint, through_json(record)))

    assert code in [reason["code"] for reason in record["reasons"]]
    assert record["acquisition"]["study_date"] == "2026-05-04"
    assert result.assessment.acquisition.series_uid == dicom_builder.SERIES_UID


def test_images_of_somebody_else_are_no_result(tmp_path):
    """Given images whose birth date was not what the search told, then nothing is stored for this patient."""
    paths = dicom_builder.written(tmp_path)
    steps, store = steps_on(tmp_path)
    checkpoint = through_json(steps.choose(order_to_json(an_order(dicom_builder.an_identity()))))
    dicom_builder.edit_all(paths, PatientBirthDate="19900101")
    record = steps.measure(checkpoint)

    assert [reason["code"] for reason in record["reasons"]] == ["patient-mismatch"]
    assert steps.publish(checkpoint, through_json(record)) is None
    assert store.results == {}


def steps_on(folder):
    """The slow path over a folder, its store beside it."""
    archive, store, clock = FolderArchive(folder), MemoryStore(), SettableClock()
    instruments = Instruments(archive, FakeSegmenter(), FakeCalibrator(), clock, Software("0", "fake", "00"))
    steps = JsonSteps(
        Screening(
            instruments=instruments,
            store=store,
            confirmations=MemoryConfirmations(store),
            recalls=MemoryRecalls(),
            publisher=FakePublisher(),
            audit=FakeAudit(),
            opt_outs=FakeOptOuts(),
            generation=GENERATION,
            max_scan_age_days=None,
            allow_unverified_identity=False,
        )
    )
    return steps, store
