"""What was seen in a CT, drawn for its reader."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol

from cds.bone.anatomy import VertebralLevel
from cds.bone.measured_ct import MeasuredCt
from cds.picture import Picture


class ReportIllustrator(Protocol):
    """Draws what was seen, outlined and measured in a CT."""

    def draw(self, ct: MeasuredCt, used: Collection[VertebralLevel]) -> Sequence[Picture]:
        """In the order in which a reader looks at them; no patient data in any."""


PictureState = Literal["wished-for", "impossible"]


class PictureStore(Protocol):
    """Keeps pictures by result, and which have to be drawn again because they were purged."""

    def put(self, result_id: str, pictures: Sequence[Picture]) -> None:
        """Keep, or replace; whoever wished for them has them."""

    def read(self, result_id: str) -> Sequence[Picture]:
        """In the order in which they were put; empty where there are none."""

    def wish(self, result_id: str) -> PictureState:
        """Have them drawn again; asking twice is asking once."""

    def wishes(self) -> Sequence[str]:
        """Results whose pictures are to be drawn again, the first asked for first."""

    def give_up(self, result_id: str) -> None:
        """They cannot be drawn again."""

    def purge_before(self, moment: datetime) -> int:
        """Delete what was drawn before, and what was drawn a day ago of a CT that has no result; how many results."""
