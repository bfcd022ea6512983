"""Pixel data of one CT image to Hounsfield units, in every transfer syntax CTs come in."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, JPEGTransferSyntaxes, RLETransferSyntaxes

from cds.ct.reason import Reason, because
from cds.dicomweb.attributes import DatasetAttributes, whole
from cds.dicomweb.codestream import declared_size
from cds.dicomweb.frame_codecs import DECODED, PLUGIN, frame_decoder
from cds.dicomweb.slices import CtSlice

AIR_HU: Final = -1024
"""What padding and everything outside the reconstruction circle becomes."""
_OUTSIDE_CIRCLE_HU: Final = -1500
"""Nothing in or around a patient reads less; scanners fill the corners with -2000, -3024 or -32768."""
_PADDING_BELOW_HU: Final = -900
"""A "padding value" that would be tissue is a wrong tag: replacing it would punch holes in the body."""
_JPEG_END: Final = b"\xff\xd9"
"""EOI or EOC, the last marker of every JPEG, JPEG-LS and JPEG 2000 stream (PS3.5 A.4)."""
_RLE_AT_MOST: Final = 64
"""Two bytes stand for 128 at most (PS3.5 G.3.2): decoders reserve what the header asks for."""
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_INT16: Final = np.iinfo(np.int16)

UNDECODABLE: Final = (
    ValueError,  # also UnicodeError
    RuntimeError,  # every decoder failed; also NotImplementedError
    AttributeError,  # an attribute that the decoder needs is absent
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    MemoryError,  # a size that no CT has
    struct.error,
)
"""What pydicom and its decoders raise for pixel data that is damaged."""


_RUST_PANIC: Final = "pyo3_runtime"
_NAMED_AT_MOST: Final = 3
_DECODERS: Final = {
    **dict.fromkeys(DECODED, PLUGIN),
    **dict.fromkeys(RLETransferSyntaxes, "pylibjpeg"),
    **dict.fromkeys(JPEGTransferSyntaxes, "gdcm"),
}
"""One decoder for each encapsulated transfer syntax: no second, laxer one tries what the first refused."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One image whose pixels cannot be used."""

    code: Literal["image-truncated", "pixels-unreadable", "compression-unsupported"]
    what: str
    """The image's name, or the transfer syntax."""


def reasons_for(faults: Sequence[Unreadable]) -> tuple[Reason, ...]:
    """One reason per kind of fault: how many images, and which are the first."""
    reasons = []
    for code in dict.fromkeys(fault.code for fault in faults):
        names = [fault.what for fault in faults if fault.code == code]
        if code == "compression-unsupported":
            reasons.append(because(code, transfer_syntax=names[0]))
            continue
        others = len(names) - _NAMED_AT_MOST
        shown = ", ".join(names[:_NAMED_AT_MOST]) + (f" and {others} more" if others > 0 else "")
        reasons.append(because(code, count=len(names), what=shown))
    return tuple(reasons)


def hounsfield_units(dataset: Dataset, image: CtSlice) -> NDArray[np.int16] | Unreadable:
    """One image as int16 HU, axes (row, column), or why it cannot be read.

    `image` has passed `conditions`. HU = stored x slope + intercept of this very image, rounded;
    padding becomes -1024.
    """
    stored = _stored_values(dataset, image)
    if isinstance(stored, Unreadable):
        return stored
    slope, intercept = image.rescale_slope or 1.0, image.rescale_intercept or 0.0
    hu = _rescaled(stored, slope, intercept)
    padding = _padding_range(image, signed=stored.dtype.kind == "i")
    if padding is not None and padding[1] * slope + intercept <= _PADDING_BELOW_HU:
        hu[(stored >= padding[0]) & (stored <= padding[1])] = AIR_HU
    if hu.min() < _OUTSIDE_CIRCLE_HU:
        hu[hu < _OUTSIDE_CIRCLE_HU] = AIR_HU
    return hu


