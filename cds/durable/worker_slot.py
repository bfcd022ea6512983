"""The name under which a worker owns its unfinished work, kept across restarts.

DBOS gives a worker back only the work begun under the same name. Each name belongs to a slot: a
small file, locked while its worker lives. The lock goes with the process, however it ends, so a
new worker finds the slot free, takes the name, and with it the work.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claim_slot(folder: Path) -> Iterator[str]:
    """Hold the first free slot and yield its name."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 0
    while (descriptor := _lock(folder / _file_name(number))) is None:
        number += 1
    try:
        yield _name_in(descriptor)
    finally:
        os.close(descriptor)


def names_without_worker(folder: Path) -> Iterator[str]:
    """Names whose workers are gone and were not replaced, as after a start with fewer workers.

    Each slot stays locked until the next is asked for, so that nobody takes the name meanwhile.
    """
    for file in sorted(folder.glob(_file_name("*"))):
        descriptor = _lock(file)
        if descriptor is None:
            continue
        try:
            yield _name_in(descriptor)
        finally:
            os.close(descriptor)


def _file_name(number: int | str) -> str:
    return f"worker-{number}.slot"


def _lock(file: Path) -> int | None:
    """An open, locked descriptor, or None while another process holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _name_in(descriptor: int) -> str:
    """The name written at the slot's first use: unlike any other machine's."""
    name = os.pread(descriptor, 64, 0).decode()
    if not name:
        name = f"worker-{uuid.uuid4().hex[:12]}"
        os.pwrite(descriptor, name.encode(), 0)
        os.fsync(descriptor)
    return name
