"""What a card told to whom, feedback, modes, opt-outs, used tokens, who called."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW_TABLES = ("used_tokens", "opted_out", "service_modes", "feedback")
_OF_SHOWN_CARDS = (
    ("card_id", 36),
    ("finding", 64),
    ("call", 36),
    ("service", 64),
    ("tenant", 64),
    ("patient_id", 64),
    ("issuer", 64),
)


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    op.add_column("audit", sa.Column("caller", sa.String(512)))
    for name, length in _OF_SHOWN_CARDS:
        op.add_column("shown_cards", sa.Column(name, sa.String(length)))
    op.create_index("ix_shown_cards_card_id", "shown_cards", ["card_id"])
    op.create_table(
        "feedback",
        sa.Column("card_id", sa.String(36), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("client", sa.String(255), nullable=False),
        sa.Column("accepted", sa.JSON, nullable=False),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("reason_system", sa.String(255)),
        sa.Column("comment", sa.Text),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    _create_what_operators_set()


def _create_what_operators_set() -> None:
    op.create_table(
        "service_modes",
        sa.Column("service", sa.String(64), primary_key=True),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "opted_out",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("patient_id", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(64), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "used_tokens",
        sa.Column("client", sa.String(255), primary_key=True),
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"])


def downgrade() -> None:
    """Drop them; feedback, opt-outs and modes are lost."""
    for table in _NEW_TABLES:
        op.drop_table(table)
    op.drop_index("ix_shown_cards_card_id", "shown_cards")
    for name, _ in reversed(_OF_SHOWN_CARDS):
        op.drop_column("shown_cards", name)
    op.drop_column("audit", "caller")
