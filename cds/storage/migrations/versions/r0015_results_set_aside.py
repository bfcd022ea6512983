"""Results that no hook shows any more, though they stand in charts and for registries."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next look at the archive sets it."""
    op.add_column("results", sa.Column("set_aside", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop it; an older version withdraws what it meets in such a state."""
    op.drop_column("results", "set_aside")
