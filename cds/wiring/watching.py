"""The watch over the archive, where the site wants it."""

from datetime import timedelta

from sqlalchemy import Engine

from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.durable.backlog import DbosQueueBacklog
from cds.durable.errands import Errand
from cds.durable.queue import DbosScreeningQueue
from cds.errors import SettingsInvalid
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.seen_studies import SqlSeenStudies
from cds.study import ArchiveIdentity
from cds.watching import ArchiveWatching


def watching_errands(
    settings: Settings, archive: FolderArchive | DicomwebArchive, engine: Engine, clock: Clock, generation: str
) -> tuple[Errand, ...]:
    """None unless OSTEOCDS_WATCH_ARCHIVE_EVERY_MIN is set; raises `SettingsInvalid` where a key could be ambiguous."""
    if settings.watch_archive_every_min is None:
        return ()
    if settings.archive_issuer is None and not settings.archive_single_issuer:
        raise SettingsInvalid(
            "OSTEOCDS_WATCH_ARCHIVE_EVERY_MIN needs OSTEOCDS_ARCHIVE_ISSUER or OSTEOCDS_ARCHIVE_SINGLE_ISSUER=true"
        )
    watching = ArchiveWatching(
        index=archive,
        identity=ArchiveIdentity(settings.tenant, settings.archive_issuer),
        queue=DbosScreeningQueue(settings.durable_database_url, generation, clock),
        backlog=DbosQueueBacklog(settings.durable_database_url),
        opt_outs=SqlOptOuts(engine, clock),
        seen=SqlSeenStudies(engine),
        clock=clock,
        every=timedelta(minutes=settings.watch_archive_every_min),
    )
    return (watching.look,)
