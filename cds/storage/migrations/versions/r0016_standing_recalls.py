"""Versions and coefficient files that stay withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what was recalled before concerns results alone."""
    op.create_table(
        "standing_recalls",
        sa.Column("recall_id", sa.String(64), primary_key=True),
        sa.Column("recall", sa.JSON, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("withdrawn_by", sa.String(255), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop it; results that were taken back stay so."""
    op.drop_table("standing_recalls")
