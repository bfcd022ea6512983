"""What measures: weights, calibrations, reference population."""

from datetime import datetime

from cds.bone.reference import NORMS
from cds.doctor.finding import Finding, failed, ok, warning
from cds.errors import SettingsInvalid
from cds.inference.calibration_folder import read_calibrations
from cds.inference.choice import chosen_identity, refuse_unusable_segmenter
from cds.inference.generation import current_generation
from cds.inference.weights_check import wrong_weights
from cds.settings import Settings


def check_model(settings: Settings) -> Finding:
    """The SHA-256 of the weights against their metadata; a segmenter of the site's own has nothing to compare with."""
    check = "model"
    try:
        if settings.segmenter is not None:
            refuse_unusable_segmenter(settings.segmenter)
            own = chosen_identity(settings.segmenter)
            return ok(check, f"{own.name}, the site's own: compare SHA-256 {own.weights_sha256[:12]} with your record")
        wrong = wrong_weights(settings.weights_dir)
        if wrong:
            return failed(
                check,
                f"{', '.join(wrong)}: not there, or not what metadata.json says",
                "install osteocds again"
                if settings.weights_dir is None
                else "copy the weights again, or set OSTEOCDS_WEIGHTS_DIR",
            )
        shipped = current_generation(settings.weights_dir)
    except SettingsInvalid as fault:
        return failed(check, "cannot be used", str(fault))
    return ok(check, f"{shipped.segmenter}, SHA-256 as in its metadata")


def check_calibrations(settings: Settings, now: datetime) -> Finding:
    """The coefficient files of the site's scanners."""
    check = "calibrations"
    try:
        on_file = read_calibrations(settings.calibration_dir, now.date())
    except SettingsInvalid as fault:
        return failed(check, "cannot be used", str(fault))
    if settings.calibration_dir is None:
        return ok(check, "none: OSTEOCDS_CALIBRATION_DIR is not set, and every scanner counts as not calibrated")
    if expired := on_file.expired(now.date()):
        return warning(check, "; ".join(expired), "calibrate again: `osteocds calibrate phantom`")
    return ok(check, f"{len(on_file.sites)} measured, {len(on_file.documented)} documented")


def check_population(settings: Settings) -> Finding:
    """Whether its norm is known."""
    if settings.population is None:
        return ok("population", "none is named: results carry no Z-score")
    if settings.population not in NORMS:
        known = ", ".join(sorted(NORMS))
        advice = f"set OSTEOCDS_POPULATION to one of: {known}"
        return failed("population", f"there is no norm {settings.population}", advice)
    return ok("population", settings.population)
