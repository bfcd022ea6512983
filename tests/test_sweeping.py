"""The story of `cds.sweeping`, told on fakes."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from cds.ct.patient import ArchivedPatient
from cds.errors import ArchiveUnavailable
from cds.pace import Pace
from cds.ports import ScreenState
from cds.study import ArchiveIdentity
from cds.sweep import SweepRequest
from cds.sweeping import Sweeping
from tests.support.assessments import GENERATION, SCANNED_ON, a_key, a_result
from tests.support.clock import SettableClock
from tests.support.fakes import FakeOptOuts
from tests.support.screening_fakes import FakeQueue, MemoryStore
from tests.support.sweep_fakes import FakeBacklog, FakeIndex, MemorySweepLog, a_study

FIRST = SCANNED_ON - timedelta(days=9)
WHOLE = SweepRequest("default", FIRST, SCANNED_ON)


@dataclass
class PerPatientQueue(FakeQueue):
    """Everybody is unknown at first and queued afterwards; `states` says otherwise."""

    now: ScreenState = field(default_factory=lambda: ScreenState("queued"))
    states: dict[str, ScreenState] = field(default_factory=dict)

    def state(self, patient):
        """By identifier."""
        return self.states.get(patient.patient_id, ScreenState("none"))

    def names(self):
        """Who was queued, in order."""
        return [each.patient.key.patient_id for each in self.submitted]


@dataclass
class Ground:
    """A sweep and everything it touches."""

    index: FakeIndex = field(default_factory=FakeIndex)
    queue: PerPatientQueue = field(default_factory=PerPatientQueue)
    backlog: FakeBacklog = field(default_factory=FakeBacklog)
    store: MemoryStore = field(default_factory=MemoryStore)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    log: MemorySweepLog = field(default_factory=MemorySweepLog)
    clock: SettableClock = field(default_factory=SettableClock)

    def run(self, request=WHOLE, **facts):
        """Sweep."""
        return Sweeping(
            index=self.index,
            identity=ArchiveIdentity("default", "HOSPITAL"),
            store=self.store,
            queue=self.queue,
            backlog=self.backlog,
            opt_outs=self.opt_outs,
            log=self.log,
            clock=self.clock,
            pace=Pace(self.clock, 1e9, 1e9, sleep=lambda _: None),
            generation=GENERATION,
            sleep=lambda _: None,
            **facts,
        ).run(request)


@pytest.fixture
def ground():
    """An archive of three studies on three days."""
    days = [SCANNED_ON - timedelta(days=number) for number in (5, 0, 2)]
    return Ground(FakeIndex([a_study(number, day) for number, day in enumerate(days, 1)]))


def test_everybody_is_queued_newest_first(ground):
    """Day by day from the last to the first; the order's key is that of hooks, its origin is named."""
    done = ground.run()

    assert ground.queue.names() == ["PAT-0002", "PAT-0003", "PAT-0001"]
    assert {each.hook for each in ground.queue.submitted} == {"archive-sweep"}
    assert ground.queue.submitted[0].patient.key == a_key("PAT-0002")
    assert [asked[0] for asked in ground.index.asked] == [SCANNED_ON - timedelta(days=n) for n in range(10)]
    assert done.finished
    assert done.counts == {"queued": 3}


def test_what_is_known_is_left_out(ground):
    """Measured, queued already, looked at lately, opted out, of another issuer: counted, not queued."""
    ground.index.listed = [a_study(number) for number in range(1, 6)]
    ground.index.listed.append(a_study(6, patient=ArchivedPatient("PAT-0006", "ELSEWHERE")))
    ground.store.keep(a_result(), b"")
    ground.queue.states["PAT-0002"] = ScreenState("running")
    ground.opt_outs.patients.add(a_key("PAT-0003"))
    ground.store.keep_nothing_found(a_key("PAT-0004"), ground.clock.now() - timedelta(hours=2), ["no-prior-ct"])
    done = ground.run()

    assert ground.queue.names() == ["PAT-0005"]
    assert done.counts == {"known": 3, "opted-out": 1, "queued": 1, "refused": 1}


def test_an_older_model_or_a_newer_scan_is_no_reason_to_leave_out(ground):
    """A result of another generation, or one older than the study that was found, is measured again."""
    ground.index.listed = [a_study(1, SCANNED_ON)]
    ground.store.keep(a_result(generation="older"), b"")
    ground.run()
    newer = Ground(FakeIndex([a_study(1, SCANNED_ON + timedelta(days=1))]))
    newer.store.keep(a_result(), b"")
    newer.clock.move_on(days=2)
    newer.run(SweepRequest("default", SCANNED_ON, SCANNED_ON + timedelta(days=1)))

    assert ground.queue.names() == newer.queue.names() == ["PAT-0001"]


