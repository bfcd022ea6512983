"""A replica that uses tokens, as another process runs it."""

from datetime import datetime

from cds.storage.engine import open_engine
from cds.storage.used_tokens import SqlUsedTokens
from tests.support.clock import SettableClock


def use_tokens(database_url: str, issuer: str, token_ids: list[str], expires_at: datetime) -> list[bool]:
    """Which of them were new to this replica."""
    engine = open_engine(database_url)
    try:
        used = SqlUsedTokens(engine, SettableClock())
        return [used.first_use(issuer, each, expires_at) for each in token_ids]
    finally:
        engine.dispose()
