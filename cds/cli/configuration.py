"""Settings for one run of a command."""

from pydantic import ValidationError

from cds.errors import SettingsInvalid
from cds.settings import Settings


def read_settings() -> Settings:
    """From OSTEOCDS_*; raises `SettingsInvalid` naming the variables that are wrong, not their values."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            f"OSTEOCDS_{str(each['loc'][0]).upper()}: {each['msg']}" if each["loc"] else str(each["msg"])
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid("; ".join(wrong)) from None
