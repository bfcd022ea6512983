"""When the archive was last asked about each result, and whose turn it is to ask."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a result from before was last asked about when it was last confirmed."""
    for name in ("asked_at", "missing_since"):
        op.add_column("results", sa.Column(name, sa.DateTime(timezone=True)))
    op.execute("UPDATE results SET asked_at = confirmed_at")
    for name in ("asked_at", "missing_since"):
        op.create_index(f"ix_results_{name}", "results", [name])
    op.create_table(
        "errand_turns",
        sa.Column("errand", sa.String(64), primary_key=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop them; results stay as they are."""
    op.drop_table("errand_turns")
    for name in ("missing_since", "asked_at"):
        op.drop_index(f"ix_results_{name}", "results")
        op.drop_column("results", name)
