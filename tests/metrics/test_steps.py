"""Mirrors cds/metrics/steps.py: what a screening leaves in the numbers."""

import pytest

from cds.bone.record import to_record
from cds.errors import ArchiveUnavailable
from cds.metrics.catalogue import FAILURES, OUTCOMES, SCREENINGS
from cds.metrics.steps import MeteredSteps
from cds.metrics.tally import Tally
from tests.support.assessments import a_refusal, an_assessment
from tests.support.metric_fakes import MemoryMetrics


class Steps:
    """Gives what it is told to; raises what is an exception."""

    def __init__(self, choice=None, record=None, published="id"):
        self.given = {"choose": choice, "measure": record, "publish": published}

    def _give(self, step):
        if isinstance(self.given[step], Exception):
            raise self.given[step]
        return self.given[step]

    def choose(self, order):
        """The choice."""
        del order
        return self._give("choose")

    def measure(self, choice):
        """The record."""
        del choice
        return self._give("measure")

    def publish(self, choice, record):
        """The id."""
        del choice, record
        return self._give("publish")


def numbers(assessment=None, **facts):
    """Run all steps; {name: {labels: value}} without the sums and counts of time."""
    record = None if assessment is None else to_record(assessment)
    store = MemoryMetrics()
    tally = Tally(store, "one")
    steps = MeteredSteps(Steps({"patient": 1}, record, **facts), tally)
    choice = steps.choose({})
    if steps.measure(choice) is not None:
        steps.publish(choice, record)
    tally.bring()
    found = {}
    for sample, value in store.counts.items():
        found.setdefault(sample.metric, {})[tuple(text for _, text in sample.labels)] = value
    return found


def test_an_assessment_is_counted_with_flags_model_and_stages():
    """Stages from the record: retrieve, segment, calibrate, and all of it; choose and publish by the clock."""
    found = numbers(an_assessment())

    assert found["osteocds_screenings"] == {("assessed",): 1}
    assert found["osteocds_measurements"] == {("spine-net-1",): 1}
    assert found["osteocds_flags"] == {("scanner-not-calibrated",): 1, ("near-80",): 1}
    assert found["osteocds_stage_seconds"]["segment", "2.0"] == 1
    assert found["osteocds_stage_seconds"]["segment", "sum"] == 1.5
    assert {stage for stage, _ in found["osteocds_stage_seconds"]} == {
        *("choose", "retrieve", "segment", "calibrate", "assess", "publish")
    }


def test_a_refusal_is_counted_by_its_reasons():
    """Gate by gate."""
    found = numbers(a_refusal())

    assert found["osteocds_screenings"] == {("not-assessable",): 1}
    assert found["osteocds_not_assessable"] == {("slices-too-thick",): 1}


def test_nothing_to_measure_is_an_outcome():
    """No prior CT, or opted out meanwhile."""
    assert numbers(None)["osteocds_screenings"] == {("nothing-to-measure",): 1}


def outcome_of(**given):
    """How one screening is counted."""
    store = MemoryMetrics()
    tally = Tally(store, "one")
    steps = MeteredSteps(Steps(**given), tally)
    choice = steps.choose({})
    if choice is not None and "already" not in choice and (record := steps.measure(choice)) is not None:
        steps.publish(choice, record)
    tally.bring()
    (outcome,) = (sample.labels[0][1] for sample in store.counts if sample.metric == SCREENINGS.name)
    return outcome


def test_each_screening_ends_in_one_of_the_outcomes_that_the_catalogue_promises():
    """And there is none that nobody counts."""
    store, chosen = MemoryMetrics(), {"patient": 1}
    tally = Tally(store, "one")
    MeteredSteps(Steps(), tally).failed("ScreeningFailed")
    tally.bring()
    expected = (
        (outcome_of(choice=None), "nothing-to-measure"),
        (outcome_of(choice={"already": "result-1"}), "known"),
        (outcome_of(choice=chosen), "nothing-to-measure"),
        (outcome_of(choice=chosen, record=to_record(an_assessment())), "assessed"),
        (outcome_of(choice=chosen, record=to_record(a_refusal())), "not-assessable"),
        (outcome_of(choice=chosen, record=to_record(an_assessment()), published=None), "not-published"),
    )

    assert [found for found, _ in expected] == [told for _, told in expected]
    assert {*(found for found, _ in expected), "failed"} == set(OUTCOMES)
    assert {(sample.metric, *(text for _, text in sample.labels)) for sample in store.counts} == {
        (SCREENINGS.name, "failed"),
        (FAILURES.name, "all", "ScreeningFailed"),
    }


def test_a_lost_worker_is_a_failure_that_somebody_else_counts():
    """It cannot say so itself."""
    store = MemoryMetrics()
    tally = Tally(store, "one")
    MeteredSteps(Steps(), tally).worker_lost()
    tally.bring()

    (sample,) = store.counts
    assert sample.labels == (("step", "all"), ("kind", "WorkerLost"))


def test_a_failure_is_counted_by_kind_and_raised():
    """Never by its text."""
    store = MemoryMetrics()
    tally = Tally(store, "one")
    with pytest.raises(ArchiveUnavailable):
        MeteredSteps(Steps(ArchiveUnavailable("PAT-0001")), tally).choose({})
    tally.bring()

    (sample,) = store.counts
    assert sample.labels == (("step", "choose"), ("kind", "ArchiveUnavailable"))
