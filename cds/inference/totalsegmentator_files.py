"""A TotalSegmentator installation on this machine: its command and its weights. Facts as of version 2.18.

It is no dependency of osteocds and lives in an environment of its own; its command is found on the PATH.
Task `total` names every vertebra, whole; task `vertebrae_body` tells bodies from posterior elements and
is used where its weights are installed. Weights are looked for before it runs: without them it would
fetch them from the network.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cds.errors import SettingsInvalid
from cds.inference.identity import SegmenterIdentity, combined_sha256, plain, sha256_of

COMMAND: Final = "TotalSegmentator"
FULL: Final = "totalsegmentator"
FAST: Final = "totalsegmentator-fast"
CHOICES: Final = (FULL, FAST)

_TOTAL_DATASETS: Mapping[str, tuple[int, ...]] = {FULL: (291, 292, 293, 294, 295), FAST: (297,)}
_BODY_DATASET: Final = 305
_OLDEST_MAJOR: Final = 2
_VERSION_TIMEOUT_S: Final = 120.0

Signature = frozenset[tuple[Path, int, int]]
"""Path, size and time of change of every weight file."""


@dataclass(frozen=True)
class Installation:
    """What one choice of tasks needs, and where it is."""

    command: Path
    version: str
    fast: bool
    weights_dir: Path
    weights: tuple[Path, ...]
    has_bodies: bool
    """Weights of `vertebrae_body` are installed."""

    def identity(self) -> SegmenterIdentity:
        """Reads every weight file: about a gigabyte."""
        tasks = ("total fast" if self.fast else "total") + (", vertebrae_body" if self.has_bodies else "")
        digests = ((path.relative_to(self.weights_dir).as_posix(), sha256_of(path)) for path in self.weights)
        return SegmenterIdentity(f"TotalSegmentator {plain(self.version, 10)} {tasks}", combined_sha256(digests))

    def signature(self) -> Signature:
        """Changes when a weight file does, told without reading it."""
        found = []
        for path in self.weights:
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((path, status.st_size, status.st_mtime_ns))
        return frozenset(found)


def find_installation(choice: str) -> Installation:
    """Command, version and weights for a choice; raises `SettingsInvalid` that says what is missing."""
    command, weights_dir = find_command(), find_weights_dir()
    weights = [path for number in _TOTAL_DATASETS[choice] for path in _dataset(weights_dir, number)]
    bodies = _dataset(weights_dir, _BODY_DATASET, needed=False)
    return Installation(
        command=command,
        version=_version(command),
        fast=choice == FAST,
        weights_dir=weights_dir,
        weights=(*weights, *bodies),
        has_bodies=bool(bodies),
    )


def refuse_incomplete(choice: str) -> None:
    """Look for command and weights without running anything; raises `SettingsInvalid`."""
    find_command()
    for number in _TOTAL_DATASETS[choice]:
        _dataset(find_weights_dir(), number)


def find_command() -> Path:
    """On the PATH, or in this environment."""
    found = shutil.which(COMMAND) or shutil.which(COMMAND, path=str(Path(sys.executable).parent))
    if found is None:
        raise _wrong(
            f"there is no command {COMMAND} on the PATH; install it into an environment of its own "
            f"(pip install TotalSegmentator) and put that environment's bin folder on the PATH of osteocds"
        )
    return Path(found)


def find_weights_dir() -> Path:
    """Where TotalSegmentator itself looks."""
    if "TOTALSEG_WEIGHTS_PATH" in os.environ:
        return Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    home = Path(os.environ["TOTALSEG_HOME_DIR"]) if "TOTALSEG_HOME_DIR" in os.environ else _usual_home()
    return home / "nnunet" / "results"


def _usual_home() -> Path:
    return Path.home() / ".totalsegmentator"


def _dataset(weights_dir: Path, number: int, *, needed: bool = True) -> list[Path]:
    """Everything in one dataset's folder that decides what its network says."""
    found = [
        path
        for folder in weights_dir.glob(f"Dataset{number}_*")
        for path in folder.rglob("*")
        if path.suffix == ".pth" or path.name in {"plans.json", "dataset.json"}
    ]
    if any(path.suffix == ".pth" for path in found):
        return sorted(found)
    if needed:
        raise _wrong(
            f"TotalSegmentator has no weights Dataset{number}_... in {weights_dir}; fetch them once with "
            "totalseg_download_weights -t total (or total_fast), or set TOTALSEG_WEIGHTS_PATH"
        )
    return []


def _version(command: Path) -> str:
    """What the command says of itself, which also shows that it runs."""
    try:
        done = subprocess.run(  # noqa: S603 - found on the PATH that the site gave
            [str(command), "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _wrong(f"{command} --version does not run ({type(error).__name__}); try it by hand") from error
    found = re.search(r"\b(\d+)\.\d+[\w.]*", done.stdout)
    if found is None or int(found[1]) < _OLDEST_MAJOR:
        raise _wrong(
            f"{command} is version {plain(done.stdout, 20) or 'unknown'}; {_OLDEST_MAJOR}.0 or newer is needed"
        )
    return found[0]


def _wrong(what: str) -> SettingsInvalid:
    return SettingsInvalid(f"OSTEOCDS_SEGMENTER: {what}")
