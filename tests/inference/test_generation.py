"""Which generation is current, told without torch."""

import subprocess
import sys

import pytest

from cds.errors import SettingsInvalid
from cds.inference.generation import current_generation
from cds.inference.segmenter import NetworkSegmenter


def test_generation_names_what_the_worker_loads():
    """Web process and worker file results under the same name: same version, same digest of the weights."""
    network = NetworkSegmenter.load()
    generation = current_generation(None)

    assert (generation.segmenter, generation.weights_sha256) == (network.name, network.weights_sha256)


def test_generation_changes_with_the_population():
    """Another population gives another Z-score, so results are measured again."""
    names = {current_generation(None, population).name for population in (None, "a", "b")}

    assert len(names) == 3


def test_folder_without_metadata_is_named(tmp_path):
    """A weights folder that is none is refused at start, by the name of its setting."""
    with pytest.raises(SettingsInvalid, match="OSTEOCDS_WEIGHTS_DIR"):
        current_generation(tmp_path)


def test_web_process_stays_light():
    """Everything that `serve` imports comes without torch and without monai."""
    code = "import sys, cds.cli.serve, cds.wiring.web; print({'torch', 'monai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
