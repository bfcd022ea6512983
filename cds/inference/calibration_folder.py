"""The folder of a site's coefficient files, read once at start; one that is broken stops the start."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.errors import SettingsInvalid
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.coefficient_document import CoefficientFileError, read_document
from cds.inference.scanner_calibration import DocumentedFiltration, OnFile, SiteCalibration
from cds.inference.scanner_choice import prior_of
from models.hu_calibration.scanner_prior import ScannerPrior
from models.hu_calibration.slope_table import SlopeTable

SETTING: Final = "OSTEOCDS_CALIBRATION_DIR"
_LEFT_ALONE: Final = frozenset({".csv", ".md", ".txt"})
"""What a physicist may keep beside the coefficient files."""
_DIGITS = 8


@dataclass(frozen=True)
class ScannerCalibrations:
    """Everything on file about the site's scanners."""

    sites: tuple[SiteCalibration, ...] = ()
    documented: tuple[DocumentedFiltration, ...] = ()
    digest: str | None = None
    """Changes with any name or content in the folder; None where nothing is on file."""
    _table: SlopeTable = field(default_factory=SlopeTable.load, repr=False, compare=False)

    def prior_for(self, series: CtSeries) -> ScannerPrior:
        """What is known of the scanner that made the series."""
        return prior_of(self.sites, self.documented, series, self._table)

    def expired(self, today: date) -> tuple[str, ...]:
        """One sentence for each measurement whose time is over."""
        return tuple(
            f"{each.on_file.name} expired on {each.valid_until}: later scans of this scanner count as not calibrated"
            for each in self.sites
            if each.valid_until < today
        )


def read_calibrations(folder: Path | None, today: date) -> ScannerCalibrations:
    """All coefficient files of the folder; raises `SettingsInvalid` naming the file and what is wrong with it."""
    if folder is None:
        return ScannerCalibrations()
    if not folder.is_dir():
        raise SettingsInvalid(f"{SETTING}: {folder} is no folder")
    entries = [_read(path, today) for path in _files(folder)]
    sites = tuple(each for each in entries if isinstance(each, SiteCalibration))
    documented = tuple(each for each in entries if isinstance(each, DocumentedFiltration))
    _refuse_conflicts(sites, documented)
    named = "\n".join(f"{each.on_file.name} {each.on_file.sha256}" for each in entries)
    digest = hashlib.sha256(named.encode()).hexdigest()[:_DIGITS] if entries else None
    return ScannerCalibrations(sites, documented, digest)


def site_calibrator(folder: Path | None) -> PhysicsCalibrator:
    """The calibrator that knows the site's scanners; raises `SettingsInvalid`."""
    scanners = read_calibrations(folder, datetime.now(UTC).date())
    return PhysicsCalibrator(scanner_prior=scanners.prior_for, on_file=scanners.digest)


def _files(folder: Path) -> list[Path]:
    """Coefficient files by name; anything that might be one under another name is refused."""
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    for path in found:
        if path.suffix.lower() not in _LEFT_ALONE | {".json"}:
            raise SettingsInvalid(f"{SETTING}: {path} is no coefficient file: their names end in .json")
    return [path for path in found if path.suffix.lower() == ".json"]


def _read(path: Path, today: date) -> SiteCalibration | DocumentedFiltration:
    try:
        content = path.read_bytes()
        return read_document(content.decode("utf-8"), OnFile(path.name, hashlib.sha256(content).hexdigest()), today)
    except OSError as error:
        raise SettingsInvalid(f"{SETTING}: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"{SETTING}: {path} is no text in UTF-8") from error
    except CoefficientFileError as error:
        raise SettingsInvalid(f"{SETTING}: {path}: {error}") from error


def _refuse_conflicts(sites: tuple[SiteCalibration, ...], documented: tuple[DocumentedFiltration, ...]) -> None:
    for one, other in combinations(sites, 2):
        if one.conflicts_with(other):
            raise SettingsInvalid(
                f"{SETTING}: {one.on_file.name} and {other.on_file.name} were measured on the same day for the same "
                "scans; keep one of them"
            )
    for first, second in combinations(documented, 2):
        if first.scanner.is_same_as(second.scanner):
            raise SettingsInvalid(
                f"{SETTING}: {first.on_file.name} and {second.on_file.name} document the same scanner; keep one of them"
            )
