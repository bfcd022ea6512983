"""Asking for the answer, and waiting a little while the first measurement runs.

Waiting holds no thread and no database connection: each look is one short call in a thread of
a small pool of its own, and between looks there is only a timer. Those that wait for the same
patient, as the chart describes them, share their looks. At most `max_waiting` hooks wait; the others are told
at once what is known.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Generic, Protocol, TypeVar

import anyio
from anyio import to_thread

from cds.ct.patient import PatientIdentity
from cds.order import ImagingOrder
from cds.screening import Answer, Pending
from cds.trace import step

POLL_S = 0.05
_THREADS = 4
"""Visits are short: more threads would only queue at the database and at the interpreter's lock."""


_T = TypeVar("_T")


class Answers(Protocol):
    """The fast path of screening."""

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now; asking again is free."""


@dataclass(frozen=True, slots=True)
class _Concluded(Generic[_T]):
    """Nothing is waited for."""

    value: _T


@dataclass(slots=True)
class _SharedLook:
    """The last look at one patient, and how many hooks use it."""

    lock: anyio.Lock
    users: int = 0
    looked_at: float = -inf
    answer: Answer | None = None


class Waiting:
    """Asks, asks again until the budget is spent, and lets the caller conclude."""

    def __init__(self, answering: Answers, budget_s: float, max_waiting: int) -> None:
        self._answering = answering
        self._budget_s = budget_s
        self._max_waiting = max_waiting
        self._waiting = 0
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._looks: dict[PatientIdentity, _SharedLook] = {}

    @property
    def waiting(self) -> int:
        """How many hooks wait now."""
        return self._waiting

    async def answer(self, order: ImagingOrder, conclude: Callable[[Answer], _T], *, may_wait: bool) -> _T:
        """What `conclude`, in a thread, makes of the answer, or of the last one seen when the budget is spent.

        Where nobody waits, look and conclusion are one visit to a thread: each visit costs a call more than a look.
        """
        give_up_at = anyio.current_time() + self._budget_s
        first: Pending | _Concluded[_T] = await self._in_thread(self._first_look, order, conclude, may_wait)
        if isinstance(first, _Concluded):
            return first.value
        answer = await self._awaited(first, order, give_up_at) if self._waiting < self._max_waiting else first
        return await self._in_thread(conclude, answer)

    def _first_look(
        self, order: ImagingOrder, conclude: Callable[[Answer], _T], may_wait: bool
    ) -> Pending | _Concluded[_T]:
        answer = self._answering.answer(order)
        return answer if may_wait and isinstance(answer, Pending) else _Concluded(conclude(answer))

    async def _awaited(self, answer: Answer, order: ImagingOrder, give_up_at: float) -> Answer:
        self._waiting += 1
        try:
            with step("wait"), self._shared(order.patient) as look:
                while isinstance(answer, Pending) and (left_s := give_up_at - anyio.current_time()) > 0:
                    await anyio.sleep(min(POLL_S, left_s))
                    answer = await self._at_most_a_poll_old(look, order)
                return answer
        finally:
            self._waiting -= 1

    async def _in_thread(self, function: Callable[..., _T], *given: object) -> _T:
        return await to_thread.run_sync(function, *given, limiter=self._threads)

    async def _at_most_a_poll_old(self, look: _SharedLook, order: ImagingOrder) -> Answer:
        async with look.lock:
            if look.answer is None or anyio.current_time() - look.looked_at >= POLL_S:
                look.answer = await self._in_thread(self._answering.answer, order)
                look.looked_at = anyio.current_time()
            return look.answer

    @contextmanager
    def _shared(self, patient: PatientIdentity) -> Iterator[_SharedLook]:
        """The look that all hooks that wait for this patient share, for as long as one of them is here."""
        look = self._looks.setdefault(patient, _SharedLook(anyio.Lock()))
        look.users += 1
        try:
            yield look
        finally:
            look.users -= 1
            if look.users == 0:
                del self._looks[patient]
