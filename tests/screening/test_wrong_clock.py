"""What a worker did whose clock was a year ahead, told on a real store: nobody waits a year for it."""

from dataclasses import replace

import pytest

from cds.reporting.bundle import FhirPublisher
from cds.screening import Known, NoPrior, Pending
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.patient_memory import SqlPatientMemory
from tests.support.assessments import a_patient, an_order
from tests.support.databases import an_empty_database
from tests.support.screening_fakes import a_series


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    """A migrated database, open."""
    with an_empty_database(request.param, tmp_path) as url:
        migrate(url)
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def store(engine, clock):
    """In place of the store of the other tests."""
    return SqlAssessmentStore(engine, clock)


@pytest.fixture
def ordered(answering, screening, engine):
    """What a hook hears before and after a worker has done what it orders."""
    confirmations = SqlConfirmations(engine, screening.instruments.clock)
    working = replace(
        screening, publisher=FhirPublisher("Investigational.", "urn:oid:1.2.3"), confirmations=confirmations
    )
    told = replace(answering, memory=SqlPatientMemory(engine))

    def order():
        before, choice = told.answer(an_order()), working.choose(an_order())
        if choice.series:
            screening.instruments.clock.move_on(seconds=4)
            working.publish(choice, working.measure(choice))
        return before, told.answer(an_order())

    return order


def test_what_was_published_is_shown_as_soon_as_the_archive_was_asked_again(ordered, clock):
    """The first hook waits for that; its confirmation is dated as it should be."""
    clock.move_on(days=365)
    ordered()
    clock.move_on(days=-365)
    before, after = ordered()

    assert isinstance(before, Pending)
    assert isinstance(after, Known)
    assert after.result.confirmed_at == clock.now()


def test_what_was_withdrawn_is_shown_again_when_its_study_is_back(ordered, archive, clock):
    """Measured twice at most, since the first of these may have begun before the withdrawal; then never again."""
    ordered()
    clock.move_on(days=365)
    archive.series.clear()
    for _ in range(2):
        assert ordered()[1] == NoPrior(("no-prior-ct",))
        clock.move_on(days=1)
    clock.move_on(days=-367)
    archive.series.append(a_series(patient=a_patient()))
    for _ in range(2):
        ordered()
    retrieved = len(archive.retrieved)

    assert isinstance(ordered()[1], Known)
    assert len(archive.retrieved) == retrieved
