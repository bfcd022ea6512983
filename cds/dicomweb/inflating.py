"""Deflated files, which a few bytes can make as large as somebody likes: none is inflated further than an image goes.

pydicom inflates a whole file at once (PS3.5 A.5), so what it is given is looked at first, a piece at a time.
"""

import struct
import zlib
from typing import BinaryIO, Final

from pydicom.uid import DeflatedExplicitVRLittleEndian

_META_AT_MOST, _CHUNK = 4096, 2**16
_META_START = 144
"""Preamble, DICM and the element that tells the length of what follows (PS3.10 7.1)."""
INFLATED_AT_MOST: Final = 2**26
"""64 MiB: the largest CT image, 4096 x 4096 of 16 bits, takes half of it."""


class InflatesTooFar(Exception):
    """A received image that holds more than any CT image, once it is inflated."""


def inflates_too_far(file: BinaryIO) -> bool:
    """Whether a deflated file holds more than any image; raises `zlib.error` and `struct.error` for damaged ones."""
    start = file.read(_META_AT_MOST)
    deflated = DeflatedExplicitVRLittleEndian.encode() in start
    (meta_length,) = struct.unpack_from("<L", start.ljust(_META_START), _META_START - 4)
    file.seek(_META_START + meta_length if deflated else 0)
    if not deflated:
        return False
    inflated, unpacker = 0, zlib.decompressobj(-zlib.MAX_WBITS)
    while inflated <= INFLATED_AT_MOST and (packed := unpacker.unconsumed_tail or file.read(_CHUNK)):
        inflated += len(unpacker.decompress(packed, INFLATED_AT_MOST))
    file.seek(0)
    return inflated > INFLATED_AT_MOST
