"""Tokens of clients that were used, so that none is taken twice, by whichever replica."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete

from cds.ports import Clock
from cds.storage.engine import without_transactions
from cds.storage.lazily import insert_once_lazily
from cds.storage.tables import used_tokens
from cds.storage.writing import insert_once

PURGE_EVERY = timedelta(minutes=10)
KEPT_LONGER = timedelta(hours=1)
"""Rows outlive their tokens by this: the clocks of replicas differ, and a fast one must not forget for a slow one."""


class SqlUsedTokens:
    """The `ReplayCache` on SQL; `lazily` for a caller that leaves a row in the audit before it lets anything out."""

    def __init__(self, engine: Engine, clock: Clock, *, lazily: bool = False) -> None:
        self._single = without_transactions(engine)
        self._clock = clock
        self._insert_once = insert_once_lazily if lazily else insert_once
        self._purged_at: datetime | None = None

    def first_use(self, issuer: str, token_id: str, expires_at: datetime) -> bool:
        """True once, for all replicas. On disk when this returns, or `lazily` with the next row of the audit."""
        row = {"client": issuer, "token": hashlib.sha256(token_id.encode()).hexdigest(), "expires_at": expires_at}
        with self._single.connect() as connection:
            first = self._insert_once(connection, used_tokens, row)
            connection.commit()
        self._purge()
        return first

    def _purge(self) -> None:
        now = self._clock.now()
        if self._purged_at is not None and now - self._purged_at < PURGE_EVERY:
            return
        self._purged_at = now
        with self._single.begin() as connection:
            connection.execute(delete(used_tokens).where(used_tokens.c.expires_at < now - KEPT_LONGER))
