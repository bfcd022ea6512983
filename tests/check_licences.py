"""Refuses a dependency under GPL or AGPL, and one under LGPL or MPL that NOTICE does not name.

Run by `make lint`. It reads the metadata of what is installed, so it sees what a user gets.
"""

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

NOTICE = Path(__file__).resolve().parents[1] / "NOTICE"
COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
WEAK_COPYLEFT = re.compile(r"\b(LGPL|Lesser General Public|MPL|Mozilla Public)", re.IGNORECASE)


def licence_of(distribution: Distribution) -> str:
    """What a distribution declares: SPDX expression, classifiers, or the first line of its text."""
    metadata = distribution.metadata
    classifiers = [each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    declared = metadata.get("License-Expression") or ""
    free_text = (metadata.get("License") or "").strip().splitlines()
    return "; ".join([declared, *classifiers, *free_text[:1]]).strip("; ")


def complaints() -> list[str]:
    """One line for each distribution that may not be used as it is."""
    notice = NOTICE.read_text(encoding="utf-8").lower()
    found = []
    for distribution in distributions():
        name = distribution.metadata["Name"]
        licence = licence_of(distribution)
        weak = bool(WEAK_COPYLEFT.search(licence))
        if weak and name.lower() not in notice:
            found.append(f"{name}: {licence}: weak copyleft, name it in NOTICE")
        if not weak and COPYLEFT.search(licence) and " OR " not in licence:
            found.append(f"{name}: {licence}: copyleft, cannot be used")
    return sorted(found)


def main() -> int:
    """Print complaints; the exit status says whether there were any."""
    found = complaints()
    for line in found:
        sys.stderr.write(line + "\n")
    sys.stdout.write(f"licences: {len(found)} complaint(s)\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
