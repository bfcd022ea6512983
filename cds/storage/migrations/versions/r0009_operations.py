"""Sweeps of the archive, studies that were seen, metrics, tissue HU by scanner and day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    op.create_table(
        "sweeps",
        sa.Column("sweep_id", sa.String(64), primary_key=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
    )
    op.create_table(
        "seen_studies",
        sa.Column("study", sa.String(64), primary_key=True),
        sa.Column("study_date", sa.Date, nullable=False),
        sa.Column("instances", sa.Integer),
        sa.Column("settled", sa.Boolean, nullable=False),
    )
    op.create_index("ix_seen_studies_study_date", "seen_studies", ["study_date"])
    op.create_table(
        "archive_watch",
        sa.Column("archive", sa.String(64), primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_far_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "metric_counts",
        sa.Column("metric", sa.String(64), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
    )
    op.create_table(
        "metric_states",
        sa.Column("metric", sa.String(64), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("process", sa.String(64), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_metric_states_at", "metric_states", ["at"])
    op.create_table(
        "tissue_days",
        sa.Column("scanner", sa.String(255), primary_key=True),
        sa.Column("kvp", sa.Float, primary_key=True),
        sa.Column("tissue", sa.String(16), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("readings", sa.Integer, nullable=False),
        sa.Column("sum_hu", sa.Float, nullable=False),
        sa.Column("sum_hu2", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Drop them; a sweep then begins anew, and what was counted is lost."""
    for table in ("tissue_days", "metric_states", "metric_counts", "archive_watch", "seen_studies", "sweeps"):
        op.drop_table(table)
