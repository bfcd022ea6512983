"""The story of `cds.watching`, told on fakes and a real memory of what was seen."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from cds.ct.patient import ArchivedPatient
from cds.errors import ArchiveUnavailable
from cds.ports import ScreenState
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.forgetting import SqlForgetting
from cds.storage.migrate import migrate
from cds.storage.seen_studies import SqlSeenStudies
from cds.study import ArchiveIdentity
from cds.watching import ArchiveWatching
from tests.support.assessments import a_key, a_patient, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.fakes import FakeOptOuts
from tests.support.screening_fakes import FakeQueue
from tests.support.sweep_fakes import FakeBacklog, FakeIndex, a_study


@dataclass
class Watch:
    """A watch that looks every five minutes, and everything it touches."""

    seen: SqlSeenStudies
    clock: SettableClock = field(default_factory=SettableClock)
    index: FakeIndex = field(default_factory=FakeIndex)
    queue: FakeQueue = field(default_factory=lambda: FakeQueue(ScreenState("queued")))
    backlog: FakeBacklog = field(default_factory=FakeBacklog)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)

    def look(self, *, minutes=5.0, times=1):
        """Time passes, then somebody looks; who was queued so far."""
        for _ in range(times):
            self.clock.move_on(minutes=minutes)
            ArchiveWatching(
                index=self.index,
                identity=ArchiveIdentity("default", "HOSPITAL"),
                queue=self.queue,
                backlog=self.backlog,
                opt_outs=self.opt_outs,
                seen=self.seen,
                clock=self.clock,
                every=timedelta(minutes=5),
            ).look()
        return [each.patient.key.patient_id for each in self.queue.submitted]

    def study(self, number, *, days_ago=0, **facts):
        """A study that is in the archive now."""
        study = a_study(number, self.clock.now().date() - timedelta(days=days_ago), **facts)
        self.index.listed.append(study)
        return study

    def grow(self, study, instances):
        """More of its images have arrived."""
        grown = replace(study, instances=instances)
        self.index.listed[self.index.listed.index(study)] = grown
        return grown


@pytest.fixture
def watch(tmp_path):
    """One that has looked once, at a study of yesterday."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate(url)
    engine = open_engine(url)
    watch = Watch(SqlSeenStudies(engine))
    watch.study(1, days_ago=1)
    watch.look()
    yield watch
    engine.dispose()


def test_the_first_look_takes_the_past_as_it_is(watch):
    """What was there when the watch began is for a sweep."""
    assert watch.look(times=3) == []


def test_a_new_study_is_queued_once_it_has_stopped_growing(watch):
    """Not while images arrive, then once; under the key of hooks, with its origin named."""
    study = watch.study(2, instances=50)
    assert watch.look() == []
    watch.grow(study, 120)
    assert watch.look() == []
    assert watch.look() == ["PAT-0002"]
    assert watch.look(times=3) == ["PAT-0002"]
    assert watch.queue.submitted[0].patient.key == a_key("PAT-0002")
    assert watch.queue.submitted[0].hook == "archive-watch"


def test_a_study_that_grows_later_is_looked_into_again(watch):
    """A further series of an old study may be the better one."""
    study = watch.study(2)
    watch.look(times=2)
    watch.grow(study, 400)

    assert watch.look(times=2) == ["PAT-0002", "PAT-0002"]


def test_late_arrivals_are_found_within_a_day_if_they_are_of_the_last_month(watch):
    """A study of ten days ago that arrives today; one of forty days ago is left to hooks and sweeps."""
    watch.study(2, days_ago=10)
    watch.study(3, days_ago=40)
    soon = list(watch.look(times=3))
    watch.look(minutes=24 * 60)

    assert soon == []
    assert watch.look(times=2) == ["PAT-0002"]


def test_who_was_forgotten_is_not_measured_again_by_the_watch(watch):
    """Their studies lie in the archive as before; a study that comes later is another matter."""
    study = watch.study(2)
    watch.look(times=2)
    acquisition = replace(an_assessment().acquisition, study_uid=study.study_uid)
    of_that_study = a_result(a_patient(a_key("PAT-0002")), replace(an_assessment(), acquisition=acquisition))
    SqlAssessmentStore(watch.seen._engine, watch.clock).keep(of_that_study, b"{}")
    SqlForgetting(watch.seen._engine).forget(a_key("PAT-0002"))

    assert watch.look(times=5) == ["PAT-0002"]
    watch.study(22, patient_id="PAT-0002")
    assert watch.look(times=2) == ["PAT-0002", "PAT-0002"]


def test_opted_out_and_other_issuers_are_left_alone(watch):
    """They are not asked about again either."""
    watch.study(2)
    watch.opt_outs.patients.add(a_key("PAT-0002"))
    watch.study(3, patient=ArchivedPatient("PAT-0003", "ELSEWHERE"))
    watch.look(times=2)
    watch.opt_outs.patients.clear()

    assert watch.look(times=2) == []


def test_while_the_patient_is_being_measured_the_study_waits(watch):
    """A measurement that runs may have chosen before the study was whole."""
    watch.study(2)
    watch.queue.now = ScreenState("running")
    watch.look(times=2)
    watch.queue.now = ScreenState("queued")
    watch.look()
    watch.look()

    assert len(watch.queue.submitted) == 2


def test_a_crowd_is_queued_little_by_little(watch):
    """Twenty at once: sixteen, and the rest when there is room."""
    for number in range(2, 22):
        watch.study(number)
    watch.look()

    assert len(watch.look()) == 16
    watch.backlog.numbers = [16]
    assert len(watch.look()) == 16
    watch.backlog.numbers = [0]
    assert len(watch.look()) == 20


def test_of_several_workers_one_looks(watch):
    """Whoever comes within five minutes of the last look does nothing."""
    asked = len(watch.index.asked)
    watch.look(minutes=1, times=4)

    assert len(watch.index.asked) == asked


def test_an_archive_that_is_away_loses_nothing(watch):
    """The look that failed is made up for by the next one."""
    watch.study(2)
    watch.index.trouble = {len(watch.index.asked) + 1: ArchiveUnavailable("away")}
    with pytest.raises(ArchiveUnavailable):
        watch.look()

    assert watch.look(times=2) == ["PAT-0002"]
