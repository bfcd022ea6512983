"""HTTP/1.1 over one kept connection, for requests that are bytes already: the least that a load generator must do.

A general client costs the machine about a millisecond a call, on the very cores whose latency is measured.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_STATUS = slice(9, 12)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes


@dataclass(slots=True)
class Connection(asyncio.Protocol):
    """One request at a time; answers are expected to name their length."""

    _transport: asyncio.Transport | None = None
    _received: bytearray = field(default_factory=bytearray)
    _reply: "asyncio.Future[Reply] | None" = None

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connected."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    async def ask(self, request: bytes) -> Reply:
        """Send, and wait for the whole answer; raises `ConnectionError`."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, _: Exception | None) -> None:
        """Called by asyncio."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0 or self._reply is None or self._reply.done():
            return
        length = _LENGTH.search(self._received, 0, end + len(_END_OF_HEAD))
        begin = end + len(_END_OF_HEAD)
        whole = begin + (int(length[1]) if length else 0)
        if len(self._received) >= whole:
            reply = Reply(int(self._received[_STATUS]), bytes(self._received[begin:whole]))
            del self._received[:whole]
            self._reply.set_result(reply)
