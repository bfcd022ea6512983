"""A MONAI bundle as it lies on disk: what it is called, what its labels mean, which files are its weights.

    configs/metadata.json     name, version, network_data_format.outputs.pred.channel_def
    configs/inference.json    or .yaml: network, preprocessing, inferer, postprocessing
    models/*.pt, *.ts, *.safetensors
    large_files.yml           checksums of the weights, if the bundle has them
    scripts/*.py              the bundle's own code, if it has any

Nothing of the bundle is run here, and nothing here imports torch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cds.errors import SettingsInvalid
from cds.inference.identity import LONGEST_NAME, SegmenterIdentity, combined_sha256, plain, sha256_of
from cds.inference.label_names import OTHER, Structure, structure_of, structures_of

SETTING: Final = "OSTEOCDS_SEGMENTER"
METADATA: Final = Path("configs/metadata.json")
CONFIGS: Final = tuple(Path("configs") / f"inference.{suffix}" for suffix in ("json", "yaml", "yml"))
WEIGHTS_SUFFIXES: Final = (".safetensors", ".pt", ".ts")
CHECKSUMS: Final = ("large_files.yml", "large_files.yaml")

_CONFIG_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
_VERSION_LENGTH, _DIGITS = 10, 8


@dataclass(frozen=True)
class BundleFiles:
    """A bundle whose layout is complete and whose labels name vertebrae."""

    folder: Path
    name: str
    version: str
    config: Path
    names: Mapping[int, str]
    """Label to name, as the metadata has it."""
    structures: Mapping[int, Structure]
    weights: tuple[Path, ...]

    def identity(self) -> SegmenterIdentity:
        """Reads every weight file; raises `SettingsInvalid` where one is not what the bundle's checksum says."""
        refuse_altered_weights(self)
        return self.identified_by({path: sha256_of(path) for path in self.weights})

    def identified_by(self, sha256: Mapping[Path, str]) -> SegmenterIdentity:
        """The identity, given the digest of each weight file.

        The configuration decides as much as the weights do, so its digest is part of the name.
        """
        digests = [(self._relative(path), digest) for path, digest in sha256.items()]
        tail = f" {plain(self.version, _VERSION_LENGTH)} cfg {self._configuration_sha256()[:_DIGITS]}"
        name = f"bundle {plain(self.name, LONGEST_NAME - len('bundle ') - len(tail))}{tail}"
        return SegmenterIdentity(name, combined_sha256(digests))

    def _configuration_sha256(self) -> str:
        """Over every configuration, since one may include another, and the bundle's own code."""
        configs = [each for each in (self.folder / "configs").rglob("*") if each.suffix in _CONFIG_SUFFIXES]
        files = (*configs, *(self.folder / "scripts").rglob("*.py"))
        return combined_sha256((self._relative(path), sha256_of(path)) for path in files)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def read_bundle(folder: Path) -> BundleFiles:
    """Look at a bundle's folder; raises `SettingsInvalid` that says what is missing and what to do."""
    if not folder.is_dir():
        raise _wrong(folder, "is no folder")
    config = next((folder / each for each in CONFIGS if (folder / each).is_file()), None)
    if config is None:
        raise _wrong(folder, "has no configs/inference.json or .yaml")
    weights = tuple(sorted(path for path in (folder / "models").rglob("*") if path.suffix in WEIGHTS_SUFFIXES))
    if not weights:
        raise _wrong(folder, "has no weights in models/ (.pt, .ts or .safetensors); download them into it first")
    metadata = _metadata(folder)
    names = _channel_names(folder, metadata)
    if structure_of(names.get(0, "background")) != OTHER:
        raise _wrong(folder, f"calls channel 0 {names[0]!r}; channel 0 must be the background")
    try:
        structures = structures_of(names)
    except ValueError as error:
        raise _wrong(folder, f"{METADATA}, channel_def: {error}") from error
    return BundleFiles(
        folder=folder,
        name=str(metadata.get("name") or folder.name),
        version=str(metadata.get("version") or "0"),
        config=config,
        names=names,
        structures=structures,
        weights=weights,
    )


def refuse_altered_weights(bundle: BundleFiles) -> None:
    """Hold the weights against the checksums of `large_files.yml`; raises `SettingsInvalid`."""
    listed = next((bundle.folder / each for each in CHECKSUMS if (bundle.folder / each).is_file()), None)
    if listed is None:
        return
    for entry in _large_files(bundle.folder, listed):
        path = bundle.folder / str(entry.get("path", ""))
        kind, expected = str(entry.get("hash_type", "")), str(entry.get("hash_val", ""))
        if path not in bundle.weights or not expected or kind not in hashlib.algorithms_available:
            continue
        with path.open("rb") as file:
            found = hashlib.file_digest(file, kind).hexdigest()
        if found != expected.lower():
            raise _wrong(
                bundle.folder,
                f"{path.name} has {kind} {found}, {listed.name} says {expected}; "
                f"download it again, or correct {listed.name} if the weights are yours",
            )


def _large_files(folder: Path, listed: Path) -> list[Mapping[str, Any]]:
    try:
        content = yaml.safe_load(listed.read_text(encoding="utf-8"))
        entries = content["large_files"]
        return [entry for entry in entries if isinstance(entry, dict)]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise _wrong(folder, f"has an unreadable {listed.name} ({type(error).__name__}); mend or remove it") from error


def _metadata(folder: Path) -> Mapping[str, Any]:
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(folder, f"has no readable {METADATA} ({type(error).__name__})") from error
    if not isinstance(metadata, dict):
        raise _wrong(folder, f"has a {METADATA} that is no object")
    return metadata


def _channel_names(folder: Path, metadata: Mapping[str, Any]) -> dict[int, str]:
    """Label to name, as the MONAI specification has it."""
    try:
        channels = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
        return {int(label): str(name) for label, name in channels.items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _wrong(
            folder,
            f"names no labels: {METADATA} must hold network_data_format.outputs.pred.channel_def, such as "
            '{"0": "background", "1": "vertebrae_L1"}',
        ) from error


def _wrong(folder: Path, what: str) -> SettingsInvalid:
    return SettingsInvalid(
        f"{SETTING}: {folder} {what}. Name the folder of a MONAI bundle (the one that holds configs/ and models/), "
        "totalsegmentator, or leave it unset for the shipped networks"
    )
