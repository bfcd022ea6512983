"""What a sweep of the archive needs: index, queue, store; no pixels and no tensors."""

from collections.abc import Iterator
from contextlib import contextmanager

from cds.dicomweb.archive import open_archive
from cds.durable.backlog import DbosQueueBacklog
from cds.durable.queue import DbosScreeningQueue
from cds.inference.generation import current_generation
from cds.pace import Pace
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.sweeps import SqlSweepLog
from cds.study import ArchiveIdentity
from cds.sweeping import Sweeping
from cds.wiring.clock import SystemClock
from cds.wiring.records import prepare_databases


def generation_name(settings: Settings) -> str:
    """Under which results are filed now."""
    return current_generation(
        settings.weights_dir,
        settings.population,
        segmenter=settings.segmenter,
        calibration_dir=settings.calibration_dir,
    ).name


@contextmanager
def open_sweeping(settings: Settings, pace: Pace, ahead: int, tenant: str) -> Iterator[Sweeping]:
    """For an operator's command; the databases are prepared first."""
    prepare_databases(settings)
    clock = SystemClock()
    engine = open_engine(settings.app_database_url)
    archive = open_archive(settings)
    generation = generation_name(settings)
    queue = DbosScreeningQueue(settings.durable_database_url, generation, clock)
    backlog = DbosQueueBacklog(settings.durable_database_url)
    try:
        yield Sweeping(
            index=archive,
            identity=ArchiveIdentity(tenant, settings.archive_issuer),
            store=SqlAssessmentStore(engine, clock),
            queue=queue,
            backlog=backlog,
            opt_outs=SqlOptOuts(engine, clock),
            log=SqlSweepLog(engine),
            clock=clock,
            pace=pace,
            generation=generation,
            ahead=ahead,
        )
    finally:
        backlog.close()
        queue.close()
        archive.close()
        engine.dispose()
