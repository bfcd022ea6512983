"""Whether anything that was withdrawn is still in use."""

from typing import Final

from cds.doctor.finding import Finding, failed, ok, warning
from cds.errors import SettingsInvalid
from cds.inference.calibration_folder import read_calibrations
from cds.inference.generation import current_generation
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.looking import DatabaseUnusable, looking_at
from cds.storage.migrate import newest_revision, revision_of
from cds.storage.recalls import SqlRecalls

_CHECK: Final = "withdrawn versions"
_ADVICE: Final = (
    "install another version, give a mended coefficient file another name, or lift it: `osteocds retract --lift`"
)


def check_withdrawn(settings: Settings, clock: Clock) -> Finding:
    """Of the model, and of the coefficient files of the site's scanners."""
    try:
        with looking_at(settings.app_database_url) as engine:
            current = revision_of(engine) == newest_revision()
            standing = SqlRecalls(engine).standing() if current else ()
    except DatabaseUnusable:
        return warning(_CHECK, "not known while the application database cannot be read", "see the database")
    try:
        generation, files = _in_use(settings, clock)
    except SettingsInvalid:
        return warning(_CHECK, "not known while model or calibrations cannot be used", "see model and calibrations")
    used = [each.told for each in standing if each.concerns(generation) or each.recall.calibration_file in files]
    if used:
        return failed(_CHECK, "; ".join(used), _ADVICE)
    return ok(_CHECK, f"{len(standing)} on record, none of them in use" if standing else "none")


def _in_use(settings: Settings, clock: Clock) -> tuple[str, set[str]]:
    on_file = read_calibrations(settings.calibration_dir, clock.now().date())
    names = {each.on_file.name for each in on_file.sites} | {each.on_file.name for each in on_file.documented}
    generation = current_generation(
        settings.weights_dir,
        settings.population,
        segmenter=settings.segmenter,
        calibration_dir=settings.calibration_dir,
    )
    return generation.name, names
