"""What the EHR calls the reader, beside the address that says who it is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of readers from before no name is known."""
    for table in ("reviews", "corrections"):
        op.add_column(table, sa.Column("reader_name", sa.String(255)))


def downgrade() -> None:
    """Drop them; who it was stays."""
    for table in ("reviews", "corrections"):
        op.drop_column(table, "reader_name")
