"""Outlines that wait until the imaging archive has them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one table."""
    op.create_table(
        "waiting_regions",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regions", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop it; what waits does not reach the archive."""
    op.drop_table("waiting_regions")
