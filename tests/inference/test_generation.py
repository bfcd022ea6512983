"""Which generation is current, told without torch."""

import subprocess
import sys

import pytest

from cds.errors import SettingsInvalid
from cds.inference.generation import current_generation
from cds.inference.segmenter import NetworkSegmenter
from cds.settings import Settings
from cds.storage.tables import results
from cds.wiring.worker import worker_of
from tests.support.bundle_builder import block_bundle, edit_weights

LONGEST_STORED = results.c.generation.type.length


def test_generation_names_what_the_worker_loads():
    """Web process and worker file results under the same name: same version, same digest of the weights."""
    network = NetworkSegmenter.load()
    generation = current_generation(None)

    assert (generation.segmenter, generation.weights_sha256) == (network.name, network.weights_sha256)


def test_generation_changes_with_the_population():
    """Another population gives another Z-score, so results are measured again."""
    names = {current_generation(None, population).name for population in (None, "a", "b")}

    assert len(names) == 3


def test_generation_changes_with_the_segmenter(tmp_path):
    """Other weights, another label map, another segmenter: each is another generation, so results are made again."""
    bundle = block_bundle(tmp_path / "bundle")
    shipped, before = current_generation(None), current_generation(None, segmenter=str(bundle))
    edit_weights(bundle, "bias", 1e-3)
    after = current_generation(None, segmenter=str(bundle))

    assert len({shipped.name, before.name, after.name}) == 3
    assert all(len(each.name) <= LONGEST_STORED for each in (shipped, before, after))


def test_a_worker_files_results_under_what_it_loaded(tmp_path):
    """Record, Device and generation name the bundle whose weights are in the worker's memory."""
    bundle = block_bundle(tmp_path / "bundle")
    settings = Settings(data_dir=tmp_path, archive_folder=tmp_path, segmenter=str(bundle))
    screening = worker_of(settings).steps._steps._screening
    generation = current_generation(None, segmenter=str(bundle))

    assert screening.generation == generation.name
    assert screening.instruments.software.model == generation.segmenter
    assert screening.instruments.software.weights_sha256 == generation.weights_sha256


def test_folder_without_metadata_is_named(tmp_path):
    """A weights folder that is none is refused at start, by the name of its setting."""
    with pytest.raises(SettingsInvalid, match="OSTEOCDS_WEIGHTS_DIR"):
        current_generation(tmp_path)


def test_web_process_stays_light():
    """Everything that `serve` imports comes without torch and without monai."""
    code = "import sys, cds.cli.serve, cds.wiring.web; print({'torch', 'monai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
