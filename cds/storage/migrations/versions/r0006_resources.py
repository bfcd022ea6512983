"""FHIR resources by version and search column, members of groups, exports, subscriptions."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; results stored before get their rows at the next start (`cds.storage.backfill`)."""
    op.create_table(
        "resources",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_updated", sa.BigInteger, nullable=False),
        sa.Column("superseded", sa.BigInteger),
        sa.Column("result_id", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("identifier_system", sa.String(255), nullable=False),
        sa.Column("identifier", sa.String(255), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("codes", sa.Text, nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("effective", sa.Date, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("resources_by_update", "resources", ["tenant", "type", "last_updated", "id"])
    op.create_index("resources_by_patient", "resources", ["tenant", "type", "patient", "last_updated", "id"])
    op.create_index("resources_by_patient_id", "resources", ["tenant", "patient_id"])
    op.create_index("resources_by_day", "resources", ["tenant", "type", "effective", "id"])
    op.create_index("resources_by_identifier", "resources", ["tenant", "type", "identifier"])
    op.create_index("resources_by_result", "resources", ["result_id"])
    clock = op.create_table(
        "resource_clock",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("moment", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(clock, [{"number": 1, "moment": 0}])
    _create_what_registries_work_with()


def _create_what_registries_work_with() -> None:
    op.create_table(
        "group_members",
        sa.Column("group_name", sa.String(320), primary_key=True),
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("patient_id", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(64), primary_key=True),
    )
    op.create_table(
        "exports",
        sa.Column("export_id", sa.String(36), primary_key=True),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.String(36), nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
    )
    op.create_index("ix_exports_client", "exports", ["client"])
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.String(36), primary_key=True),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_subscriptions_client", "subscriptions", ["client"])


def downgrade() -> None:
    """Drop them; versions of resources that were replaced are lost."""
    for table in ("subscriptions", "exports", "group_members", "resource_clock", "resources"):
        op.drop_table(table)
