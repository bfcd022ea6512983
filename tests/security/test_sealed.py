"""Mirrors cds/security/sealed.py: a session opens at its own address, until it ends; forged cookies: reading routes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cds.launch import LaunchRefused, ReadingSession
from cds.reader import Reader
from cds.security.reader_name import LONGEST_NAME
from cds.security.sealed import SealedSessions, Sealer
from tests.support.clock import SettableClock

SECRET = b"s" * 32
NOW = SettableClock().now()
READER = Reader("https://ehr.test/r4/Practitioner/7", "安达")
SESSION = ReadingSession(READER, "result-1", NOW + timedelta(minutes=30), "place-1")


def test_a_session_comes_back_as_it_was():
    """Sealed by one replica, opened by another."""
    sealed = SealedSessions(SECRET).seal(SESSION)

    assert SealedSessions(SECRET).open(sealed, "place-1", NOW) == SESSION


def test_the_longest_name_and_address_fit_into_a_cookie():
    """In a script of three bytes a character."""
    reader = Reader(f"https://{'h' * 200}.test/r4/PractitionerRole/{'x' * 64}", "安" * LONGEST_NAME)
    sealed = SealedSessions(SECRET).seal(replace(SESSION, reader=reader))

    assert SealedSessions(SECRET).open(sealed, "place-1", NOW).reader == reader
    assert len(sealed) < 3500


@pytest.mark.parametrize("place", ["", "place-2", "place", "é"])
def test_at_another_address_it_opens_nothing(place):
    """Not even at the one that all sessions had once."""
    sessions = SealedSessions(SECRET)

    with pytest.raises(LaunchRefused, match="another-address"):
        sessions.open(sessions.seal(SESSION), place, NOW)


@pytest.mark.parametrize("place", ["", "None", "place-1"])
def test_a_session_from_before_addresses_opens_nothing(place):
    """Sealed by the version that showed all of them at one address."""
    facts = {"reader": READER.identity, "rid": SESSION.result_id, "exp": int(SESSION.expires_at.timestamp())}
    sealed = Sealer(SECRET, "reading session").seal(facts)

    with pytest.raises(LaunchRefused, match="another-address"):
        SealedSessions(SECRET).open(sealed, place, NOW)
