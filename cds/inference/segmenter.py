"""The shipped network behind the `VertebraSegmenter` port: arrays out, anatomy in."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.ct.volume import CtVolume
from cds.inference.device import chosen_device
from cds.inference.generation import SEGMENTER
from cds.inference.one_thread import in_one_thread
from cds.ports import Progress
from models.vertebra_segmentation.segmenter import BodyMask, Segmenter, SpineLabels

NOT_SEEN = MaskGrid(np.zeros((1, 1, 1), np.float32), np.eye(4))
"""The mask of what was looked for in vain."""


class NetworkSegmenter:
    """Holds the loaded networks; construct once per worker, it takes a second or two."""

    def __init__(self, network: Segmenter) -> None:
        self._network = network
        self.name = f"{SEGMENTER} {network.version}"
        self.weights_sha256 = network.weights_sha256

    @classmethod
    def load(
        cls, weights_dir: Path | None = None, *, device: str = "auto", threads: int | None = None
    ) -> "NetworkSegmenter":
        """Load and verify the weights; `device` "auto" takes CUDA when it is there."""
        return cls(Segmenter.load(weights_dir, device=chosen_device(device), threads=threads))

    def segment(
        self,
        volume: CtVolume,
        levels: Collection[VertebralLevel] | None = None,
        progress: Progress | None = None,
    ) -> Spine:
        """The spine of one CT; no bodies where there is none."""
        wanted = None if levels is None else [level.value for level in levels]
        segment = self._network.segment
        return _spine_of(in_one_thread(segment, volume.hu, volume.affine_lps, levels=wanted, progress=progress))


def _spine_of(found: SpineLabels) -> Spine:
    tissues = {tissue.name: MaskGrid(tissue.inside, _float64(tissue.affine_lps)) for tissue in found.tissues}
    return Spine(
        bodies=tuple(_body_of(body) for body in found.bodies),
        numbering_confidence=found.numbering_confidence,
        aorta=tissues.get("aorta"),
        paraspinal_muscle=tissues.get("paraspinal_muscle"),
        spinal_canal=tissues.get("spinal_canal", NOT_SEEN),
        turns=found.orientation.turns,
        is_mirrored=found.orientation.is_mirrored,
        seconds=dict(found.seconds),
    )


def _body_of(body: BodyMask) -> VertebralBody:
    return VertebralBody(
        level=VertebralLevel(body.level),
        mask=MaskGrid(body.inside, _float64(body.affine_lps)),
        centre_lps_mm=body.centre_lps_mm,
        cut_by_border=body.cut_by_border,
        name_agrees=body.name_agrees,
    )


def _float64(affine: np.ndarray) -> np.ndarray:
    return np.asarray(affine, dtype=np.float64)
