"""What a site has on file about its scanners, and for which scans each entry holds. Plain values."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cds.ct.acquisition import CtSeries
from models.hu_calibration.scanner_coefficients import ScannerCoefficients

KVP_TOLERANCE = 0.5
Filtration = Literal["light", "standard", "hard"]


def same_name(one: str | None, other: str | None) -> bool:
    """Equal but for case and spaces; an absent name equals nothing."""
    return one is not None and other is not None and _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class ScannerIdentity:
    """One scanner as DICOM names it: Manufacturer, ManufacturerModelName, StationName or DeviceSerialNumber."""

    manufacturer: str
    model: str
    station: str | None = None
    """None: every scanner of the model."""

    def made(self, series: CtSeries) -> bool:
        """Whether this scanner made the series."""
        return (
            same_name(self.manufacturer, series.manufacturer)
            and same_name(self.model, series.model)
            and (
                self.station is None
                or same_name(self.station, series.station_name)
                or same_name(self.station, series.device_serial_number)
            )
        )

    def is_same_as(self, other: "ScannerIdentity") -> bool:
        """Whether both name the same scanner or scanners."""
        stations = self.station is None and other.station is None
        return (
            same_name(self.manufacturer, other.manufacturer)
            and same_name(self.model, other.model)
            and (stations or same_name(self.station, other.station))
        )


@dataclass(frozen=True, slots=True)
class OnFile:
    """Which file an entry came from."""

    name: str
    sha256: str

    @property
    def short(self) -> str:
        """Name and the beginning of the checksum."""
        return f"{self.name}, {self.sha256[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCalibration:
    """Slope and offset of one scanner at one tube voltage, for some kernels and some time."""

    scanner: ScannerIdentity
    kvp: float
    kernels: tuple[str, ...]
    made_from: Literal["phantom", "pairs"]
    phantom: str
    measured: date
    valid_from: date
    valid_until: date
    coefficients: ScannerCoefficients
    on_file: OnFile

    def fits(self, series: CtSeries) -> bool:
        """Scanner, tube voltage and kernel are those of the series."""
        return (
            self.scanner.made(series)
            and series.kvp is not None
            and abs(series.kvp - self.kvp) <= KVP_TOLERANCE
            and any(same_name(kernel, series.kernel) for kernel in self.kernels)
        )

    def holds_on(self, day: date) -> bool:
        """Whether a scan of that day falls into its time."""
        return self.valid_from <= day <= self.valid_until

    def conflicts_with(self, other: "SiteCalibration") -> bool:
        """Measured on one day for the same scans: nobody could tell which one counts."""
        return (
            self.measured == other.measured
            and self.scanner.is_same_as(other.scanner)
            and abs(self.kvp - other.kvp) <= KVP_TOLERANCE
            and any(same_name(one, another) for one in self.kernels for another in other.kernels)
            and self.valid_from <= other.valid_until
            and other.valid_from <= self.valid_until
        )

    @property
    def told(self) -> str:
        """One clause: what it is, of when, from which file."""
        what = f"phantom {self.phantom}" if self.made_from == "phantom" else f"pairs with QCT ({self.phantom})"
        return f"{what} of {self.measured} ({self.on_file.short})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedFiltration:
    """The filtration of a scanner as its maker or physicist states it; nothing was measured."""

    scanner: ScannerIdentity
    filtration: Filtration
    source: str
    on_file: OnFile
