"""What a worker did whose clock was a year ahead, told on a real store: nobody waits a year for it."""

from dataclasses import replace

import pytest

from cds.screening import Known, NoPrior, Pending
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from tests.support.assessments import a_patient, an_order
from tests.support.databases import an_empty_database
from tests.support.screening_fakes import a_series


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, clock):
    """In place of the store of the other tests."""
    with an_empty_database(request.param, tmp_path) as url:
        migrate(url)
        engine = open_engine(url)
        yield SqlAssessmentStore(engine, clock)
        engine.dispose()


@pytest.fixture
def ordered(answering, screening, store):
    """What a hook hears before and after a worker has done what it orders."""
    told = replace(answering, memory=_Memory(store))

    def order():
        before, choice = told.answer(an_order()), screening.choose(an_order())
        if choice.series:
            screening.instruments.clock.move_on(seconds=4)
            assessment = screening.measure(choice)
            screening.publish(choice, assessment)
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
    """Measured twice, because the first of these may have begun before the withdrawal; then it is known."""
    ordered()
    clock.move_on(days=365)
    archive.series.clear()
    assert ordered()[1] == NoPrior(("no-prior-ct",))
    clock.move_on(days=-365)
    archive.series.append(a_series(patient=a_patient()))
    ordered()
    clock.move_on(seconds=10)
    ordered()

    assert isinstance(ordered()[1], Known)
    assert len(archive.retrieved) == 3
