"""Mirrors cds/screening.py, answer: what a hook is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cds.errors import QueueUnavailable
from cds.ports import ScreenState, Trouble
from cds.screening import IdentityRefused, Known, NoPrior, OptedOut, Pending, Unavailable
from tests.support.assessments import a_key, a_patient, a_result, an_order
from tests.support.screening_fakes import FakeHealth, FakeQueue


@pytest.mark.parametrize("known", [True, False])
def test_of_who_has_opted_out_nothing_is_told_or_queued(answering, store, queue, opt_outs, known):
    """Whether or not something is known."""
    if known:
        store.keep(a_result(), b"")
    opt_outs.patients.add(a_patient().key)

    assert answering.answer(an_order()) == OptedOut()
    assert queue.submitted == []


def test_known_result_is_told_without_queueing(answering, store, queue):
    """A result that the archive confirmed lately is told at once, and no work is queued."""
    result = a_result()
    store.keep(result, b"")

    assert answering.answer(an_order()) == Known(result)
    assert queue.submitted == []


def test_the_archive_is_asked_again_whatever_is_known(answering, store, queue, opt_outs):
    """As where a page shows other CTs that were not confirmed lately; never of who has opted out."""
    store.keep(a_result(), b"")
    answering.look_again(an_order())
    opt_outs.patients.add(a_patient().key)
    answering.look_again(an_order())

    assert len(queue.submitted) == 1


def test_unknown_patient_is_queued(answering, queue, clock):
    """Nothing known: the order is queued and the answer says since when."""
    assert answering.answer(an_order()) == Pending(clock.now())
    assert len(queue.submitted) == 1


def test_older_generation_is_told_and_measured_again(answering, store, queue):
    """A result of an older model is told, marked, and queued for a new measurement."""
    result = a_result(generation="old")
    store.keep(result, b"")

    assert answering.answer(an_order()) == Known(result, stale=True)
    assert len(queue.submitted) == 1


def test_result_not_confirmed_lately_is_not_shown(answering, store, queue, clock):
    """The link of study and patient is confirmed again before a result older than a day is shown."""
    store.keep(a_result(), b"")
    clock.move_on(hours=24, seconds=1)

    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_what_a_wrong_clock_wrote_is_not_taken_for_fresh(answering, store, queue, clock):
    """A confirmation from next year confirms nothing, and a search from next year is done again."""
    store.keep(a_result(confirmed_at=clock.now() + timedelta(days=365)), b"")
    store.keep_nothing_found(a_key("PAT-0002"), clock.now() + timedelta(days=365), ["no-prior-ct"])

    assert isinstance(answering.answer(an_order()), Pending)
    assert isinstance(answering.answer(an_order(a_patient(a_key("PAT-0002")))), Pending)
    assert len(queue.submitted) == 2


def test_trouble_that_a_wrong_clock_dated_is_told_at_once(answering, queue, clock):
    """Nobody knows since when; it must not be silence until the calendar says so."""
    trouble = Trouble("archive", clock.now() + timedelta(days=365))
    running = ScreenState("running", clock.now() + timedelta(days=365))
    away = replace(answering, health=FakeHealth(trouble))

    assert away.answer(an_order()) == Unavailable(Trouble("archive", clock.now()))
    queue.now = running
    assert answering.answer(an_order()) == Unavailable(Trouble("measurement", clock.now()))


@pytest.mark.parametrize(
    "chart",
    [a_patient(birth_date=date(1951, 4, 4)), a_patient(sex="male")],
    ids=["another birth date", "another sex"],
)
def test_contradiction_reaches_no_chart(answering, store, queue, audit, chart):
    """A chart whose birth date or sex differs from the images' gets no value, and an audit row."""
    store.keep(a_result(), b"")

    assert answering.answer(an_order(chart)) == IdentityRefused()
    assert ("identity-mismatch", "refused") in audit.outcomes
    assert queue.submitted == []


