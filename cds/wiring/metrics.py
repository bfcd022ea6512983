"""What is counted, where it is kept, and who tells it to Prometheus."""

import uuid
from collections.abc import Callable

from sqlalchemy import Engine

import cds
from cds.durable.standing import QueueStanding
from cds.errors import SettingsInvalid
from cds.metrics.bringing import Bringing
from cds.metrics.desk import MetricsDesk
from cds.metrics.exposition import Exposition
from cds.metrics.info import BuildInfo
from cds.metrics.tally import Tally
from cds.ports import Clock, MetricSource
from cds.settings import Settings
from cds.storage.metrics import SqlMetrics, SqlStanding
from cds.storage.tissue_days import SqlTissueDays

_SHORTEST_TOKEN = 32


def process_tally(engine: Engine, clock: Clock) -> Tally:
    """Of this process."""
    return Tally(SqlMetrics(engine, clock), uuid.uuid4().hex)


def metrics_desk(
    settings: Settings, engine: Engine, clock: Clock, generation: str
) -> tuple[MetricsDesk, Callable[[], None]]:
    """For a web process, and what closes it; raises `SettingsInvalid`."""
    tally, queue = process_tally(engine, clock), QueueStanding(settings.durable_database_url, clock)
    sources: dict[str, MetricSource] = {
        "build": BuildInfo(cds.__version__, generation),
        "counts": SqlMetrics(engine, clock),
        "standing": SqlStanding(engine, clock),
        "queue": queue,
        "drift": SqlTissueDays(engine),
    }
    return MetricsDesk(tally, Exposition(sources), Bringing(tally), metrics_token(settings)), queue.close


def metrics_token(settings: Settings) -> str | None:
    """Whose bearer reads `/metrics`; raises `SettingsInvalid`."""
    if settings.metrics_token_file is None:
        return None
    try:
        token = settings.metrics_token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsInvalid(f"OSTEOCDS_METRICS_TOKEN_FILE cannot be read ({type(fault).__name__})") from None
    if len(token) < _SHORTEST_TOKEN:
        raise SettingsInvalid(f"OSTEOCDS_METRICS_TOKEN_FILE holds fewer than {_SHORTEST_TOKEN} characters")
    return token
