"""Results in the charts of EHRs, results that were taken back, and who was told so."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing that is there changes."""
    op.create_table(
        "written_back",
        sa.Column("ehr", sa.String(64), primary_key=True),
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.String(36), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("remote", sa.JSON, nullable=False),
        sa.Column("told", sa.String(64)),
        sa.Column("seen_measured_at", sa.DateTime(timezone=True)),
        sa.Column("seen_review", sa.Integer, nullable=False),
        sa.Column("seen_withdrawn", sa.Boolean, nullable=False),
    )
    op.create_index("written_back_by_turn", "written_back", ["ehr", "state", "next_at"])
    op.create_index("written_back_by_result", "written_back", ["result_id"])
    op.create_table(
        "retractions",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("retracted_by", sa.String(255), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
    )
    op.create_index("retractions_by_patient", "retractions", ["tenant", "patient_id", "issuer"])
    op.create_table(
        "retraction_places",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(64), primary_key=True),
    )
    op.create_table(
        "retraction_notices",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("shown_to", sa.String(255), primary_key=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call", sa.String(36)),
    )


def downgrade() -> None:
    """Drop them; withdrawn results stay withdrawn, and nothing in any EHR changes."""
    for table in ("retraction_notices", "retraction_places", "retractions", "written_back"):
        op.drop_table(table)
