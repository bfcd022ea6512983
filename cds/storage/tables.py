"""The application tables.

A patient is always the whole key: tenant, identifier, issuer. The issuer column is never NULL:
"" stands for "the archive has a single issuer", which no `PatientKey` can spell otherwise, so
that keys compare and stay unique by plain equality in every database.

What registries read is in `cds.storage.registry_tables`.
Changes go into a new file under `migrations/versions`; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from cds.storage.metadata import metadata
from cds.storage.moments import UtcDateTime

results = Table(
    "results",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("issuer", String(64), nullable=False),
    Column("birth_date", Date),
    Column("sex", String(8)),
    Column("study_uid", String(64), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("generation", String(128), nullable=False),
    Column("study_date", Date),
    Column("measured_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime, nullable=False),
    Column("record", Text, nullable=False),
    Column("bundle", LargeBinary, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_why", Text),
    Column("asked_at", UtcDateTime, index=True),
    Column("missing_since", UtcDateTime, index=True),
    Column("set_aside", Boolean, nullable=False, server_default=false()),
    Index("results_by_patient", "tenant", "patient_id", "issuer", "study_date"),
)
"""`record` is the assessment record as JSON, `bundle` its FHIR rendering, both as at publish. `asked_at` is when the
archive was last asked about the result, by a hook or by the errand that goes round; `missing_since` when it was first
found without it. `set_aside`: the archive has it, but its series is not usable any more, as when it grew too old."""

reviews = Table(
    "reviews",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reader", String(255), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("reason", Text),
    Column("reviewed_at", UtcDateTime, nullable=False),
    Column("reader_name", String(255)),
)
"""The last one of a result holds; all are kept. `reader` says who it was, `reader_name` what the EHR calls them."""

corrections = Table(
    "corrections",
    metadata,
    Column("correction_id", String(80), primary_key=True),
    Column("result_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("renamed", Integer, nullable=False),
    Column("reader", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("corrected_at", UtcDateTime, nullable=False),
    Column("images_told", Boolean, nullable=False),
    Column("measured", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("generation", String(128), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("issuer", String(64), nullable=False),
    Column("reader_name", String(255)),
    Index("corrections_by_result", "result_id", "number"),
    Index("corrections_by_patient", "tenant", "patient_id", "issuer"),
)
"""The last one of a result holds; all are kept. `number` is that of the review; `measured` the record as the software
measured it, `record` what it became: both lie in `results.record` in turn. `images_told`: the imaging archive knows."""

waiting_regions = Table(
    "waiting_regions",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("regions", LargeBinary, nullable=False),
)
"""Outlines on their way to the imaging archive; a row goes when the archive has them."""

nothing_found = Table(
    "nothing_found",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("patient_id", String(64), primary_key=True),
    Column("issuer", String(64), primary_key=True),
    Column("looked_at", UtcDateTime, nullable=False),
    Column("reasons", JSON, nullable=False),
)

shown_cards = Table(
    "shown_cards",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("shown_to", String(255), primary_key=True),
    Column("shown_at", UtcDateTime, nullable=False),
    Column("card_id", String(36), index=True),
    Column("finding", String(64)),
    Column("call", String(36)),
    Column("service", String(64)),
    Column("tenant", String(64)),
    Column("patient_id", String(64)),
    Column("issuer", String(64)),
)
"""The last time; rows from before revision 0002 have no more than their first three columns."""

feedback = Table(
    "feedback",
    metadata,
    Column("card_id", String(36), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("outcome_at", UtcDateTime, primary_key=True),
    Column("service", String(64), nullable=False),
    Column("client", String(255), nullable=False),
    Column("accepted", JSON, nullable=False),
    Column("reason_code", String(64)),
    Column("reason_system", String(255)),
    Column("comment", Text),
    Column("received_at", UtcDateTime, nullable=False),
)

service_modes = Table(
    "service_modes",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("mode", String(8), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""A service without a row is in the mode of the settings."""

