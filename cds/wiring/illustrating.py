"""Who draws the pictures of reports: workers."""

from datetime import timedelta

from sqlalchemy import Engine

from cds.illustrating import Illustrating
from cds.measurement import Instruments
from cds.pictures.illustrator import SpineIllustrator
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.pictures import SqlPictures


def illustrating(settings: Settings, engine: Engine, instruments: Instruments) -> Illustrating:
    """With the instruments of the worker, so that nothing is loaded twice."""
    clock, days = instruments.clock, settings.picture_keep_days
    return Illustrating(
        illustrator=SpineIllustrator(),
        pictures=SqlPictures(engine, clock),
        results=SqlAssessmentStore(engine, clock),
        instruments=instruments,
        audit=SqlAuditLog(engine, clock),
        opt_outs=SqlOptOuts(engine, clock),
        keep_for=None if days is None else timedelta(days=days),
    )