@pytest.mark.parametrize("why", ["patient-mismatch", "identity-unverified"])
def test_what_a_wrong_chart_was_refused_is_measured_for_the_sweep(ground, why):
    """The archive itself says whose the study is."""
    ground.index.listed = [a_study(1)]
    ground.store.keep_nothing_found(a_key(), ground.clock.now() - timedelta(minutes=5), [why])

    assert ground.run().counts == {"queued": 1}


@pytest.mark.parametrize(
    ("study", "looked_h_ago", "outcome"),
    [
        pytest.param(timedelta(days=-3), 2, "known", id="older than the look"),
        pytest.param(timedelta(days=-3), 25, "queued", id="the look is long ago: it may have come since"),
        pytest.param(timedelta(days=-3), -9000, "queued", id="the look was dated by a clock that was ahead"),
        pytest.param(timedelta(days=0), 2, "queued", id="of the day of the look: it may have come after it"),
        pytest.param(timedelta(days=-1), 2, "queued", id="of the day before: the scanner may be in another time zone"),
    ],
)
@pytest.mark.parametrize("known", ["nothing", "an older scan"])
def test_a_look_counts_for_studies_that_it_can_have_met(ground, study, looked_h_ago, outcome, known):
    """However long ago the sweep began; the same for a result of an older scan that was confirmed then."""
    looked_at = ground.clock.now() - timedelta(hours=looked_h_ago)
    day = ground.clock.now().date() + study
    request = SweepRequest("default", day, day)
    ground.log.begin(request, ground.clock.now() - timedelta(days=50))
    ground.index.listed = [a_study(1, day)]
    if known == "nothing":
        ground.store.keep_nothing_found(a_key(), looked_at, ["no-prior-ct"])
    else:
        ground.store.keep(a_result(confirmed_at=looked_at), b"")

    assert ground.run(request).counts == {outcome: 1}


def test_a_sweep_that_broke_goes_on_with_the_day_it_was_at(ground):
    """The archive goes away at the third day: the same request begins there, with its counts."""
    ground.index.trouble = {3: ArchiveUnavailable("away")}
    with pytest.raises(ArchiveUnavailable):
        ground.run()
    ground.index.asked.clear()
    done = ground.run()

    assert ground.index.asked[0][0] == SCANNED_ON - timedelta(days=2)
    assert sorted(ground.queue.names()) == ["PAT-0001", "PAT-0002", "PAT-0003"]
    assert done.counts == {"queued": 3}


def test_a_finished_sweep_looks_again_when_asked_again(ground):
    """From the newest day, with new counts."""
    ground.run()
    again = ground.run()

    assert len(ground.index.asked) == 20
    assert again.counts == {"queued": 3}


def test_the_queue_is_never_filled_beyond_what_may_wait(ground):
    """While four wait the sweep waits too."""
    ground.index.listed = [a_study(1)]
    ground.backlog.numbers = [4, 5, 4, 3]
    ground.run(ahead=4)

    assert ground.backlog.looks == 4
    assert ground.queue.names() == ["PAT-0001"]


def test_a_list_of_patients_is_followed_in_its_order(ground):
    """Each is asked for by identifier; somebody whom the archive only confuses with them is not taken."""
    ground.index.listed.append(a_study(9, patient_id="pat-0001"))
    request = SweepRequest("default", FIRST, SCANNED_ON, (a_key("PAT-0003"), a_key("PAT-0001"), a_key("PAT-0777")))
    done = ground.run(request)

    assert ground.queue.names() == ["PAT-0003", "PAT-0001"]
    assert [asked[2] for asked in ground.index.asked] == ["PAT-0003", "PAT-0001", "PAT-0777"]
    assert (done.done, done.units) == (3, 3)


def test_who_failed_lately_is_counted_as_such(ground):
    """The queue's own patience holds for sweeps too."""
    ground.index.listed = [a_study(1)]
    ground.queue.now = ScreenState("failed")

    assert ground.run().counts == {"failed-before": 1}


def test_a_range_that_is_none_is_refused():
    """The first day comes first."""
    with pytest.raises(ValueError, match="after the last"):
        SweepRequest("default", date(2026, 1, 2), date(2026, 1, 1))


def test_the_id_of_a_sweep_tells_nothing_of_patients_and_differs_with_them():
    """Ids are stored and shown."""
    some = SweepRequest("default", FIRST, SCANNED_ON, (a_key("PAT-0001"),)).sweep_id

    assert "PAT" not in some
    assert some != WHOLE.sweep_id != SweepRequest("north", FIRST, SCANNED_ON).sweep_id
