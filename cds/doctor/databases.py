"""The two databases, how far they were migrated, and the workers that report there."""

from typing import Final

from cds.doctor.finding import Finding, failed, ok, warning
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.health import SqlHeartbeats
from cds.storage.looking import DatabaseNotMade, DatabaseUnusable, has_table, looking_at, try_to_write
from cds.storage.migrate import is_known, newest_revision, revision_of
from cds.storage.readiness import FRESH

_START: Final = "start `osteocds serve`: it prepares both databases"
_UNKNOWN: Final = "not known while the application database cannot be read"


def check_application_database(settings: Settings) -> Finding:
    """Reachable and writable."""
    return _check_database(
        "application database", "OSTEOCDS_DATABASE_URL", settings.app_database_url, ("audit", "audit")
    )


def check_queue_database(settings: Settings) -> Finding:
    """Reachable and writable; DBOS keeps its tables in a schema of their own where there are schemas."""
    return _check_database(
        "queue database",
        "OSTEOCDS_QUEUE_DATABASE_URL",
        settings.durable_database_url,
        ("workflow_status", "dbos.workflow_status"),
    )


def check_migrations(settings: Settings) -> Finding:
    """Whether the tables are those of this version."""
    try:
        with looking_at(settings.app_database_url) as engine:
            revision = revision_of(engine)
    except DatabaseUnusable:
        return warning("migrations", _UNKNOWN, "see the application database")
    newest = newest_revision()
    if revision == newest:
        return ok("migrations", f"at revision {revision}, the newest")
    if revision is None:
        return warning("migrations", "there are no tables yet", _START)
    if is_known(revision):
        return failed(
            "migrations",
            f"at revision {revision}, not {newest}",
            "back up, stop every process, and start `osteocds serve` once: it upgrades the tables",
        )
    return failed(
        "migrations",
        f"at revision {revision}, which this version does not know",
        "install the version of osteocds that made it, or a newer one; or set OSTEOCDS_DATABASE_URL to another one",
    )


def check_workers(settings: Settings, clock: Clock) -> Finding:
    """When a worker was last heard of."""
    try:
        with looking_at(settings.app_database_url) as engine:
            workers = SqlHeartbeats(engine, clock)
            last, ahead = (workers.last_beat(), workers.ahead()) if revision_of(engine) else (None, None)
    except DatabaseUnusable:
        return warning("workers", _UNKNOWN, "see the application database")
    if ahead is not None:
        return failed(
            "workers",
            f"the clock of one is {ahead.total_seconds():.0f} s ahead of ours",
            "set the clocks of all machines by NTP",
        )
    if last is None:
        return warning("workers", "none is running", f"start {_starting(settings)}")
    silence = clock.now() - last
    if silence > FRESH:
        return failed(
            "workers",
            f"silent for {silence.total_seconds():.0f} s, without saying goodbye",
            f"look at the worker's log, then start {_starting(settings)}",
        )
    return ok("workers", f"heard of {max(0.0, silence.total_seconds()):.0f} s ago")


def _starting(settings: Settings) -> str:
    if settings.workers == 0:
        return "`osteocds worker`, since OSTEOCDS_WORKERS is 0"
    return "`osteocds serve`, which starts as many as OSTEOCDS_WORKERS says, or `osteocds worker`"


def _check_database(check: str, setting: str, url: str, table: tuple[str, str]) -> Finding:
    """`table`: one that is written to, by its name in SQLite and in PostgreSQL."""
    try:
        with looking_at(url) as engine:
            name = table[engine.dialect.name == "postgresql"]
            if not has_table(engine, name):
                return warning(check, "reachable, without our tables", _START)
            try_to_write(engine, name)
            return ok(check, f"{engine.dialect.name}, reachable and writable")
    except DatabaseNotMade as missing:
        return warning(check, str(missing), f"{_START}; or set OSTEOCDS_DATA_DIR or {setting}")
    except DatabaseUnusable as fault:
        return failed(check, str(fault), f"mend it, or set {setting} (SQLite without it: OSTEOCDS_DATA_DIR)")
