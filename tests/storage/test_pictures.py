"""Mirrors cds/storage/pictures.py."""

from dataclasses import replace
from datetime import timedelta

from cds.storage.assessments import SqlAssessmentStore
from cds.storage.pictures import SqlPictures
from tests.support.assessments import a_result
from tests.support.pictures import PICTURES, a_picture


def published(engine, clock, result_id="result-1", **facts):
    """A stored result."""
    result = replace(a_result(**facts), result_id=result_id)
    SqlAssessmentStore(engine, clock).keep(result, b"{}")
    return result


def test_pictures_come_back_as_they_were_put(engine, clock):
    """Bytes, sizes and order; of one result alone; put again, they are replaced."""
    store = SqlPictures(engine, clock)
    store.put("result-1", PICTURES)
    store.put("result-2", [a_picture("coronal", 4, 5)])

    assert tuple(store.read("result-1")) == PICTURES
    store.put("result-1", PICTURES[:1])
    assert tuple(store.read("result-1")) == PICTURES[:1]
    assert store.read("result-3") == []


def test_a_wish_is_kept_until_it_is_fulfilled_or_given_up(engine, clock):
    """Asked twice is asked once; what was given up is not asked for again; the first comes first."""
    store = SqlPictures(engine, clock)
    assert store.wish("b") == "wished-for"
    clock.move_on(seconds=1)
    assert store.wish("a") == "wished-for"
    assert store.wish("b") == "wished-for"
    assert store.wishes() == ["b", "a"]

    store.put("b", PICTURES)
    store.give_up("a")

    assert store.wishes() == []
    assert store.wish("a") == "impossible"


def test_old_pictures_are_purged_and_the_result_stays(engine, clock):
    """By the day they were drawn."""
    store = SqlPictures(engine, clock)
    published(engine, clock)
    store.put("result-1", PICTURES)
    drawn_at = clock.now()

    assert store.purge_before(drawn_at) == 0
    clock.move_on(days=5)
    assert store.purge_before(drawn_at + timedelta(seconds=1)) == 1
    assert store.read("result-1") == []
    assert SqlAssessmentStore(engine, clock).read("result-1") is not None


def test_pictures_without_a_result_go_after_a_day(engine, clock):
    """A measurement that was never published leaves nothing; one of today may still be."""
    store = SqlPictures(engine, clock)
    store.put("unpublished", PICTURES)
    published(engine, clock)
    store.put("result-1", PICTURES)
    never = clock.now() - timedelta(days=999)

    assert store.purge_before(never) == 0
    clock.move_on(hours=25)
    assert store.purge_before(never) == 1
    assert store.read("unpublished") == []
    assert store.read("result-1")
