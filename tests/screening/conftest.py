"""`cds.screening` on fakes."""

import pytest

from cds.bone.assessment import Software
from cds.measurement import Instruments
from cds.ports import ScreenState
from cds.screening import Answering, AnswerPolicy, Screening
from tests.support.assessments import GENERATION
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts, FakePatientMemory
from tests.support.screening_fakes import (
    FakeArchive,
    FakeCalibrator,
    FakeHealth,
    FakePublisher,
    FakeQueue,
    FakeSegmenter,
    MemoryConfirmations,
    MemoryRecalls,
    MemoryStore,
    a_series,
)


@pytest.fixture
def clock():
    """A clock that the test moves."""
    return SettableClock()


@pytest.fixture
def store():
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def queue(clock):
    """A queue in which everything waits."""
    return FakeQueue(ScreenState("queued", clock.now()))


@pytest.fixture
def audit():
    """An empty audit log."""
    return FakeAudit()


@pytest.fixture
def answering(opt_outs, store, queue, audit, clock):
    """The fast path on fakes."""
    return Answering(FakePatientMemory(opt_outs, store), queue, FakeHealth(), audit, clock, AnswerPolicy(GENERATION))


@pytest.fixture
def archive():
    """An archive with one good series."""
    return FakeArchive([a_series()])


@pytest.fixture
def opt_outs():
    """Nobody has opted out."""
    return FakeOptOuts()


@pytest.fixture
def screening(archive, store, audit, opt_outs, clock):
    """The slow path on fakes."""
    instruments = Instruments(archive, FakeSegmenter(), FakeCalibrator(), clock, Software("0", "fake", "00"))
    return Screening(
        instruments=instruments,
        store=store,
        confirmations=MemoryConfirmations(store),
        recalls=MemoryRecalls(),
        publisher=FakePublisher(),
        audit=audit,
        opt_outs=opt_outs,
        generation=GENERATION,
        max_scan_age_days=730,
        allow_unverified_identity=False,
    )
