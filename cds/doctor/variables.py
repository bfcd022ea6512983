"""Variables that look like settings and are none: whoever misspells one would never learn it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from cds.doctor.finding import Finding, ok, warning
from cds.settings import Settings

_PREFIX: Final = "OSTEOCDS_"
_OF_COMPOSE: Final = {"OSTEOCDS_VERSION"}
"""docker/compose.yaml reads it; it is no setting, and no mistake."""


def check_variables(names: Iterable[str]) -> Finding:
    """Names of environment variables; their values are not looked at."""
    settings = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    ours = sorted({name.upper() for name in names if name.upper().startswith(_PREFIX)})
    unknown = [name for name in ours if name not in settings | _OF_COMPOSE]
    if not unknown:
        return ok("settings", "all readable")
    meant = [f"{name}{_likely(name, settings)}" for name in unknown]
    return warning("settings", f"no such setting, not read: {', '.join(meant)}", "correct the name, or remove it")


def _likely(name: str, settings: Iterable[str]) -> str:
    # The prefix is no likeness: every setting has it.
    known = {each.removeprefix(_PREFIX): each for each in settings}
    found = get_close_matches(name.removeprefix(_PREFIX), known, n=1)
    return f" ({known[found[0]]} is meant?)" if found else ""
