"""Images decoded by several threads while the next ones arrive, handed on in the order of arrival.

JPEG 2000 and JPEG-LS are decoded side by side. gdcm (JPEG lossless) and pylibjpeg (RLE) keep the interpreter to
themselves, so with them the threads only decode while the archive sends.
"""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from cds.dicomweb.pixels import Unreadable, hounsfield_units
from cds.dicomweb.slices import CtSlice

Image = tuple[CtSlice, Dataset]
"""Header facts, and the dataset that holds the pixels."""
Pixels = NDArray[np.int16] | Unreadable
"""HU, axes (row, column), or why there are none."""

_THREADS_AT_MOST: Final = 8
"""More wait for the archive, and each holds an image."""
_READ_AHEAD: Final = 2
"""Images in hand beyond one for each thread, so that none waits for the next to arrive."""


def decoding_threads(wanted: int | None) -> int:
    """As many as asked for, else as there are cores, up to a limit."""
    return min(wanted or os.cpu_count() or 1, _THREADS_AT_MOST)


def decoded(images: Iterable[Image], threads: int) -> Generator[Pixels]:
    """The pixels of each image, in order; at most `threads` + 2 images are held at any time.

    Images must have passed `conditions`. What `images` raises is raised at once; what is in hand then, or when the
    caller stops early, is dropped.
    """
    waiting: deque[Future[Pixels]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        try:
            for image, dataset in images:
                waiting.append(pool.submit(hounsfield_units, dataset, image))
                if len(waiting) == threads + _READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
