"""Which segmenter a site chose, told without torch: its files are looked for, nothing is loaded.

unset                   the shipped networks
totalsegmentator        a local installation, at 1.5 mm (a GPU is advised)
totalsegmentator-fast   the same at 3 mm
anything else           the folder of a MONAI bundle
"""

from pathlib import Path

from cds.inference.bundle_files import read_bundle
from cds.inference.identity import SegmenterIdentity
from cds.inference.totalsegmentator_files import CHOICES, find_installation, refuse_incomplete


def refuse_unusable_segmenter(segmenter: str | None) -> None:
    """Told before any CT is touched: raises `SettingsInvalid` that says what is missing and what to do."""
    if segmenter in CHOICES:
        refuse_incomplete(segmenter)
    elif segmenter is not None:
        read_bundle(Path(segmenter))


def chosen_identity(segmenter: str) -> SegmenterIdentity:
    """Name and digest of the weights that a choice stands for now; reads every weight file."""
    if segmenter in CHOICES:
        return find_installation(segmenter).identity()
    return read_bundle(Path(segmenter)).identity()
