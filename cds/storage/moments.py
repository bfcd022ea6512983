"""Moments in time as a column: aware UTC in Python, whatever the database keeps."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, DateTime, Dialect, String, func, or_
from sqlalchemy.types import TypeDecorator

from cds.clocks import CLOCKS_DIFFER_BY


class UtcDateTime(TypeDecorator[datetime]):
    """Refuses a naive moment; SQLite, which has no time zones, keeps UTC without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, UTC out."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def is_ahead(moment: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Whether a clock that was wrong wrote it (`cds.clocks`)."""
    return moment > now + CLOCKS_DIFFER_BY


def is_due(last: ColumnElement[datetime], now: datetime, every: timedelta) -> ColumnElement[bool]:
    """Whether it is time again; a last time that lies ahead holds nothing up."""
    return or_(last <= now - every, is_ahead(last, now))


def month_of(connection: Connection, moment: Column[datetime]) -> ColumnElement[str]:
    """The month in UTC, such as "2026-11"."""
    if connection.dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", moment), "YYYY-MM", type_=String)
    return func.strftime("%Y-%m", moment, type_=String)
