"""Asking for the answer, and waiting a little while the first measurement runs.

Waiting holds no thread and no database connection: each look is one short call in a thread of
a small pool of its own, and between looks there is only a timer. Hooks about the same patient, as
the chart describes them, share their looks. At most `max_waiting` hooks wait; the others are told
at once what is known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Protocol

import anyio
from anyio import to_thread

from cds.ct.patient import PatientIdentity
from cds.order import ImagingOrder
from cds.screening import Answer, Pending
from cds.trace import step

POLL_S = 0.05
_THREADS = 4
"""Looks are short: more threads would only queue at the database and at the interpreter's lock."""


class Answers(Protocol):
    """The fast path of screening."""

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now; asking again is free."""


@dataclass(slots=True)
class _SharedLook:
    """The last look at one patient, and how many hooks use it."""

    lock: anyio.Lock
    users: int = 0
    looked_at: float = -inf
    answer: Answer | None = None


class Waiting:
    """Asks, and asks again until the budget is spent."""

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

    async def answer(self, order: ImagingOrder, *, may_wait: bool) -> Answer:
        """The answer, or the last one seen when the budget is spent."""
        give_up_at = anyio.current_time() + self._budget_s
        with self._shared(order.patient) as look:
            answer = await self._at_most_a_poll_old(look, order)
            if not may_wait or self._waiting >= self._max_waiting or not isinstance(answer, Pending):
                return answer
            self._waiting += 1
            try:
                with step("wait"):
                    return await self._awaited(answer, look, order, give_up_at)
            finally:
                self._waiting -= 1

    async def _awaited(self, answer: Answer, look: _SharedLook, order: ImagingOrder, give_up_at: float) -> Answer:
        while isinstance(answer, Pending) and (left_s := give_up_at - anyio.current_time()) > 0:
            await anyio.sleep(min(POLL_S, left_s))
            answer = await self._at_most_a_poll_old(look, order)
        return answer

    async def _at_most_a_poll_old(self, look: _SharedLook, order: ImagingOrder) -> Answer:
        async with look.lock:
            if look.answer is None or anyio.current_time() - look.looked_at >= POLL_S:
                look.answer = await to_thread.run_sync(self._answering.answer, order, limiter=self._threads)
                look.looked_at = anyio.current_time()
            return look.answer

    @contextmanager
    def _shared(self, patient: PatientIdentity) -> Iterator[_SharedLook]:
        """The look that all hooks about this patient share, for as long as one of them is here."""
        look = self._looks.setdefault(patient, _SharedLook(anyio.Lock()))
        look.users += 1
        try:
            yield look
        finally:
            look.users -= 1
            if look.users == 0:
                del self._looks[patient]
