"""Mirrors cds/storage/readiness.py."""

from cds.retraction import Recall, StandingRecall
from cds.storage.engine import open_engine
from cds.storage.health import SqlHeartbeats
from cds.storage.migrate import newest_revision
from cds.storage.readiness import SqlReadiness
from cds.storage.recalls import SqlRecalls


def test_ready_means_current_tables_and_a_living_worker(engine, clock):
    """Then there is nothing to say."""
    SqlHeartbeats(engine, clock).beat("one")

    assert SqlReadiness(engine, clock).problems() == []


def test_not_ready_with_a_version_that_was_withdrawn(engine, clock):
    """It would measure for nothing; who withdrew it and why is told to operators alone."""
    SqlHeartbeats(engine, clock).beat("one")
    recall = Recall(model_version="spine-net-1")
    SqlRecalls(engine).keep(StandingRecall(recall, "recalled-version", "it reads too low", "B.", clock.now()))

    assert SqlReadiness(engine, clock, "spine-net-2+tables-1").problems() == []
    assert SqlReadiness(engine, clock, "spine-net-1+tables-1").problems() == [
        "The version that this service measures with was withdrawn: see osteocds doctor."
    ]


def test_not_ready_before_any_worker_started(engine, clock):
    """A first start is ready once its worker is warm."""
    assert SqlReadiness(engine, clock).problems() == ["No worker has started yet."]


def test_not_ready_when_the_workers_fell_silent(engine, clock):
    """Three missed beats are enough for readiness; cards speak of it after a minute."""
    SqlHeartbeats(engine, clock).beat("one")
    clock.move_on(seconds=20)

    assert SqlReadiness(engine, clock).problems() == ["No worker has been heard of for 20 s."]


def test_not_ready_where_the_only_worker_has_another_time(engine, clock):
    """It cannot be told whether it lives; what to do about it is said."""
    clock.move_on(hours=2)
    SqlHeartbeats(engine, clock).beat("one")
    clock.move_on(hours=-2)

    assert SqlReadiness(engine, clock).problems() == ["The clock of a worker is 7200 s ahead: set all clocks by NTP."]


def test_not_ready_before_the_tables_are_there(empty_database, clock):
    """A database nobody migrated is named as that."""
    engine = open_engine(empty_database)
    problems = SqlReadiness(engine, clock).problems()
    engine.dispose()

    assert problems == [f"The application database is at revision None, not {newest_revision()}."]


def test_not_ready_without_a_database(tmp_path, clock):
    """Whatever is wrong is a sentence, never an exception, and names no path."""
    file = tmp_path / "osteocds.db"
    file.write_bytes(b"this is not a database" * 100)
    engine = open_engine(f"sqlite:///{file}")
    problems = SqlReadiness(engine, clock).problems()
    engine.dispose()

    assert problems == ["The application database cannot be read (DatabaseError)."]
