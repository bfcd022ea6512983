"""Pictures of reports, and which of them are asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; results from before have no pictures until somebody asks for them."""
    op.create_table(
        "pictures",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("pixel_mm", sa.Float, nullable=False),
        sa.Column("png", sa.LargeBinary, nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_pictures_drawn_at", "pictures", ["drawn_at"])
    op.create_table(
        "picture_wishes",
        sa.Column("result_id", sa.String(64), primary_key=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_up", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Drop them; pictures can be drawn again from the archive."""
    op.drop_table("picture_wishes")
    op.drop_table("pictures")