opted_out = Table(
    "opted_out",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("patient_id", String(64), primary_key=True),
    Column("issuer", String(64), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("client", String(255), primary_key=True),
    Column("token", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)
"""`token` is the SHA-256 of a token's jti."""

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(64), nullable=False),
    Column("tenant", String(64)),
    Column("patient_id", String(64)),
    Column("issuer", String(64)),
    Column("outcome", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("caller", String(512)),
    Index("audit_by_patient", "tenant", "patient_id", "issuer"),
    Index("audit_by_time", "at"),
)
"""The patient columns are NULL where an event concerns nobody in particular."""

worker_heartbeats = Table(
    "worker_heartbeats",
    metadata,
    Column("worker", String(255), primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False, index=True),
)

archive_health = Table(
    "archive_health",
    metadata,
    Column("archive", String(64), primary_key=True),
    Column("last_ok_at", UtcDateTime),
    Column("failing_since", UtcDateTime),
)

written_back = Table(
    "written_back",
    metadata,
    Column("ehr", String(64), primary_key=True),
    Column("result_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime, nullable=False),
    Column("lease", String(36), nullable=False),
    Column("why", Text, nullable=False),
    Column("remote", JSON, nullable=False),
    Column("told", String(64)),
    Column("seen_measured_at", UtcDateTime),
    Column("seen_review", Integer, nullable=False),
    Column("seen_withdrawn", Boolean, nullable=False),
    Index("written_back_by_turn", "ehr", "state", "next_at"),
    Index("written_back_by_result", "result_id"),
)
"""What goes to which EHR; `remote` is what lies there, `seen_*` the state of the result that was settled last."""

retractions = Table(
    "retractions",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("retracted_by", String(255), nullable=False),
    Column("retracted_at", UtcDateTime, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("issuer", String(64), nullable=False),
    Index("retractions_by_patient", "tenant", "patient_id", "issuer"),
)

standing_recalls = Table(
    "standing_recalls",
    metadata,
    Column("recall_id", String(64), primary_key=True),
    Column("recall", JSON, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("withdrawn_by", String(255), nullable=False),
    Column("withdrawn_at", UtcDateTime, nullable=False),
)
"""Versions and coefficient files with which nothing more is published; the id is a digest of `recall`."""

retraction_places = Table(
    "retraction_places",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("place", String(64), primary_key=True),
)
"""Places that do not know of a retraction yet; a row goes when they do."""

retraction_notices = Table(
    "retraction_notices",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("shown_to", String(255), primary_key=True),
    Column("told_at", UtcDateTime, nullable=False),
    Column("call", String(36)),
)
"""Who was told that a result was taken back after they had seen a card of it."""

pictures = Table(
    "pictures",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("name", String(32), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("pixel_mm", Float, nullable=False),
    Column("png", LargeBinary, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False, index=True),
)
"""About 100 kB for a result; in the database because workers and web processes may be different machines."""

picture_wishes = Table(
    "picture_wishes",
    metadata,
    Column("result_id", String(64), primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("given_up", Boolean, nullable=False),
)
"""Pictures that were purged and asked for again."""

sweeps = Table(
    "sweeps",
    metadata,
    Column("sweep_id", String(64), primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("units", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("counts", JSON, nullable=False),
)
"""How far sweeps of the archive are; the id is a digest of what was asked for."""

seen_studies = Table(
    "seen_studies",
    metadata,
    Column("study", String(64), primary_key=True),
    Column("study_date", Date, nullable=False, index=True),
    Column("instances", Integer),
    Column("settled", Boolean, nullable=False),
)
"""Studies that the watch over the archive knows, by the SHA-256 of their UID; `settled` ones need no more work."""

archive_watch = Table(
    "archive_watch",
    metadata,
    Column("archive", String(64), primary_key=True),
    Column("looked_at", UtcDateTime, nullable=False),
    Column("looked_far_at", UtcDateTime),
)
"""When the watch over the archive last looked; one archive for now."""

metric_counts = Table(
    "metric_counts",
    metadata,
    Column("metric", String(64), primary_key=True),
    Column("labels", String(255), primary_key=True),
    Column("value", Float, nullable=False),
)
"""What all processes have counted so far; `labels` are JSON."""

metric_states = Table(
    "metric_states",
    metadata,
    Column("metric", String(64), primary_key=True),
    Column("labels", String(255), primary_key=True),
    Column("process", String(64), primary_key=True),
    Column("value", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)
"""What one process says of itself now, such as calls in flight; rows of processes that are gone grow old."""

tissue_days = Table(
    "tissue_days",
    metadata,
    Column("scanner", String(255), primary_key=True),
    Column("kvp", Float, primary_key=True),
    Column("tissue", String(16), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("readings", Integer, nullable=False),
    Column("sum_hu", Float, nullable=False),
    Column("sum_hu2", Float, nullable=False),
)
"""HU of tissues by scanner and day of the scan, summed up: nothing in it points to a patient."""

errand_turns = Table(
    "errand_turns",
    metadata,
    Column("errand", String(64), primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
)
"""When an errand was last begun that one worker does for all; of `retention`, up to when it has deleted."""
