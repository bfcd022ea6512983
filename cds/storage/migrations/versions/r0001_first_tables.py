"""Results, what is known about having none, cards shown, audit, heartbeats, archive health."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the first release."""
    op.create_table(
        "results",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("birth_date", sa.Date),
        sa.Column("sex", sa.String(8)),
        sa.Column("study_uid", sa.String(64), nullable=False),
        sa.Column("series_uid", sa.String(64), nullable=False),
        sa.Column("generation", sa.String(128), nullable=False),
        sa.Column("study_date", sa.Date),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_why", sa.Text),
    )
    op.create_index("results_by_patient", "results", ["tenant", "patient_id", "issuer", "study_date"])
    op.create_table(
        "nothing_found",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("patient_id", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(64), primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
    )
    op.create_table(
        "shown_cards",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("shown_to", sa.String(255), primary_key=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
    )
    _create_what_operators_read()


def _create_what_operators_read() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64)),
        sa.Column("patient_id", sa.String(64)),
        sa.Column("issuer", sa.String(64)),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("audit_by_patient", "audit", ["tenant", "patient_id", "issuer"])
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_table(
        "worker_heartbeats",
        sa.Column("worker", sa.String(255), primary_key=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_worker_heartbeats_beat_at", "worker_heartbeats", ["beat_at"])
    op.create_table(
        "archive_health",
        sa.Column("archive", sa.String(64), primary_key=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True)),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Drop them all; the database is empty again."""
    for table in ("archive_health", "worker_heartbeats", "audit", "shown_cards", "nothing_found", "results"):
        op.drop_table(table)
