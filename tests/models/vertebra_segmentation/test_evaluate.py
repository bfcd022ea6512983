import json
import shutil
from pathlib import Path

import pytest

from models.vertebra_segmentation import evaluate
from models.vertebra_segmentation.weights import METADATA_FILE, SHIPPED
from tests.models.vertebra_segmentation.conftest import SHARED


def test_an_expert_scan_never_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On verse014 L1-L5 are named as the experts did, with Dice of at least 0.8 and 0.87 on average."""
    if not (SHARED / "verse").exists():
        pytest.skip(f"real CT not present: {SHARED / 'verse'}")
    shutil.copytree(SHIPPED, tmp_path / "weights")
    arguments = ["--data", str(SHARED), "--case", "verse014", "--json", str(tmp_path / "numbers.json")]
    evaluate.main([*arguments, "--weights", str(tmp_path / "weights"), "--record"])
    (result,) = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    dice = {row["level"]: row["Dice"] for row in result["bodies"] if "Dice" in row}

    assert list(dice) == ["L1", "L2", "L3", "L4", "L5"]
    assert min(dice.values()) >= 0.8
    assert sum(dice.values()) / len(dice) >= 0.87
    assert json.loads((tmp_path / "weights" / METADATA_FILE).read_text(encoding="utf-8"))["evaluation"] == [result]
    assert "never trained on" in capsys.readouterr().out


def test_absent_scans_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scan that is not below the data folder is named and left out."""
    evaluate.main(["--data", str(tmp_path), "--case", "ts_example"])

    assert "left out" in capsys.readouterr().out
