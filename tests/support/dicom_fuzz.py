"""CT series of which one file was damaged on purpose, and what becomes of them on the way to a volume.

Every case has a seed and comes again under it. A claim that does not hold raises `ClaimBroken` with the seed.
"""

import io
import random
import resource
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydicom import dcmread, dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cds.ct.reason import NotAssessable
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.dicomweb.writing import write_series
from cds.errors import SeriesUnusable, StudyVanished
from tests.support.dicom_builder import a_series, a_volume, an_identity
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, multipart

CPU_LIMIT_S = 5.0
MEMORY_LIMIT_MB = 1000
"""More than everything else that a test process holds; a declared size that is believed takes ten times that."""

_ODD_TEXT = (
    "",
    " ",
    "\\",
    "\\\\\\",
    "NaN",
    "inf",
    "-1e400",
    "1e-400",
    "0",
    "-1",
    "9" * 500,
    "é\x00\x1b$B",
    "*",
    "1.2.840\x00",
)
_ODD_NUMBERS = (0, -1, 1e-12, 1e12, 3.5, float("nan"), float("inf"))
_SIZES = (0, 1, 2, 255, 32767, 65535)
_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLosslessSV1,
    RLELossless,
    "1.2.3.4",
    "",
)
_COMPRESSED = (RLELossless, JPEG2000Lossless, JPEGLSLossless)
_TEN_GB, _BLOCK_BYTES = 10 * 2**30, 2**24
_GEOMETRY = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
_PIXELS = ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel", "NumberOfFrames")

Mutation = Callable[[bytes, random.Random], bytes]


class ClaimBroken(AssertionError):
    """A damaged file did what no file may do."""


def bytes_anywhere(file: bytes, draw: random.Random) -> bytes:
    """Single bytes overwritten, in the header twice as often as elsewhere."""
    damaged = bytearray(file)
    for _ in range(draw.randint(1, 12)):
        end = draw.choice([1200, 1200, len(damaged)])
        damaged[draw.randrange(min(end, len(damaged)))] = draw.randrange(256)
    return bytes(damaged)


def pieces(file: bytes, draw: random.Random) -> bytes:
    """A piece cut out, doubled, zeroed or moved; or the end is missing."""
    start, length = draw.randrange(len(file)), draw.randint(1, 400)
    piece, rest = file[start : start + length], file[start + length :]
    how = draw.randrange(5)
    if how == 0:
        return file[:start] + rest
    if how == 1:
        return file[:start] + piece + piece + rest
    if how == 2:
        return file[:start] + bytes(len(piece)) + rest
    if how == 3:
        return file[:start]
    return file[:start] + rest + piece


def values(file: bytes, draw: random.Random) -> bytes:
    """Attributes with a value that makes no sense there, or none."""
    dataset = dcmread(io.BytesIO(file))
    present = [element.keyword for element in dataset if element.keyword and element.keyword != "PixelData"]
    for keyword in draw.sample(present, draw.randint(1, 3)):
        _put(dataset, keyword, draw.choice(_ODD_TEXT), draw)
    return _written(dataset, file)


def geometry(file: bytes, draw: random.Random) -> bytes:
    """Positions, directions, spacings and sizes that no scanner makes."""
    dataset = dcmread(io.BytesIO(file))
    for keyword in draw.sample(_GEOMETRY, draw.randint(1, 3)):
        numbers = [draw.choice(_ODD_NUMBERS) for _ in range(draw.choice([0, 1, 2, 3, 6]))]
        _put(dataset, keyword, "\\".join(map(str, numbers)), draw)
    if draw.random() < 0.4:
        dataset.Rows, dataset.Columns = draw.choice(_SIZES), draw.choice(_SIZES)
    return _written(dataset, file)


def pixel_data(file: bytes, draw: random.Random) -> bytes:
    """Pixels that are not what the header says."""
    dataset = dcmread(io.BytesIO(file))
    how = draw.randrange(4)
    if how == 0:
        for keyword in draw.sample(_PIXELS, draw.randint(1, 3)):
            setattr(dataset, keyword, draw.choice((0, 1, 3, 7, 8, 12, 16, 32, 64, 65535)))
    elif how == 1:
        dataset.PixelData = dataset.PixelData[: draw.randrange(len(dataset.PixelData))]
    elif how == 2:
        del dataset.PixelData
    else:
        dataset.file_meta.TransferSyntaxUID = draw.choice(_SYNTAXES)
        return _renamed(file, dataset.file_meta.TransferSyntaxUID)
    return _written(dataset, file)


