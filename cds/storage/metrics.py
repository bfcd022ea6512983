"""What all processes count, and what the application tables say of workers, archive and sweeps."""

import json
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from cds.ports import Clock, MetricSample
from cds.storage.opt_outs import may_have_opted_out
from cds.storage.tables import archive_health, metric_counts, metric_states, results, sweeps, worker_heartbeats
from cds.storage.writing import insert_or_update

_STATES_HOLD = timedelta(seconds=60)
"""A process that has said nothing for so long is gone, and so are its calls."""
_FORGOTTEN_AFTER = timedelta(days=1)
_ASKED_LONGEST_AGO = (
    select(results.c.asked_at)
    .where(results.c.withdrawn_at.is_(None), results.c.asked_at.is_not(None), ~may_have_opted_out(results))
    .order_by(results.c.asked_at)
    .limit(1)
)
"""By the index; whoever has opted out is not asked about."""


class SqlMetrics:
    """The `MetricStore` on SQL, and a `MetricSource` of what it keeps."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, counts: Mapping[MetricSample, float], states: Mapping[MetricSample, float], process: str) -> None:
        """Rows in the order of their keys: two processes then wait for each other, not in a ring."""
        now = self._clock.now()
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        once = dialect.insert(metric_counts)
        adding = once.on_conflict_do_update(
            index_elements=["metric", "labels"], set_={"value": metric_counts.c.value + once.excluded.value}
        )
        with self._engine.begin() as connection:
            for sample, value in sorted(counts.items(), key=lambda each: _key(each[0])):
                metric, labels = _key(sample)
                connection.execute(adding, {"metric": metric, "labels": labels, "value": value})
            for sample, value in states.items():
                metric, labels = _key(sample)
                row = {"metric": metric, "labels": labels, "process": process, "value": value, "at": now}
                insert_or_update(connection, metric_states, row)
            connection.execute(delete(metric_states).where(metric_states.c.at < now - _FORGOTTEN_AFTER))

    def samples(self) -> Mapping[MetricSample, float]:
        """Counts of all time; states of processes that are there, added up."""
        fresh = metric_states.c.at >= self._clock.now() - _STATES_HOLD
        each = (metric_states.c.metric, metric_states.c.labels)
        states = select(*each, func.sum(metric_states.c.value)).where(fresh).group_by(*each)
        with self._engine.connect() as connection:
            rows = [*connection.execute(select(metric_counts)).all(), *connection.execute(states).all()]
        return {_sample(metric, labels): float(value) for metric, labels, value in rows}


class SqlStanding:
    """A `MetricSource` of workers, archive, sweeps, and how far holding results against the archive is behind."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def samples(self) -> Mapping[MetricSample, float]:
        """Ages in seconds; a worker that said goodbye is not there."""
        now = self._clock.now()
        with self._engine.connect() as connection:
            beats = connection.execute(select(worker_heartbeats)).all()
            failing = connection.execute(select(archive_health.c.failing_since)).scalars().first()
            asked = connection.execute(_ASKED_LONGEST_AGO).scalars().first()
            open_sweeps = connection.execute(select(sweeps).where(sweeps.c.done < sweeps.c.units)).all()
        found = {
            MetricSample("osteocds_worker_heartbeat_age_seconds", (("worker", row.worker),)): (
                now - row.beat_at
            ).total_seconds()
            for row in beats
        }
        failing_s = 0.0 if failing is None else (now - failing).total_seconds()
        found[MetricSample("osteocds_archive_failing_seconds", ())] = failing_s
        asked_s = 0.0 if asked is None else (now - asked).total_seconds()
        found[MetricSample("osteocds_reconfirm_oldest_seconds", ())] = asked_s
        for row in open_sweeps:
            for state, units in (("done", row.done), ("all", row.units)):
                labels = (("sweep", row.sweep_id[:8]), ("state", state))
                found[MetricSample("osteocds_sweep_units", labels)] = float(units)
        return found


def _key(sample: MetricSample) -> tuple[str, str]:
    return sample.metric, json.dumps(sample.labels, separators=(",", ":"))


def _sample(metric: str, labels: str) -> MetricSample:
    return MetricSample(metric, tuple((name, text) for name, text in json.loads(labels)))
