"""All tensor work of a process in one thread, whichever threads ask for it.

OpenMP keeps threads for each thread that ever computed. Once there are more of them than cores, those that wait no
longer stay awake between two operations (GNU's libgomp, which torch brings): segmenting takes half as long again.
"""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


def in_one_thread(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call it there and wait; what it raises is raised here. Its log lines belong to the caller's trace."""
    asked = partial(function, *args, **kwargs)
    return _thread().submit(contextvars.copy_context().run, asked).result()


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="tensors")
