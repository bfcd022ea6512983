"""Reads one resource or Bundle a line, answers one line each: what pyrofile finds wrong.

Runs in the Python environment of pyrofile, not in that of the service. Arguments: folders of definitions.
"""

import contextlib
import io
import json
import sys

from pyrofile_validator import Validator
from pyrofile_validator.config import ValidatorConfig

OLDER_THAN_AIAST = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
"""R4's copy of this code system has no "AI asserted"."""

COMPARES_LISTS_FOR_EQUALITY = "profile.pattern"
"""A rule that takes a display beside system and code for a mismatch; profile.element.pattern is right."""


def main(folders: list[str]) -> None:
    """Serve until standard input ends."""
    config = {
        "fhirVersion": "4.0.1",
        "localPackagePaths": folders,
        "terminology": {"mode": "local", "ignoredCodeSystems": [OLDER_THAN_AIAST]},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        validator = Validator(ValidatorConfig.load_dict(config))
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            report = validator.validate_resource(json.loads(line))
        issues = [
            f"{each.code} {each.path}: {each.message}"
            for each in report.issues
            if each.severity.value == "error" and each.code != COMPARES_LISTS_FOR_EQUALITY
        ]
        sys.stdout.write(json.dumps({"issues": issues}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