def _rescaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[np.int16]:
    """Stored values x slope + intercept, rounded, kept within int16."""
    exact = slope == 1 and intercept == int(intercept) and abs(intercept) <= _INT16.max
    lowest, highest = int(stored.min()) + intercept, int(stored.max()) + intercept
    if exact and lowest >= _INT16.min and highest <= _INT16.max:
        return stored.astype(np.int16) + np.int16(intercept)
    rescaled = stored.astype(np.float64) * slope + intercept
    return np.clip(np.rint(rescaled), _INT16.min, _INT16.max).astype(np.int16)


def _stored_values(dataset: Dataset, image: CtSlice) -> NDArray[Any] | Unreadable:
    """Stored values, (row, column), sign-extended from BitsStored."""
    transfer_syntax = UID(image.transfer_syntax)
    plugin = _DECODERS.get(transfer_syntax, "")
    try:
        decoder = _decoder_of(transfer_syntax)
    except NotImplementedError:
        return Unreadable("compression-unsupported", transfer_syntax.name)
    if transfer_syntax.is_encapsulated and plugin not in decoder.available_plugins:
        return Unreadable("compression-unsupported", transfer_syntax.name)
    if _is_cut_short(dataset, image, transfer_syntax):
        return Unreadable("image-truncated", image.name)
    stored = None
    if not _declares_another_size(dataset, image, transfer_syntax):
        stored = _decoded(decoder, dataset, plugin)
    if stored is None or stored.shape != (image.rows, image.columns) or stored.dtype.kind not in "iu":
        return Unreadable("pixels-unreadable", image.name)
    return stored


@cache
def _decoder_of(transfer_syntax: UID) -> Decoder:
    return frame_decoder(transfer_syntax) if transfer_syntax in DECODED else get_decoder(transfer_syntax)


def _decoded(decoder: Decoder, dataset: Dataset, plugin: str) -> NDArray[Any] | None:
    """None for pixel data that are damaged."""
    try:
        return decoder.as_array(dataset, raw=True, decoding_plugin=plugin)[0]
    except UNDECODABLE:
        return None
    except BaseException as error:
        # pylibjpeg-rle is Rust: where it runs out of bounds it panics, which is no Exception
        if type(error).__module__ != _RUST_PANIC:
            raise
        return None


def _is_cut_short(dataset: Dataset, image: CtSlice, transfer_syntax: UID) -> bool:
    """Whether pixel data end too early; decoders take minutes to notice, or fill up with something."""
    value = dataset.get_item("PixelData", keep_deferred=True).value if "PixelData" in dataset else None
    if not isinstance(value, bytes) or not value:
        return True
    bits = whole(DatasetAttributes(dataset), "BitsAllocated") or 0
    needed = (image.rows or 0) * (image.columns or 0) * bits // 8
    if transfer_syntax in RLETransferSyntaxes:
        return len(value) * _RLE_AT_MOST < needed
    if transfer_syntax.is_encapsulated:
        return not value.removesuffix(_SEQUENCE_END).rstrip(b"\x00").endswith(_JPEG_END)
    return len(value) < needed


def _declares_another_size(dataset: Dataset, image: CtSlice, transfer_syntax: UID) -> bool:
    """Whether a compressed stream says it is of another size than the header, or of several colours."""
    if not transfer_syntax.is_encapsulated or transfer_syntax in RLETransferSyntaxes:
        return False
    value = dataset.get_item("PixelData", keep_deferred=True).value
    return declared_size(value) != (image.rows, image.columns, 1)


def _padding_range(image: CtSlice, *, signed: bool) -> tuple[int, int] | None:
    """Stored values from and to which a pixel is padding (PS3.3 C.7.5.1.1.2)."""
    if image.padding is None:
        return None
    first, last = sorted(pattern - 0x10000 if signed and pattern >= 0x8000 else pattern for pattern in image.padding)
    return first, last
