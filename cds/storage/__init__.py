"""Application tables on SQLAlchemy: SQLite by default."""
