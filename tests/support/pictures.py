"""Pictures and histories without a CT or a database."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cds.ct.patient import PatientKey
from cds.picture import Picture
from cds.ports import History, PictureState, StoredResult


def a_png(width_px=2, height_px=3):
    """A black picture of a size."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" * (width_px + 1) for _ in range(height_px)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def a_picture(name="sagittal", width_px=2, height_px=3):
    """One picture."""
    return Picture(name, a_png(width_px, height_px), width_px, height_px, 0.5)


PICTURES = tuple(a_picture(name) for name in ("sagittal", "coronal", "axial-L1", "axial-L2"))


@dataclass
class FakePictures:
    """The `PictureStore` in dictionaries; by default every result has its pictures."""

    usual: Sequence[Picture] = PICTURES
    kept: dict[str, Sequence[Picture]] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)
    wished: dict[str, PictureState] = field(default_factory=dict)
    purges: list[datetime] = field(default_factory=list)

    def put(self, result_id: str, pictures: Sequence[Picture]) -> None:
        """Keep."""
        self.kept[result_id] = pictures
        self.purged.discard(result_id)
        self.wished.pop(result_id, None)

    def read(self, result_id: str) -> Sequence[Picture]:
        """What was kept, or the usual ones."""
        return () if result_id in self.purged else self.kept.get(result_id, self.usual)

    def wish(self, result_id: str) -> PictureState:
        """Once."""
        return self.wished.setdefault(result_id, "wished-for")

    def wishes(self) -> Sequence[str]:
        """Not given up."""
        return [result_id for result_id, state in self.wished.items() if state == "wished-for"]

    def give_up(self, result_id: str) -> None:
        """For good."""
        self.wished[result_id] = "impossible"

    def purge_before(self, moment: datetime) -> int:
        """Notes the moment."""
        self.purges.append(moment)
        return 0


@dataclass
class FakeHistory:
    """Results by patient."""

    results: dict[PatientKey, list[StoredResult]] = field(default_factory=dict)

    def of(self, patient: PatientKey, now: datetime, within: timedelta) -> History:
        """In the order in which the test put them; held as long as they were confirmed lately."""
        found = self.results.get(patient, [])
        held = [each for each in found if abs(now - each.confirmed_at) <= within]
        return History(held, [each for each in found if each not in held])
