"""A TCP proxy before the archive that counts what comes back: what a network would have carried."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 1 << 18


@dataclass
class Count:
    """Bytes from the archive, headers and multipart borders included."""

    url: str
    received: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        """From any thread."""
        with self._lock:
            self.received += count


@contextmanager
def counting(archive_url: str) -> Iterator[Count]:
    """Give the address to use in place of `archive_url`."""
    parts = urlsplit(archive_url)
    listener = socket.create_server(("127.0.0.1", 0))
    count = Count(f"http://127.0.0.1:{listener.getsockname()[1]}{parts.path}")
    there = (parts.hostname or "", parts.port or 80)
    threading.Thread(target=_accept, args=(listener, there, count), daemon=True).start()
    try:
        yield count
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, there: tuple[str, int], count: Count) -> None:
    with suppress(OSError):  # shut down: the measurement is over
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, there, count), daemon=True).start()


def _serve(client: socket.socket, there: tuple[str, int], count: Count) -> None:
    with client, socket.create_connection(there) as server:
        asking = threading.Thread(target=_carry, args=(client, server, lambda _count: None), daemon=True)
        asking.start()
        _carry(server, client, count.add)
        asking.join()


def _carry(source: socket.socket, target: socket.socket, told: Callable[[int], None]) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            told(len(data))
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
