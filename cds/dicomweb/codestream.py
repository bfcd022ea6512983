"""The size that a compressed image declares for itself: decoders reserve memory for it before they look further.

A codestream of a few hundred bytes can declare ten gigabytes, whatever Rows and Columns say.
"""

import struct
from typing import Final

_J2K_START: Final = b"\xff\x4f\xff\x51"
"""SOC and SIZ, the first two markers of JPEG 2000 and HTJ2K (T.800 A.4.1, A.5.1)."""
_FRAME_MARKERS: Final = frozenset({0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""SOF of JPEG (T.81 B.1.1.3) and of JPEG-LS (T.87 C.1.1)."""
_HEADERS_BYTES: Final = 1024
"""Basic offset table, item tag and perhaps the boxes of a JP2 file stand before the codestream."""

Declared = tuple[int, int, int]
"""Rows, columns, components."""


def declared_size(stream: bytes) -> Declared | None:
    """What a JPEG, JPEG-LS or JPEG 2000 stream says it decodes to; None where it does not say."""
    place = stream.find(_J2K_START)
    return _of_jpeg_2000(stream[place + 6 :]) if 0 <= place < _HEADERS_BYTES else _of_jpeg(stream)


def _of_jpeg_2000(siz: bytes) -> Declared | None:
    """Capabilities, image size and offset, tile size and offset, components."""
    if len(siz) < 36:
        return None
    columns, rows, left, top = struct.unpack(">LLLL", siz[2:18])
    return rows - top, columns - left, struct.unpack(">H", siz[34:36])[0]


def _of_jpeg(stream: bytes) -> Declared | None:
    """Walk the segments from SOI to the frame header."""
    place = stream.find(b"\xff\xd8\xff") + 2
    while 2 <= place <= len(stream) - 10 and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        length, _, rows, columns, components = struct.unpack(">HBHHB", stream[place + 2 : place + 10])
        if marker in _FRAME_MARKERS:
            return rows, columns, components
        place += 2 + length
    return None