@pytest.mark.parametrize("key", [a_key(issuer="OTHER"), a_key(tenant="other"), a_key("PAT-00010")])
def test_same_number_elsewhere_is_another_patient(answering, store, key):
    """The same PatientID under another issuer or tenant, or a longer one, is somebody else."""
    store.keep(a_result(), b"")

    assert isinstance(answering.answer(an_order(a_patient(key))), Pending)


def test_nothing_found_is_remembered_for_a_day(answering, store, queue, clock):
    """No usable prior CT is remembered for 24 h, then the archive is asked again."""
    store.keep_nothing_found(a_key(), clock.now(), ["no-prior-ct"])

    assert answering.answer(an_order()) == NoPrior(("no-prior-ct",))
    clock.move_on(hours=24, seconds=1)
    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_mismatch_is_soon_forgotten(answering, store, queue, clock):
    """A chart whose birth date was mended does not wait a day because of the wrong one before."""
    store.keep_nothing_found(a_key(), clock.now(), ["patient-mismatch"])

    assert answering.answer(an_order()) == NoPrior(("patient-mismatch",))
    clock.move_on(seconds=61)
    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_trouble_is_said_after_a_minute(answering, clock):
    """Archive or workers away: the order is queued all the same; after a minute the answer says why it waits."""
    trouble = Trouble("archive", clock.now())
    answering = replace(answering, health=FakeHealth(trouble))

    clock.move_on(seconds=59)
    assert isinstance(answering.answer(an_order()), Pending)
    clock.move_on(seconds=2)
    assert answering.answer(an_order()) == Unavailable(trouble)


def test_failed_measurement_is_never_silence(answering, queue, clock):
    """A screening that failed is said to have failed: no value must not look like no finding."""
    queue.now = ScreenState("failed", clock.now(), "out of memory")

    assert answering.answer(an_order()) == Unavailable(Trouble("measurement", clock.now()))


def test_measurement_that_hangs_is_never_silence(answering, queue, clock):
    """Running for over ten minutes is said to have failed."""
    queue.now = ScreenState("running", clock.now())

    clock.move_on(minutes=10)
    assert isinstance(answering.answer(an_order()), Pending)
    clock.move_on(seconds=1)
    assert isinstance(answering.answer(an_order()), Unavailable)


def test_queue_that_cannot_be_reached_is_said(answering, clock):
    """Work that cannot even be queued is unavailable, not pending."""

    class BrokenQueue(FakeQueue):
        def submit(self, order):
            del order
            raise QueueUnavailable("locked")

    answering = replace(answering, queue=BrokenQueue(ScreenState("none")))

    assert answering.answer(an_order()) == Unavailable(Trouble("queue", clock.now()))


def test_contradiction_is_looked_at_again_once_a_day(answering, store, queue, clock):
    """A refusal may come from an error that the archive has mended since: it is asked again after a day."""
    store.keep(a_result(), b"")
    clock.move_on(hours=25)

    assert answering.answer(an_order(a_patient(sex="male"))) == IdentityRefused()
    assert len(queue.submitted) == 1


def test_confirmation_is_not_older_than_the_look(answering, store, clock):
    """A result is shown up to exactly the moment when its confirmation is a day old."""
    store.keep(a_result(confirmed_at=clock.now() - timedelta(hours=24)), b"")

    assert isinstance(answering.answer(an_order()), Known)


def test_a_result_that_this_chart_cannot_confirm_is_not_shown(answering, store, audit):
    """Measured without a chart, as in a sweep; a chart without birth date and sex does not say whose it is."""
    store.keep(a_result(), b"")
    nameless = a_patient(birth_date=None, sex=None)
    trusting = replace(answering, policy=replace(answering.policy, allow_unverified_identity=True))

    assert answering.answer(an_order(nameless)) == IdentityRefused()
    assert ("identity-unverified", "refused") in audit.outcomes
    assert isinstance(trusting.answer(an_order(nameless)), Known)
