import hashlib
import json
import shutil
from pathlib import Path

import pytest

from models.vertebra_segmentation.segmenter import Segmenter, WeightsMismatch
from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_tampered_weights_are_refused(stage: str, tmp_path: Path) -> None:
    """One changed byte in a weights file raises WeightsMismatch with both digests."""
    shutil.copytree(SHIPPED, tmp_path / "weights")
    path = tmp_path / "weights" / f"{stage}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsMismatch) as caught:
        Segmenter.load(tmp_path / "weights")
    assert caught.value.found == hashlib.sha256(content).hexdigest()
    assert caught.value.expected != caught.value.found


def test_shipped_weights_are_described() -> None:
    """The metadata names classes, spacing, sources with licences, command and commit; all files stay below 10 MB."""
    metadata = json.loads((SHIPPED / METADATA_FILE).read_text(encoding="utf-8"))

    assert {"coarse", "fine"} == set(metadata["networks"])
    assert all({"classes", "spacing_mm", "sha256", "steps"} <= set(n) for n in metadata["networks"].values())
    assert metadata["training"]["sources"]["LIDC-IDRI-0001"] == "CC BY 3.0"
    assert metadata["training"]["command"].startswith("python -m models.vertebra_segmentation.train")
    assert metadata["commit"]
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10_000_000


def test_identity_of_loaded_weights(segmenter: Segmenter) -> None:
    """A segmenter says which version and which weights it runs."""
    metadata = json.loads((SHIPPED / METADATA_FILE).read_text(encoding="utf-8"))

    assert segmenter.version == metadata["version"]
    assert len(segmenter.weights_sha256) == 64
