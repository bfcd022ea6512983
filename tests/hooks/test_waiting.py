import threading
from datetime import UTC, date, datetime

import anyio
import pytest

from cds.hooks.waiting import Waiting
from cds.screening import Known, NoPrior, Pending
from tests.support.assessments import a_patient, a_result, an_order
from tests.support.fakes import FakeAnswering, FakeMeasurement

PENDING = Pending(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


def as_it_is(answer):
    """Conclude nothing."""
    return answer


async def test_what_is_not_waited_for_is_one_visit_to_a_thread():
    """Look and conclusion happen in the same thread, one after the other, and not in that of the event loop."""
    threads = []

    class Watching(FakeAnswering):
        def answer(self, order):
            threads.append(threading.get_ident())
            return super().answer(order)

    def concluded(answer):
        threads.append(threading.get_ident())
        return type(answer).__name__

    told = await Waiting(Watching([Known(a_result())]), budget_s=10, max_waiting=16).answer(
        an_order(), concluded, may_wait=True
    )

    assert told == "Known"
    assert threads[0] == threads[1] != threading.get_ident()


async def test_a_conclusion_is_drawn_once_from_the_last_answer():
    """However often was looked, and also where nothing is concluded from it."""
    concluded = []
    waiting = Waiting(FakeAnswering([PENDING, PENDING, NoPrior(())]), budget_s=10, max_waiting=16)

    assert await waiting.answer(an_order(), concluded.append, may_wait=True) is None
    assert concluded == [NoPrior(())]


async def test_a_known_result_is_not_waited_for():
    """One look is enough when something is known."""
    answering = FakeAnswering([Known(a_result())])

    answer = await Waiting(answering, budget_s=10, max_waiting=16).answer(an_order(), as_it_is, may_wait=True)

    assert answer == Known(a_result())
    assert len(answering.orders) == 1


async def test_a_result_that_arrives_within_the_budget_is_answered():
    """Looks go on until the measurement has ended."""
    answering = FakeAnswering([PENDING, PENDING, PENDING, NoPrior(("no-prior-ct",))])

    answer = await Waiting(answering, budget_s=10, max_waiting=16).answer(an_order(), as_it_is, may_wait=True)

    assert answer == NoPrior(("no-prior-ct",))
    assert len(answering.orders) == 4


async def test_a_spent_budget_is_answered_with_what_is_known():
    """When the time is up, still pending is the answer."""
    answering = FakeMeasurement(PENDING)
    begun = anyio.current_time()

    answer = await Waiting(answering, budget_s=0.15, max_waiting=16).answer(an_order(), as_it_is, may_wait=True)

    assert answer == PENDING
    assert anyio.current_time() - begun >= 0.15
    assert answering.asked >= 2


@pytest.mark.parametrize(("may_wait", "budget_s", "max_waiting"), [(False, 10, 16), (True, 0, 16), (True, 10, 0)])
async def test_nobody_waits_who_should_not(may_wait, budget_s, max_waiting):
    """Early hooks, a budget of zero, nobody allowed to wait: one look, answered at once."""
    answering = FakeMeasurement(PENDING)

    answer = await Waiting(answering, budget_s, max_waiting).answer(an_order(), as_it_is, may_wait=may_wait)

    assert answer == PENDING
    assert answering.asked == 1


async def test_at_most_so_many_wait_and_the_others_are_answered_at_once():
    """Of 50 hooks 16 wait; the other 34 have their answer while those still wait."""
    answering = FakeMeasurement(PENDING)
    waiting = Waiting(answering, budget_s=30, max_waiting=16)
    answered: list[object] = []
    only_waiting_left = anyio.Event()

    async def one_hook():
        answered.append(await waiting.answer(an_order(), as_it_is, may_wait=True))
        if len(answered) == 34:
            only_waiting_left.set()

    async with anyio.create_task_group() as hooks:
        for _ in range(50):
            hooks.start_soon(one_hook)
        with anyio.fail_after(20):
            await only_waiting_left.wait()
        await anyio.sleep(0.2)
        assert (len(answered), waiting.waiting) == (34, 16)
        answering.ended = Known(a_result())

    assert answered[:34] == [PENDING] * 34
    assert answered[34:] == [Known(a_result())] * 16
    assert waiting.waiting == 0


async def test_a_hook_that_fails_while_waiting_gives_its_place_back():
    """A fault during a look does not use up a waiting place for ever."""

    class Failing(FakeMeasurement):
        def answer(self, order):
            if self.asked == 1:
                raise RuntimeError("gone")
            return super().answer(order)

    waiting = Waiting(Failing(PENDING), budget_s=10, max_waiting=1)

    with pytest.raises(RuntimeError):
        await waiting.answer(an_order(), as_it_is, may_wait=True)

    assert waiting.waiting == 0


async def test_waiting_holds_no_thread():
    """Between two looks no thread is busy: looks of many waiting hooks share a few."""
    busy = 0
    most = 0
    lock = threading.Lock()

    class Counting(FakeMeasurement):
        def answer(self, order):
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            try:
                return super().answer(order)
            finally:
                with lock:
                    busy -= 1

    waiting = Waiting(Counting(PENDING), budget_s=0.3, max_waiting=40)
    async with anyio.create_task_group() as hooks:
        for _ in range(40):
            hooks.start_soon(lambda: waiting.answer(an_order(), as_it_is, may_wait=True))

    assert most <= 8
    assert busy == 0


async def test_hooks_about_one_patient_share_their_looks():
    """Twenty hooks that wait for one patient look once each, and then about as often as one does."""
    answering = FakeMeasurement(PENDING)
    waiting = Waiting(answering, budget_s=0.5, max_waiting=40)

    async with anyio.create_task_group() as hooks:
        for _ in range(20):
            hooks.start_soon(lambda: waiting.answer(an_order(), as_it_is, may_wait=True))

    assert answering.asked <= 20 + 12


async def test_charts_that_differ_share_nothing():
    """The same identifier with another birth date is looked at by itself: its answer may be another."""
    answering = FakeMeasurement(PENDING)
    waiting = Waiting(answering, budget_s=0, max_waiting=40)
    charts = [a_patient(birth_date=date(1950, 1, day)) for day in range(1, 6)]

    async with anyio.create_task_group() as hooks:
        for chart in charts:
            hooks.start_soon(lambda chart=chart: waiting.answer(an_order(chart), as_it_is, may_wait=True))

    assert answering.asked == len(charts)
