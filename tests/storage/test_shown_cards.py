"""Mirrors cds/storage/shown_cards.py."""

from concurrent.futures import ThreadPoolExecutor

from cds.storage.shown_cards import SqlShownCards


def test_once_for_each_result_and_user(engine, clock):
    """Another user, or another result, is a first time again."""
    cards = SqlShownCards(engine, clock)

    assert cards.first_time("result-1", "Practitioner/1")
    assert not cards.first_time("result-1", "Practitioner/1")
    assert cards.first_time("result-1", "Practitioner/2")
    assert cards.first_time("result-2", "Practitioner/1")


def test_users_without_a_name_count_as_one(engine, clock):
    """A client that does not name its user still shows the card once."""
    cards = SqlShownCards(engine, clock)

    assert cards.first_time("result-1", None)
    assert not cards.first_time("result-1", None)


def test_of_many_hooks_at_once_one_is_the_first(engine, clock):
    """The database decides, not who looked first."""
    cards = SqlShownCards(engine, clock)
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda _: cards.first_time("result-1", "Practitioner/1"), range(16)))

    assert sum(firsts) == 1
