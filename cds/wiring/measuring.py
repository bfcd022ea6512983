"""What turns a CT into an assessment. Importing this imports torch: workers and `assess` alone do."""

from pathlib import Path

import cds
from cds.bone.assessment import Software
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.segmenter import NetworkSegmenter
from cds.measurement import Instruments
from cds.ports import ImagingArchive
from cds.wiring.clock import SystemClock


def instruments_on(  # noqa: PLR0913 - each is one choice of the site
    archive: ImagingArchive,
    *,
    weights_dir: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    population: str | None = None,
    all_levels: bool = False,
) -> Instruments:
    """Load the networks and the tables, beside the archive that the CTs come from."""
    segmenter = NetworkSegmenter.load(weights_dir, device=device, threads=threads)
    return Instruments(
        archive=archive,
        segmenter=segmenter,
        calibrator=PhysicsCalibrator(),
        clock=SystemClock(),
        software=Software(cds.__version__, segmenter.name, segmenter.weights_sha256),
        population=population,
        all_levels=all_levels,
    )
