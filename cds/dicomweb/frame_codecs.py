"""JPEG 2000 and JPEG-LS by imagecodecs, as a plugin of pydicom's decoders.

The plugins that pydicom brings for them keep the interpreter to themselves while they decode: threads would only wait
for each other.
"""

from typing import Final

from imagecodecs import jpeg2k_decode, jpegls_decode
from pydicom.pixels.decoders.base import Decoder, DecodeRunner
from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
)

PLUGIN: Final = "imagecodecs"
DECODED: Final = frozenset(
    (*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL, *JPEGLSTransferSyntaxes)
)
DECODER_DEPENDENCIES: Final = dict.fromkeys(DECODED, (PLUGIN,))
"""Read by pydicom."""


def is_available(_transfer_syntax: str) -> bool:
    """Asked by pydicom; what is not installed is not imported here."""
    return True


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """Called by pydicom: one frame of one component; raises `RuntimeError` where the stream is damaged."""
    decode = jpegls_decode if runner.transfer_syntax in JPEGLSTransferSyntaxes else jpeg2k_decode
    pixels = decode(source)
    runner.set_option("bits_allocated", 8 * pixels.itemsize)
    decoded: bytes = pixels.tobytes()
    return decoded


def frame_decoder(transfer_syntax: UID) -> Decoder:
    """A decoder of our own: pydicom's are shared with everybody in the process."""
    decoder = Decoder(transfer_syntax)
    decoder.add_plugin(PLUGIN, (__name__, decode_frame.__name__))
    return decoder
