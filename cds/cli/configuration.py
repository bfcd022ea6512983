"""Settings for one run of a command."""

from datetime import UTC, datetime

import typer
from pydantic import ValidationError

from cds.bone.reference import NORMS
from cds.errors import SettingsInvalid
from cds.inference.calibration_folder import read_calibrations
from cds.inference.choice import refuse_unusable_segmenter
from cds.settings import Settings


def read_settings() -> Settings:
    """From OSTEOCDS_*; raises `SettingsInvalid` naming the variables that are wrong, not their values.

    Of a population, a segmenter and a calibration it tells the value too: names and folders, no secrets.
    """
    settings = settings_from_environment()
    refuse_unknown_population(settings.population, "OSTEOCDS_POPULATION")
    refuse_unusable_segmenter(settings.segmenter)
    read_calibrations(settings.calibration_dir, datetime.now(UTC).date())
    return settings


def settings_from_environment() -> Settings:
    """The settings by themselves, without a look at the files that they name; raises `SettingsInvalid`."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            f"OSTEOCDS_{str(each['loc'][0]).upper()}: {each['msg']}" if each["loc"] else str(each["msg"])
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid("; ".join(wrong)) from None


def tell_expired_calibrations(settings: Settings) -> None:
    """On standard error, one line each: the operator should know before a scan shows it."""
    today = datetime.now(UTC).date()
    for sentence in read_calibrations(settings.calibration_dir, today).expired(today):
        typer.echo(f"osteocds: {sentence}", err=True)


def refuse_unknown_population(population: str | None, setting: str) -> None:
    """Told before any CT is touched; raises `SettingsInvalid`."""
    if population is not None and population not in NORMS:
        raise SettingsInvalid(f"{setting}: there is no norm {population}; known: {', '.join(sorted(NORMS))}")
