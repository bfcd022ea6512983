"""Real workers whose clock is a day off, or jumps while they work: nothing lost, nothing twice, and it is seen."""

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.queue import DbosScreeningQueue
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.readiness import SqlReadiness
from cds.wiring.clock import SystemClock
from tests.support.assessments import GENERATION, a_key, an_order
from tests.support.databases import a_database_with
from tests.support.waiting import until
from tests.support.worker_processes import WorkerProcess, worker_processes

pytestmark = pytest.mark.system

in_make_faults = pytest.mark.faults
STEPS = ["choose PAT-0001", "measure PAT-0001", "publish PAT-0001"]
AHEAD, BEHIND = "24", "-24"


class Site:
    """Databases, the web process's side with the right time, and workers with another."""

    def __init__(self, tmp_path, url, workers):
        self.folder, self.url, self.workers = tmp_path, url, workers
        self.records = f"sqlite:///{tmp_path / 'records.db'}"
        migrate(self.records)
        self.queue = DbosScreeningQueue(url, GENERATION, SystemClock())

    def start(self, machine, step=""):
        """A worker with the time that the file named after its machine says."""
        own = ["--records", self.records, "--machine", machine, "--clock", self.clock_of(machine)]
        self.workers.append(WorkerProcess([self.url, self.folder, step, *own, "--look-every-s", "0.2"]))
        return self.workers[-1]

    def clock_of(self, machine):
        """Hours ahead."""
        return self.folder / f"clock-of-{machine}"

    def lines(self):
        """The steps that began so far."""
        ledger = self.folder / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []

    def is_done(self):
        """Whether the order has its result."""
        return self.queue.state(a_key()).state == "done"

    def problems(self):
        """As `/readyz` tells them."""
        engine = open_engine(self.records)
        found = SqlReadiness(engine, SystemClock()).problems()
        engine.dispose()
        return found


@pytest.fixture(params=[pytest.param("sqlite"), pytest.param("postgresql", marks=in_make_faults)])
def site(request, tmp_path):
    """None of its workers outlives it."""
    with a_database_with(prepare_queue_database, request.param, tmp_path) as url, worker_processes() as workers:
        site = Site(tmp_path, url, workers)
        yield site
        site.queue.close()


@pytest.mark.parametrize("hours", [AHEAD, pytest.param(BEHIND, marks=in_make_faults)])
def test_a_clock_that_jumps_in_the_middle_of_a_measurement_changes_nothing(site, hours):
    """A day ahead or back: the order is done once."""
    site.queue.submit(an_order())
    site.start("first", "measure")
    until(lambda: "measure PAT-0001" in site.lines())
    site.clock_of("first").write_text(hours)
    (site.folder / "go").touch()
    until(site.is_done)

    assert site.lines() == STEPS


@in_make_faults
@pytest.mark.parametrize("hours", [AHEAD, BEHIND])
def test_a_worker_of_another_day_does_its_work_and_readiness_says_so(site, hours):
    """What it says of itself cannot be told from silence, so it does not count as ready."""
    site.clock_of("first").write_text(hours)
    site.queue.submit(an_order())
    site.start("first")
    until(site.is_done)

    assert site.lines() == STEPS
    assert site.problems() != []


@in_make_faults
@pytest.mark.parametrize(("dead", "living"), [(AHEAD, "0"), (BEHIND, "0"), ("0", AHEAD), ("0", BEHIND)])
def test_the_work_of_a_lost_worker_is_taken_over_whatever_the_clocks_say(site, dead, living):
    """By one that sees that the heartbeat no longer changes."""
    site.clock_of("first").write_text(dead)
    site.clock_of("second").write_text(living)
    first = site.start("first", "measure")
    site.queue.submit(an_order())
    until(lambda: "measure PAT-0001" in site.lines())
    site.start("second")
    first.kill()
    (site.folder / "go").touch()
    until(site.is_done, 90)

    assert site.lines() == [STEPS[0], STEPS[1], *STEPS[1:]]
