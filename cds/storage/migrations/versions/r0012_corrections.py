"""What readers corrected in results, with what the software had measured."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "corrections",
        sa.Column("correction_id", sa.String(80), primary_key=True),
        sa.Column("result_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("left_out", sa.JSON, nullable=False),
        sa.Column("renamed", sa.Integer, nullable=False),
        sa.Column("reader", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("images_told", sa.Boolean, nullable=False),
        sa.Column("measured", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("generation", sa.String(128), nullable=False),
        sa.Column("series_uid", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
    )
    op.create_index("corrections_by_result", "corrections", ["result_id", "number"])
    op.create_index("corrections_by_patient", "corrections", ["tenant", "patient_id", "issuer"])


def downgrade() -> None:
    """Drop it, and with it what the software had measured before; reviews and results as corrected stay."""
    op.drop_table("corrections")
