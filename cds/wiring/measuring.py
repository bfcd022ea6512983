"""What turns a CT into an assessment. Importing this imports torch: workers and `assess` alone do."""

from pathlib import Path

import cds
from cds.bone.assessment import Software
from cds.inference.bundle import BundleSegmenter
from cds.inference.bundle_files import read_bundle
from cds.inference.calibration_folder import site_calibrator
from cds.inference.one_thread import in_one_thread
from cds.inference.segmenter import NetworkSegmenter
from cds.inference.totalsegmentator import TIMEOUT_S, TotalSegmentator
from cds.inference.totalsegmentator_files import CHOICES, find_installation
from cds.measurement import Instruments
from cds.ports import ImagingArchive, VertebraSegmenter
from cds.wiring.clock import SystemClock


def instruments_on(  # noqa: PLR0913 - each is one choice of the site
    archive: ImagingArchive,
    *,
    segmenter: str | None = None,
    segmenter_timeout_s: float = TIMEOUT_S,
    weights_dir: Path | None = None,
    calibration_dir: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    population: str | None = None,
    all_levels: bool = False,
) -> Instruments:
    """Load the networks and the tables, beside the archive that the CTs come from."""
    chosen: VertebraSegmenter
    if segmenter is None:
        chosen = in_one_thread(NetworkSegmenter.load, weights_dir, device=device, threads=threads)
    elif segmenter in CHOICES:
        chosen = TotalSegmentator(find_installation(segmenter), device=device, timeout_s=segmenter_timeout_s)
    else:
        chosen = in_one_thread(BundleSegmenter.load, read_bundle(Path(segmenter)), device=device, threads=threads)
    return Instruments(
        archive=archive,
        segmenter=chosen,
        calibrator=site_calibrator(calibration_dir),
        clock=SystemClock(),
        software=Software(cds.__version__, chosen.name, chosen.weights_sha256),
        population=population,
        all_levels=all_levels,
    )
