"""A real worker at an archive that is slow, cuts off, errs or lies.

No order is lost, each cause is seen, and what is the fault of one CT is not told of the archive.
"""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.operating import QueueDesk
from cds.durable.orders import attempt_id, work_id
from cds.durable.queue import DbosScreeningQueue
from cds.storage.engine import open_engine
from cds.storage.health import SqlArchiveWatch
from cds.storage.migrate import migrate
from cds.wiring.clock import SystemClock
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.dicom_builder import written
from tests.support.faulty_archive import (
    an_archive_with,
    broken,
    busy,
    cut,
    dripping,
    of_another_kind,
    of_wrong_bytes,
    one_damaged,
    silent,
    stalled,
    whole,
)
from tests.support.waiting import until
from tests.support.worker_processes import WorkerProcess, worker_processes

pytestmark = pytest.mark.system

in_make_faults = pytest.mark.faults
DONE = ["choose PAT-0001", "measure PAT-0001", "publish PAT-0001"]


class Site:
    """One worker, its databases, and the archive, whose answers the test holds in its hands."""

    def __init__(self, tmp_path, url, records, answers):
        self.folder, self.answers = tmp_path, answers
        self.queue = DbosScreeningQueue(url, GENERATION, SettableClock(datetime.now(UTC)))
        self.desk = QueueDesk(url, SystemClock())
        self.engine = open_engine(records)
        self.watch = SqlArchiveWatch(self.engine, SystemClock())

    def state(self, name="PAT-0001"):
        """Of the patient's order."""
        return self.queue.state(a_key(name)).state

    def order(self, name="PAT-0001"):
        """For a patient."""
        self.queue.submit(an_order(a_patient(a_key(name))))

    def waits(self):
        """Whether the order waits for its second attempt."""
        return [(each.attempt, each.state) for each in self.desk.orders()] == [(2, "waiting")]

    def lines(self):
        """The steps that began so far."""
        return (self.folder / "ledger").read_text().splitlines()

    def close(self):
        """Let go of everything."""
        self.queue.close()
        self.desk.close()
        self.engine.dispose()


@contextmanager
def a_site(tmp_path, *answers):
    """The series is good where it is stored; `answers` are what comes of it, first to last."""
    files = [path.read_bytes() for path in written(tmp_path / "images")]
    given = [answer(files) for answer in answers]
    records = f"sqlite:///{tmp_path / 'records.db'}"
    migrate(records)
    with (
        a_database_with(prepare_queue_database, "sqlite", tmp_path) as url,
        an_archive_with(given) as root,
        worker_processes() as workers,
    ):
        site = Site(tmp_path, url, records, given)
        site.whole = whole(files)
        site.order()
        workers.append(WorkerProcess([url, tmp_path, "", "--records", records, "--archive", root]))
        try:
            yield site
        finally:
            site.close()


@in_make_faults
@pytest.mark.parametrize(
    "fault",
    [cut, busy, broken, silent, stalled, of_another_kind, of_wrong_bytes, one_damaged],
    ids=lambda each: each.__name__,
)
def test_a_fault_that_passes_is_ridden_out(tmp_path, fault):
    """Given one bad answer, the same attempt publishes, once."""
    with a_site(tmp_path, fault, whole) as site:
        until(lambda: site.state() == "done")
        (before, *_), last = site.lines(), site.lines()[-1]

        assert (before, last) == (DONE[0], DONE[-1])
        assert site.lines().count(DONE[-1]) == 1
        assert site.watch.failing_since() is None


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (broken, "answers with an error (500)"),
        *(
            pytest.param(fault, cause, marks=in_make_faults)
            for fault, cause in (
                (cut, "broke while it sent images"),
                (busy, "answers with an error (503)"),
                (silent, "did not answer in time"),
                (stalled, "broke while it sent images"),
                (dripping, "took more than 1.5 s to send a series"),
                (of_another_kind, "sends what is not DICOM"),
            )
        ),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_an_archive_that_stays_away_makes_the_order_wait_and_is_told(tmp_path, fault, cause):
    """With its cause in the queue; when it is back the order is done, once, and all is well."""
    with a_site(tmp_path, fault) as site:
        until(site.waits)
        told = site.desk.orders()[0].cause, site.watch.failing_since()
        site.answers[0] = site.whole
        site.queue._client.set_workflow_delay(attempt_id(work_id(a_key(), GENERATION), 2), delay_seconds=0)
        until(lambda: site.state() == "done")

        assert cause in told[0]
        assert told[1] is not None
        assert site.lines()[-3:] == DONE
        assert site.lines().count(DONE[-1]) == 1
        assert site.watch.failing_since() is None


@pytest.mark.parametrize(
    ("fault", "ended", "why"),
    [
        pytest.param(one_damaged, "done", "1 image file(s) are cut short: image 5 of 12.", marks=in_make_faults),
        pytest.param(of_wrong_bytes, "failed", "nothing that the archive sends of a series", marks=in_make_faults),
    ],
    ids=["one image", "all of it"],
)
def test_damage_that_stays_is_told_of_the_ct_and_the_queue_goes_on(tmp_path, fault, ended, why):
    """Given a damaged CT, its order ends with the reason, nobody hears of the archive, and the next one is measured."""
    with a_site(tmp_path, fault) as site:
        until(lambda: site.state() == ended)
        told = [*site.lines(), *(each.cause for each in site.desk.orders())]
        trouble = site.watch.failing_since()
        site.answers[0] = site.whole
        site.order("PAT-0002")
        until(lambda: site.state("PAT-0002") == "done")

        assert any(why in each for each in told)
        assert trouble is None
        assert "publish PAT-0001" not in site.lines()
