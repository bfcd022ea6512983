"""Which entry on file counts for a series, and what is known of the scanner then.

site         scanner, kVp and kernel agree, and the scan's date falls into its time; an entry that
             names the station goes before one for the whole model, then the newest measurement
documented   only the filtration of the scanner is on file
unknown      neither
"""

from collections.abc import Sequence
from dataclasses import replace

from cds.ct.acquisition import CtSeries
from cds.inference.scanner_calibration import DocumentedFiltration, SiteCalibration
from models.hu_calibration.physical_slopes import USUAL_PATH_CM
from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER, ScannerPrior
from models.hu_calibration.slope_table import SlopeTable


def choose_site(on_file: Sequence[SiteCalibration], series: CtSeries) -> SiteCalibration | None:
    """The measurement that counts for the series; None without one, or where the scan has no date."""
    day = series.study_date
    if day is None:
        return None
    fitting = [each for each in on_file if each.fits(series) and each.holds_on(day)]
    return max(fitting, key=lambda each: (each.scanner.station is not None, each.measured), default=None)


def choose_documented(on_file: Sequence[DocumentedFiltration], series: CtSeries) -> DocumentedFiltration | None:
    """The documented filtration of the scanner; that of the station before that of the model."""
    fitting = [each for each in on_file if each.scanner.made(series)]
    return max(fitting, key=lambda each: each.scanner.station is not None, default=None)


def prior_of(
    sites: Sequence[SiteCalibration],
    documented: Sequence[DocumentedFiltration],
    series: CtSeries,
    table: SlopeTable,
) -> ScannerPrior:
    """What is known of the scanner that made the series, and from which file."""
    site = choose_site(sites, series)
    if site is not None:
        return site.coefficients.prior(site.told)
    filtration = choose_documented(documented, series)
    if filtration is not None and series.kvp is not None:
        return _documented_prior(filtration, series.kvp, table)
    return replace(UNKNOWN_SCANNER, source=_why_unknown(sites, series))


def _documented_prior(entry: DocumentedFiltration, kvp: float, table: SlopeTable) -> ScannerPrior:
    """The slope of that filtration in a patient of usual size over the standard one; no offset is known."""
    standard = table.slope_hu_per_mg_cm3(kvp, USUAL_PATH_CM)
    return replace(
        DOCUMENTED_SCANNER,
        slope_factor=table.slope_hu_per_mg_cm3(kvp, USUAL_PATH_CM, entry.filtration) / standard,
        source=f"{entry.filtration} filtration by {entry.source} ({entry.on_file.short})",
    )


def _why_unknown(sites: Sequence[SiteCalibration], series: CtSeries) -> str:
    """A file that would fit but for the date is worth naming."""
    fitting = [each for each in sites if each.fits(series)]
    if not fitting:
        return "no calibration of this scanner, tube voltage and kernel is on file"
    nearest = max(fitting, key=lambda each: each.measured)
    return (
        f"{nearest.on_file.name} holds from {nearest.valid_from} to {nearest.valid_until}, not on the day of the scan"
    )
