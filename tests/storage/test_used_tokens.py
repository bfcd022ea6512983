"""Mirrors cds/storage/used_tokens.py."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from cds.storage.tables import used_tokens
from cds.storage.used_tokens import KEPT_LONGER, PURGE_EVERY, SqlUsedTokens
from tests.support.token_users import use_tokens

ISSUER = "https://ehr.example.org"
MINUTE = timedelta(minutes=1)


def rows(engine):
    """How many tokens are remembered."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(used_tokens)).scalar_one()


def test_a_token_is_new_once(engine, clock):
    """Another id, or the same id of another client, is another token."""
    used = SqlUsedTokens(engine, clock)
    until = clock.now() + MINUTE

    assert used.first_use(ISSUER, "one", until)
    assert not used.first_use(ISSUER, "one", until)
    assert not used.first_use(ISSUER, "one", until + MINUTE)
    assert used.first_use(ISSUER, "two", until)
    assert used.first_use("https://other.example.org", "one", until)


def test_neither_the_token_id_nor_its_length_reaches_the_table(engine, clock):
    """Ids that agree in their first 64 characters are told apart, and none is stored as it is."""
    used = SqlUsedTokens(engine, clock)

    assert used.first_use(ISSUER, "x" * 5000, clock.now())
    assert used.first_use(ISSUER, "x" * 5001, clock.now())
    with engine.connect() as connection:
        kept = connection.execute(select(used_tokens.c.token)).scalars().all()
    assert {len(each) for each in kept} == {64}
    assert not [each for each in kept if "xxx" in each]


def test_two_replicas_at_once_take_each_token_once(database, clock):
    """Two processes that are sent the same forty tokens at the same time: each is new to exactly one of them."""
    token_ids = [f"token-{number}" for number in range(40)]
    sent = (database, ISSUER, token_ids, clock.now() + MINUTE)

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as replicas:
        one, other = replicas.submit(use_tokens, *sent), replicas.submit(use_tokens, *sent)
        news = list(zip(one.result(60), other.result(60), strict=True))

    assert all(first != second for first, second in news)


def test_tokens_long_expired_are_forgotten(engine, clock):
    """Now and then what can no longer be used goes, and nothing that another replica may still accept."""
    used = SqlUsedTokens(engine, clock)
    used.first_use(ISSUER, "early", clock.now() + MINUTE)
    clock.move_on(minutes=30)
    used.first_use(ISSUER, "late", clock.now() + MINUTE)
    after_half_an_hour = rows(engine)
    clock.moment += KEPT_LONGER - 15 * MINUTE + PURGE_EVERY / 2
    used.first_use(ISSUER, "later", clock.now() + MINUTE)

    assert after_half_an_hour == 2
    assert rows(engine) == 2
    assert not used.first_use(ISSUER, "late", clock.now())
