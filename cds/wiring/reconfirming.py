"""Holding stored results against the archive, where the site has not turned it off: for workers."""

from datetime import timedelta

from sqlalchemy import Engine

from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.durable.errands import Errand
from cds.durable.queue import DbosScreeningQueue
from cds.ports import Clock
from cds.reconfirming import Reconfirming
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.opt_outs import SqlOptOuts


def reconfirming_errands(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock, generation: str
) -> tuple[Errand, ...]:
    """None where OSTEOCDS_RECONFIRM_EVERY_DAYS is 0."""
    if settings.reconfirm_every_days == 0:
        return ()
    reconfirming = Reconfirming(
        archive=archive,
        confirmations=SqlConfirmations(engine, clock),
        store=SqlAssessmentStore(engine, clock),
        queue=DbosScreeningQueue(settings.durable_database_url, generation, clock),
        opt_outs=SqlOptOuts(engine, clock),
        clock=clock,
        every=timedelta(days=settings.reconfirm_every_days),
        at_most=settings.reconfirm_per_minute,
    )
    return (reconfirming.look,)
