"""Asking for the answer, and waiting a little while the first measurement runs.

Waiting holds no thread and no database connection: each look is one short call in a thread of
a small pool of its own, and between looks there is only a timer. At most `max_waiting` hooks wait;
the others are told at once what is known.
"""

from typing import Protocol

import anyio
from anyio import to_thread

from cds.order import ImagingOrder
from cds.screening import Answer, Pending

POLL_S = 0.05
_THREADS = 8
"""Looks are short: more threads would only queue at the database."""


class Answers(Protocol):
    """The fast path of screening."""

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now; asking again is free."""


class Waiting:
    """Asks, and asks again until the budget is spent."""

    def __init__(self, answering: Answers, budget_s: float, max_waiting: int) -> None:
        self._answering = answering
        self._budget_s = budget_s
        self._max_waiting = max_waiting
        self._waiting = 0
        self._threads = anyio.CapacityLimiter(_THREADS)

    @property
    def waiting(self) -> int:
        """How many hooks wait now."""
        return self._waiting

    async def answer(self, order: ImagingOrder, *, may_wait: bool) -> Answer:
        """The answer, or the last one seen when the budget is spent."""
        give_up_at = anyio.current_time() + self._budget_s
        answer = await self._look(order)
        if not may_wait or self._waiting >= self._max_waiting:
            return answer
        self._waiting += 1
        try:
            while isinstance(answer, Pending) and (left_s := give_up_at - anyio.current_time()) > 0:
                await anyio.sleep(min(POLL_S, left_s))
                answer = await self._look(order)
        finally:
            self._waiting -= 1
        return answer

    async def _look(self, order: ImagingOrder) -> Answer:
        return await to_thread.run_sync(self._answering.answer, order, limiter=self._threads)
