"""The story of `cds.image_results`, told on fakes."""

from dataclasses import replace

import numpy as np
import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.measured_ct import Measured, MeasuredCt
from cds.bone.regions import MeasuredRegions
from cds.errors import ArchiveUnavailable, StudyVanished
from cds.image_results import ResultDelivery
from cds.ports import ResultRefused
from tests.support.assessments import a_refusal, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts
from tests.support.image_results import FakeImageResults, FakeRegionStore
from tests.support.screening_fakes import FakeSegmenter, MemoryStore, a_series, a_volume_without_spine

RESULT = a_result()


def a_measured_ct(*, with_uids=True):
    """An assessed CT with one measured region."""
    volume = a_volume_without_spine(a_series())
    if with_uids:
        volume = replace(volume, sop_instance_uids=tuple(f"1.2.3.{number}" for number in range(60)))
    rois = {VertebralLevel.L1: np.array([[30, 16, 16], [30, 16, 17]], np.int32)}
    return Measured(an_assessment(), MeasuredCt(volume, FakeSegmenter().spine, rois))


@pytest.fixture
def clock():
    """A clock that the test moves."""
    return SettableClock()


@pytest.fixture
def store():
    """The published results."""
    return MemoryStore()


@pytest.fixture
def archive():
    """An archive that takes results."""
    return FakeImageResults()


@pytest.fixture
def delivery(clock, store, archive):
    """Everything on fakes, live."""
    return ResultDelivery(
        FakeRegionStore(clock), store, archive, FakeAudit(), FakeOptOuts(), clock, is_live=lambda: True
    )


def publish(store, result=RESULT):
    """As the publish step does."""
    store.keep(result, b"")


def waiting(delivery):
    """Ids of what waits."""
    return [result_id for result_id, _ in delivery.regions.waiting()]


def test_a_published_result_reaches_the_archive_once(delivery, store, archive):
    """Kept while measuring, stored after publishing, then forgotten; an audit row says so."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    delivery.deliver()
    delivery.deliver()

    (stored,) = archive.stored.values()
    assert isinstance(stored, MeasuredRegions)
    assert [region.inside.sum() for region in stored.regions] == [2]
    assert waiting(delivery) == []
    assert delivery.audit.rows == [("image-results", RESULT.patient.key, "stored", RESULT.result_id)]


def test_a_ct_without_a_result_keeps_no_regions(delivery):
    """Its outlines are for the pictures of its page; there is no result to store in the archive."""
    delivery.keep(RESULT.result_id, replace(a_measured_ct(), assessment=a_refusal()))

    assert waiting(delivery) == []


def test_what_is_not_published_waits(delivery, store, archive):
    """A worker that dies between measuring and publishing loses nothing: it is stored once published."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    delivery.deliver()
    assert (archive.stored, waiting(delivery)) == ({}, [RESULT.result_id])

    publish(store)
    delivery.deliver()
    assert list(archive.stored) == [RESULT.result_id]


def test_what_is_never_published_is_forgotten_after_a_day(delivery, archive, clock):
    """Such as images that turned out to be somebody else's."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    clock.move_on(hours=25)
    delivery.deliver()

    assert (archive.stored, waiting(delivery)) == ({}, [])


def test_nothing_of_who_has_opted_out_goes_to_the_archive(delivery, store, archive):
    """Also where it was measured before; an audit row says so."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    delivery.opt_outs.patients.add(RESULT.patient.key)
    delivery.deliver()

    assert (archive.stored, waiting(delivery)) == ({}, [])
    assert delivery.audit.outcomes == [("image-results", "opted-out")]


def test_an_archive_that_is_away_is_asked_again(delivery, store, archive):
    """Nothing is lost, nothing is audited, and the next round stores it."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    archive.fault = ArchiveUnavailable("away")
    with pytest.raises(ArchiveUnavailable):
        delivery.deliver()
    assert (waiting(delivery), delivery.audit.rows) == ([RESULT.result_id], [])

    archive.fault = None
    delivery.deliver()
    assert list(archive.stored) == [RESULT.result_id]


def test_an_archive_that_is_away_for_a_month_is_given_up(delivery, store, archive, clock):
    """So that what waits does not grow for ever; the audit log says so."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    archive.fault = ArchiveUnavailable("away")
    clock.move_on(days=31)
    delivery.deliver()

    assert (waiting(delivery), delivery.audit.outcomes) == ([], [("image-results", "given up")])


@pytest.mark.parametrize(
    ("fault", "outcome"), [(ResultRefused("no room for it"), "refused"), (StudyVanished("gone"), "images gone")]
)
def test_a_final_refusal_holds_up_nobody(delivery, store, archive, fault, outcome):
    """What cannot be stored is audited with its reason and forgotten; what comes after it is stored."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    archive.fault = fault
    delivery.deliver()
    archive.fault = None
    other = replace(RESULT, result_id="other")
    delivery.keep("other", a_measured_ct())
    publish(store, other)
    delivery.deliver()

    assert [outcome for _, outcome in delivery.audit.outcomes] == [outcome, "stored"]
    assert list(archive.stored) == ["other"]


def test_a_refusal_says_why_in_the_audit_log(delivery, store, archive):
    """The sentence of the archive is kept beside the result's id."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    archive.fault = ResultRefused("no room for it")
    delivery.deliver()

    assert delivery.audit.rows[0][3] == f"{RESULT.result_id} no room for it"


def test_in_shadow_nothing_leaves(delivery, store, archive):
    """Neither what is measured in shadow, nor later what was: a hospital that goes live starts then."""
    shadow = replace(delivery, is_live=lambda: False)
    shadow.keep("in shadow", a_measured_ct())
    publish(store, replace(RESULT, result_id="in shadow"))
    delivery.deliver()
    assert archive.stored == {}

    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    shadow.deliver()
    assert archive.stored == {}


def test_what_was_not_assessed_leaves_nothing(delivery):
    """Nor does a CT whose images carry no identifiers that could be referred to."""
    delivery.keep("refused", Measured(an_assessment()))
    delivery.keep("nameless", a_measured_ct(with_uids=False))

    assert waiting(delivery) == []


def test_a_withdrawn_result_is_not_stored(delivery, store, archive, clock):
    """Withdrawn before it reached the archive, it never does."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    store.withdraw(RESULT.result_id, "wrong patient")
    delivery.deliver()
    clock.move_on(days=2)
    delivery.deliver()

    assert (archive.stored, waiting(delivery)) == ({}, [])


def test_a_result_taken_back_is_rejected_in_the_archive(delivery, store, archive):
    """With its reason, and audited; what never arrived there needs no rejection, and does not arrive any more."""
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    delivery.deliver()
    assert delivery.reject(RESULT, "quality")
    assert archive.rejected == [(RESULT.result_id, "quality")]
    assert delivery.audit.outcomes[-1] == ("image-results", "rejected")

    other = replace(RESULT, result_id="other")
    delivery.keep("other", a_measured_ct())
    assert not delivery.reject(other, "quality")
    assert waiting(delivery) == []


def test_a_result_taken_back_while_it_is_stored_is_rejected(delivery, store, archive):
    """Whoever withdraws between reading and storing does not leave it in the archive."""

    class Withdrawing(FakeImageResults):
        def store(self, result, regions):
            super().store(result, regions)
            store.withdraw(result.result_id, "wrong patient")

    archive = Withdrawing()
    delivery = replace(delivery, archive=archive)
    delivery.keep(RESULT.result_id, a_measured_ct())
    publish(store)
    delivery.deliver()

    assert archive.rejected == [(RESULT.result_id, "patient-safety")]
