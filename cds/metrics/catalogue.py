"""Every metric by name: what it means, its labels, the borders of its buckets.

Counters and histograms are added up in the database by all processes, so any web process tells the whole; they
grow over restarts. Gauges are read from the databases when Prometheus asks.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "histogram", "gauge"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of time series."""

    name: str
    """Without the suffix _total that Prometheus gives to counters."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper borders, in seconds; everything above is +Inf."""


_STAGES_S = (0.1, 0.2, 0.5, 1.0, 2.0, 3.5, 5.0, 10.0, 20.0, 60.0, 300.0)
_HOOKS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)

QUEUE_STATES = ("queued", "put-off", "running", "failed")
OUTCOMES = ("assessed", "not-assessable", "known", "nothing-to-measure", "not-published", "failed")
"""known: measured before, and confirmed; not-published: the patient opted out, or the images are another's; failed:
nobody asks again but the next hook."""

BUILD_INFO = Metric(
    "osteocds_build_info", "gauge", "Version, and model and calibration that are current", ("version", "generation")
)
QUEUE_ORDERS = Metric(
    "osteocds_queue_orders",
    "gauge",
    f"Orders in the queue: by origin (hook, archive-watch, archive-sweep) and state ({', '.join(QUEUE_STATES)})",
    ("origin", "state"),
)
QUEUE_OLDEST = Metric(
    "osteocds_queue_oldest_seconds", "gauge", "How long the oldest order has been waiting", ("origin",)
)
HEARTBEAT_AGE = Metric(
    "osteocds_worker_heartbeat_age_seconds", "gauge", "Since a worker was last heard of", ("worker",)
)
ARCHIVE_FAILING = Metric(
    "osteocds_archive_failing_seconds", "gauge", "Since when the archive does not answer; 0 if it does"
)
RECONFIRM_OLDEST = Metric(
    "osteocds_reconfirm_oldest_seconds",
    "gauge",
    "Since the archive was last asked about the shown result that was asked about longest ago; grows beyond "
    "OSTEOCDS_RECONFIRM_EVERY_DAYS where OSTEOCDS_RECONFIRM_PER_MINUTE is too low",
)
IN_FLIGHT = Metric("osteocds_hook_calls_in_flight", "gauge", "Hook calls being answered, in all web processes")
HOOK_CALLS = Metric("osteocds_hook_calls", "counter", "Hook calls by service and HTTP status", ("service", "status"))
HOOK_SECONDS = Metric("osteocds_hook_seconds", "histogram", "From call to answer", ("service",), _HOOKS_S)
STAGE_SECONDS = Metric(
    "osteocds_stage_seconds",
    "histogram",
    "Of a screening: choose, retrieve, segment, calibrate, assess (retrieve to calibrate, with all between), publish",
    ("stage",),
    _STAGES_S,
)
SCREENINGS = Metric(
    "osteocds_screenings",
    "counter",
    f"How they ended: {', '.join(OUTCOMES)}",
    ("outcome",),
)
MEASUREMENTS = Metric("osteocds_measurements", "counter", "CT measured, by version of the segmenter", ("model",))
NOT_ASSESSABLE = Metric(
    "osteocds_not_assessable", "counter", "CT refused by a gate, by reason; one CT may have several", ("reason",)
)
FLAGS = Metric("osteocds_flags", "counter", "CT with a flag, by flag", ("flag",))
FAILURES = Metric(
    "osteocds_failures",
    "counter",
    "Steps of screenings that failed, by kind of error; the whole screening (step all) where it failed for good or its "
    "worker was lost",
    ("step", "kind"),
)
SWEEP_UNITS = Metric("osteocds_sweep_units", "gauge", "Days (or patients) of unfinished sweeps", ("sweep", "state"))
DRIFT_SHIFT = Metric(
    "osteocds_tissue_shift_hu",
    "gauge",
    "HU of a tissue lately against the scanner's baseline",
    ("scanner", "kvp", "tissue"),
)
DRIFT_ALERT = Metric(
    "osteocds_tissue_drift_alert", "gauge", "1 where that shift is more than chance", ("scanner", "kvp", "tissue")
)
SOURCE_UP = Metric(
    "osteocds_metrics_source_up", "gauge", "0 where a source of these numbers could not be read", ("source",)
)

METRICS: dict[str, Metric] = {
    each.name: each
    for each in (
        *(BUILD_INFO, QUEUE_ORDERS, QUEUE_OLDEST, HEARTBEAT_AGE, ARCHIVE_FAILING, IN_FLIGHT, HOOK_CALLS, HOOK_SECONDS),
        RECONFIRM_OLDEST,
        *(STAGE_SECONDS, SCREENINGS, MEASUREMENTS, NOT_ASSESSABLE, FLAGS, FAILURES, SWEEP_UNITS),
        *(DRIFT_SHIFT, DRIFT_ALERT, SOURCE_UP),
    )
}
