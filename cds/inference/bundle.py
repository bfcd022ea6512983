"""A MONAI bundle behind the `VertebraSegmenter` port.

scan -> preprocessing -> network, as the inferer lays it out -> postprocessing -> label map -> anatomy
"""

import time
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from numpy.typing import NDArray
from torch import Tensor, nn

from cds.bone.anatomy import Spine, VertebralLevel
from cds.ct.volume import Affine, CtVolume
from cds.errors import SegmenterFailed
from cds.inference.bundle_config import BundleConfig, read_config
from cds.inference.bundle_files import BundleFiles, refuse_altered_weights
from cds.inference.bundle_weights import fill, read_weights, scripted_network, weights_in_use
from cds.inference.device import chosen_device
from cds.inference.identity import SegmenterIdentity
from cds.inference.label_map import LabelMap
from cds.inference.label_spine import spine_of
from cds.inference.one_thread import in_one_thread
from cds.ports import Progress
from models.vertebra_segmentation.grid import canonical

IMAGE, PRED = "image", "pred"
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class BundleSegmenter:
    """Holds the bundle's network and transforms; construct once per worker."""

    def __init__(
        self, bundle: BundleFiles, config: BundleConfig, network: nn.Module, device: str, identity: SegmenterIdentity
    ) -> None:
        self._bundle = bundle
        self._config = config
        self._network = network.to(device).eval()
        self._device = device
        self.name = identity.name
        self.weights_sha256 = identity.weights_sha256

    @classmethod
    def load(cls, bundle: BundleFiles, *, device: str = "auto", threads: int | None = None) -> "BundleSegmenter":
        """Build, load and verify; raises `SettingsInvalid` that says what of the bundle cannot be used."""
        if threads is not None:
            torch.set_num_threads(threads)
        device = chosen_device(device)
        refuse_altered_weights(bundle)
        config = read_config(bundle, device)
        used = weights_in_use(bundle, config.weights)
        content, sha256 = read_weights(bundle, used)
        if used.suffix == ".ts":
            network = scripted_network(used, content)
        else:
            network = config.network()
            fill(network, used, content)
        return cls(bundle, config, network, device, bundle.identified_by(sha256))

    def segment(
        self,
        volume: CtVolume,
        levels: Collection[VertebralLevel] | None = None,
        progress: Progress | None = None,
    ) -> Spine:
        """The spine of one CT; raises `SegmenterFailed` where the bundle breaks or gives no label map."""
        report = progress or (lambda _stage, _share: None)
        seconds: dict[str, float] = {}
        report("network of the bundle", 0.0)
        begun = time.perf_counter()
        labels, affine_lps = in_one_thread(self._labels, volume)
        seconds["network"] = time.perf_counter() - begun
        report("outlines", 0.9)
        label_map = LabelMap.of(labels, affine_lps, {0: "background", **self._bundle.names})
        return spine_of(label_map, self._bundle.structures, volume, levels, seconds)

    def _labels(self, volume: CtVolume) -> tuple[NDArray[np.int16], Affine]:
        """The label map on the network's own grid, and its place."""
        config = self._config
        try:
            with torch.no_grad():
                data = config.preprocess({IMAGE: as_loaded(volume, with_channel=config.expects_channel)})
                image = data[IMAGE]
                answer = config.inferer(image.as_tensor()[None].float().to(self._device), self._network)
                data[PRED] = MetaTensor(self._checked(answer, image).cpu(), meta=image.meta)
                pred = data[PRED] if config.postprocess is None else config.postprocess(data)[PRED]
                return as_label_map(pred.as_tensor()), LPS_TO_RAS @ np.asarray(pred.affine, dtype=np.float64)
        except SegmenterFailed:
            raise
        except Exception as error:  # code of the site's own choosing may raise anything
            raise SegmenterFailed(
                f"the bundle {self._bundle.folder.name} broke on this CT ({type(error).__name__}: {_first_line(error)})"
            ) from error

    def _checked(self, answer: Any, image: MetaTensor) -> Tensor:  # noqa: ANN401 - whatever the network returns
        """The network's answer without its batch axis, if it lies on the grid that it was given."""
        if not isinstance(answer, Tensor) or answer.ndim != 5 or answer.shape[2:] != image.shape[1:]:
            shape = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise SegmenterFailed(
                f"the network of the bundle answers with {shape} to an image of {tuple(image.shape[1:])} voxels; "
                "one channel for each label, on the grid of the image, is expected"
            )
        described = max(self._bundle.names) + 1
        if answer.shape[1] not in (1, described):
            raise SegmenterFailed(
                f"the network of the bundle has {answer.shape[1]} channels, its metadata describes {described}"
            )
        return answer[0]


def as_loaded(volume: CtVolume, *, with_channel: bool) -> MetaTensor:
    """The scan as MONAI's loader would give it: axes (left, posterior, superior), affine to RAS mm."""
    scan = canonical(volume.hu, volume.affine_lps)
    affine = LPS_TO_RAS @ scan.affine_lps[:, [2, 1, 0, 3]]
    values = torch.from_numpy(np.ascontiguousarray(scan.values.transpose(2, 1, 0), dtype=np.float32))
    meta: Mapping[str, Any] = {
        "affine": torch.from_numpy(affine),
        "original_affine": affine.copy(),
        "spatial_shape": np.array(values.shape),
        "space": "RAS",
        "original_channel_dim": 0 if with_channel else float("nan"),
        "filename_or_obj": "",
    }
    return MetaTensor(values[None] if with_channel else values, meta=dict(meta))


def as_label_map(pred: Tensor) -> NDArray[np.int16]:
    """Labels (i, j, k) from what postprocessing left: one channel of labels, or one channel for each label.

    The latter may hold logits, probabilities, or yes and no: the largest counts, and background in a tie.
    """
    values: NDArray[np.float32] = pred.detach().cpu().float().numpy()
    labels = np.rint(values[0]) if values.shape[0] == 1 else values.argmax(axis=0)
    result: NDArray[np.int16] = labels.astype(np.int16)
    return result


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else ""