def compressed(file: bytes, draw: random.Random) -> bytes:
    """A compressed stream with bytes changed, or its end missing."""
    dataset = dcmread(io.BytesIO(file))
    dataset.compress(draw.choice(_COMPRESSED))
    stream = bytearray(dataset.PixelData)
    for _ in range(draw.randint(1, 6)):
        stream[draw.randrange(8, len(stream))] = draw.randrange(256)
    dataset.PixelData = bytes(stream if draw.random() < 0.7 else stream[: draw.randrange(10, len(stream)) & ~1])
    return _written(dataset, file)


def lengths(file: bytes, draw: random.Random) -> bytes:
    """An element that says it is longer than it is, or endless."""
    places = [place for vr in (b"UI", b"DS", b"CS", b"LO", b"OW", b"IS", b"US") for place in _all(file, vr)]
    place = draw.choice(places)
    damaged = bytearray(file)
    if file[place : place + 2] == b"OW":
        damaged[place + 4 : place + 8] = struct.pack("<L", draw.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)))
    else:
        damaged[place + 2 : place + 4] = struct.pack("<H", draw.choice((0, 1, 3, 0x7FFF, 0xFFFE, 0xFFFF)))
    return bytes(damaged)


def nested(file: bytes, draw: random.Random) -> bytes:
    """Sequences within sequences, a few or thousands, closed or not."""
    depth = draw.choice((1, 10, 200, 3000, 20000))
    tag = struct.pack("<HH", 0x0008, draw.choice((0x1140, 0x1115, 0x2112)))
    opening = tag + b"SQ\x00\x00\xff\xff\xff\xff" + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) if draw.random() < 0.6 else b""
    place = draw.choice([place - 4 for place in _all(file, b"UI") if place > 400])
    return file[:place] + opening * depth + closing * depth + file[place:]


def bombs(file: bytes, draw: random.Random) -> bytes:
    """Small files that declare ten gigabytes."""
    return draw.choice((_huge_frames, _huge_matrix, _huge_stream, lambda file, _draw: deflated_bomb(file)))(file, draw)


MUTATIONS: tuple[Mutation, ...] = (
    bytes_anywhere,
    pieces,
    values,
    geometry,
    pixel_data,
    compressed,
    lengths,
    nested,
    bombs,
)


@dataclass
class DicomFuzz:
    """Cases one after the other; `outcomes` counts (mutation, outcome)."""

    folder: Path
    seed: int
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        """Eight good slices, the fewest that make a volume, and one more."""
        self._series = a_series(instance_count=9)
        paths = write_series(self.folder, a_volume(self._series, (9, 32, 32)))
        self._paths = list(paths)
        self._good = [path.read_bytes() for path in self._paths]
        _ten_gb_of_zeros()
        self._memory_mb = _peak_mb()

    def run(self, cases: int) -> None:
        """Every kind of damage in turn; by folder and by DICOMweb."""
        for number in range(self.outcomes.total(), self.outcomes.total() + cases):
            mutate = MUTATIONS[number % len(MUTATIONS)]
            draw = random.Random(f"{self.seed}/{number}")  # noqa: S311 - not a secret, but the same again
            which = draw.randrange(len(self._good))
            files = [*self._good]
            files[which] = mutate(files[which], draw)
            of_folder = draw.random() < 0.6
            begun = time.process_time()
            try:
                outcome = self._from_folder(which, files[which]) if of_folder else self._from_web(files)
            except Exception as error:
                raise ClaimBroken(f"{mutate.__name__}, case {self.seed}/{number}: {error!r}") from error
            took_s = time.process_time() - begun
            self.slowest_s = max(self.slowest_s, took_s)
            if took_s > CPU_LIMIT_S:
                raise ClaimBroken(f"{mutate.__name__}, case {self.seed}/{number}: took {took_s:.1f} s")
            if _peak_mb() > self._memory_mb + MEMORY_LIMIT_MB:
                raise ClaimBroken(f"{mutate.__name__}, case {self.seed}/{number}: took {_peak_mb():.0f} MB")
            self.outcomes[mutate.__name__, outcome] += 1

    def _from_folder(self, which: int, damaged: bytes) -> str:
        self._paths[which].write_bytes(damaged)
        try:
            return self._retrieved(FolderArchive(self.folder))
        finally:
            self._paths[which].write_bytes(self._good[which])

    def _from_web(self, files: Sequence[bytes]) -> str:
        server = FakeDicomwebServer()
        server.script = [lambda request: multipart(request, files)]
        session = ArchiveSession(URL, ConnectionPolicy(retries=0))
        session.mount("http://", server)
        return _outcome(lambda: DicomwebArchive(URL, session, retries=0).retrieve(self._series))

    def _retrieved(self, archive: FolderArchive) -> str:
        found = archive.find_series(an_identity())
        if not found:
            return "no series of the patient"
        outcomes = {_outcome(lambda each=each: archive.retrieve(each)) for each in found}
        if "a volume" not in outcomes:
            return min(outcomes)
        return "a volume of the others" if archive.scan().findings else "a volume"


