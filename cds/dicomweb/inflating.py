"""Deflated files, which a few bytes can make as large as somebody likes: none is inflated further than an image goes.

pydicom inflates a whole file at once (PS3.5 A.5), so what it is given is looked at first, a piece at a time.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import requests
from dicomweb_client.web import DICOMwebClient
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


class CarefulClient(DICOMwebClient):
    """Looks at each image before the client's own code has pydicom inflate it; raises `InflatesTooFar`."""

    def _decode_multipart_message(self, response: requests.Response, stream: bool) -> Iterator[bytes]:
        for part in super()._decode_multipart_message(response, stream=stream):
            yield _looked_at(part)

    def _http_get(self, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - passed on
        """Some servers send one image without a multipart message around it."""
        response = super()._http_get(*args, **options)
        if response.headers.get("Content-Type", "").partition(";")[0].strip() == "application/dicom":
            _looked_at(response.content)
        return response


def _looked_at(image: bytes) -> bytes:
    if inflates_too_far(io.BytesIO(image)):
        raise InflatesTooFar
    return image
