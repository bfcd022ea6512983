"""What each export took in, who has fetched it, and who has left a group."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; of exports that were begun before, it is not known what they took in: they are begun again."""
    op.create_table(
        "export_types",
        sa.Column("export_id", sa.String(36), primary_key=True),
        sa.Column("type", sa.String(32), primary_key=True),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("filtered", sa.Boolean, nullable=False),
        sa.Column("deidentification", sa.String(16), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
    )
    op.create_index("export_types_by_moment", "export_types", ["tenant", "type", "as_of"])
    op.create_table(
        "former_group_members",
        sa.Column("group_name", sa.String(320), primary_key=True),
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("patient_id", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(64), primary_key=True),
    )
    op.execute("UPDATE exports SET state = 'withdrawn' WHERE state IN ('queued', 'running', 'complete')")


def downgrade() -> None:
    """Drop them: who has fetched what is lost."""
    op.execute("UPDATE exports SET state = 'cancelled' WHERE state = 'withdrawn'")
    op.drop_table("former_group_members")
    op.drop_table("export_types")