def _outcome(retrieve: Callable[[], object]) -> str:
    """In a word: a volume, the codes of the reasons, or the name of an error that is raised on purpose."""
    try:
        volume = retrieve()
    except (SeriesUnusable, StudyVanished) as error:
        return type(error).__name__
    if isinstance(volume, NotAssessable):
        return " ".join(sorted({reason.code for reason in volume.reasons}))
    return "a volume"


def _put(dataset: Dataset, keyword: str, text: str, draw: random.Random) -> None:
    """As raw bytes: no library has a say in what a file may hold."""
    element = dataset.get_item(keyword)
    if draw.random() < 0.1 or element is None:
        dataset.pop(keyword, None)
        return
    raw = text.encode("latin-1", "replace")
    raw += b" " * (len(raw) % 2)
    dataset[element.tag] = RawDataElement(
        element.tag, str(element.VR), len(raw), raw, 0, is_implicit_VR=False, is_little_endian=True
    )


def _written(dataset: Dataset, file: bytes) -> bytes:
    """The file again; what cannot be written at all is damaged otherwise."""
    target = io.BytesIO()
    try:
        dcmwrite(target, dataset)
    except (ValueError, AttributeError, TypeError, NotImplementedError, struct.error, OverflowError):
        return file[: len(file) // 2]
    return target.getvalue()


def _renamed(file: bytes, syntax: str) -> bytes:
    """Another transfer syntax in the header, the same bytes behind it."""
    old = str(ExplicitVRLittleEndian).encode()
    return file.replace(old, syntax.encode()[: len(old)].ljust(len(old), b"\x00"), 1)


def _all(file: bytes, pattern: bytes) -> list[int]:
    places, place = [], file.find(pattern, 132)
    while place >= 0:
        places.append(place)
        place = file.find(pattern, place + 1)
    return places


def _huge_frames(file: bytes, draw: random.Random) -> bytes:
    dataset = dcmread(io.BytesIO(file))
    dataset.NumberOfFrames = _TEN_GB // draw.choice((512, 2**17))
    return _written(dataset, file)


def _huge_matrix(file: bytes, draw: random.Random) -> bytes:
    dataset = dcmread(io.BytesIO(file))
    if draw.random() < 0.6:
        dataset.compress(draw.choice(_COMPRESSED))
    dataset.Rows = dataset.Columns = 65535
    dataset.BitsAllocated = draw.choice((16, 32))
    return _written(dataset, file)


def _huge_stream(file: bytes, draw: random.Random) -> bytes:
    """The header tells the truth, the codestream does not."""
    dataset = dcmread(io.BytesIO(file))
    syntax = draw.choice((JPEG2000Lossless, JPEGLSLossless))
    dataset.compress(syntax)
    stream = bytearray(dataset.PixelData)
    if syntax == JPEG2000Lossless:  # SIZ: Xsiz, Ysiz (T.800 A.5.1); perhaps the tile as well
        place = stream.find(b"\xff\x51") + 6
        stream[place : place + 8] = struct.pack(">LL", 70000, 70000)
        if draw.random() < 0.5:
            stream[place + 16 : place + 24] = struct.pack(">LL", 70000, 70000)
    else:  # SOF55: lines, samples (T.87 C.2.2)
        place = stream.find(b"\xff\xf7") + 5
        stream[place : place + 4] = struct.pack(">HH", 65535, 65535)
    dataset.PixelData = bytes(stream)
    if draw.random() < 0.5:
        dataset.Rows = dataset.Columns = 65535
    return _written(dataset, file)


def deflated_bomb(file: bytes) -> bytes:
    """Good meta information, then one private element of zeros, ten gigabytes when inflated."""
    dataset = Dataset()
    dataset.file_meta = dcmread(io.BytesIO(file)).file_meta
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = io.BytesIO()
    dcmwrite(head, dataset, enforce_file_format=True)
    (meta_length,) = struct.unpack_from("<L", head.getvalue(), 140)
    return head.getvalue()[: 144 + meta_length] + _ten_gb_of_zeros()


@cache
def _ten_gb_of_zeros() -> bytes:
    """After a full flush a compressed block depends on nothing before it, so that one stands for all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    header = packer.compress(struct.pack("<HH2sHL", 0x0009, 0x0010, b"UN", 0, 0xFFFFFFFE))
    header += packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BLOCK_BYTES)) + packer.flush(zlib.Z_FULL_FLUSH)
    return header + block * (_TEN_GB // _BLOCK_BYTES) + packer.flush()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
