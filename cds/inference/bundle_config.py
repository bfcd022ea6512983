"""The parts of a bundle's inference configuration, built by MONAI's own parser.

Building them runs what the configuration names (`_target_`, `$...`): a bundle is trusted code.

    network_def      a torch network (not needed for TorchScript)
    preprocessing    without its loaders: the scan is in memory already
    inferer          how the network is laid over the scan; simple where the bundle has none
    postprocessing   without what inverts to the scan's grid and what saves: the label map stays on the
                     network's own grid, whose place in the patient is known
    checkpointloader names the weights
"""

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from monai.bundle.config_parser import ConfigParser
from monai.inferers.inferer import Inferer, SimpleInferer
from torch import nn

from cds.errors import SettingsInvalid
from cds.inference.bundle_files import METADATA, SETTING, BundleFiles

Data = dict[str, Any]
"""What MONAI's dictionary transforms take and give: "image", later "pred"."""

_LOADERS = frozenset({"LoadImaged", "LoadImageD", "LoadImageDict"})
_LEFT_OUT_AFTER = frozenset(
    {"Invertd", "InvertD", "InvertDict", "SaveImaged", "SaveImageD", "SaveImageDict"},
)


@dataclass(frozen=True)
class BundleConfig:
    """Ready to run, but for the weights."""

    preprocess: Callable[[Data], Data]
    expects_channel: bool
    """The loader that was left out would have added the channel axis."""
    inferer: Inferer
    postprocess: Callable[[Data], Data] | None
    weights: Path | None
    """Where the configuration looks for its weights."""
    parser: ConfigParser

    def network(self) -> nn.Module:
        """The untrained network; raises `SettingsInvalid` where there is none."""
        for identifier in ("network_def", "network"):
            if identifier in self.parser:
                network = _built(self.parser, identifier)
                if isinstance(network, nn.Module):
                    return network
        raise SettingsInvalid(f"{SETTING}: the configuration of the bundle has no network_def that is a torch network")


def read_config(bundle: BundleFiles, device: str) -> BundleConfig:
    """Parse and build; raises `SettingsInvalid` that names the part which could not be built."""
    if str(bundle.folder) not in sys.path:
        sys.path.append(str(bundle.folder))  # for its `scripts`; last, or its `models` would hide ours
    parser = ConfigParser()
    try:
        parser.read_meta(str(bundle.folder / METADATA))
        parser.read_config(str(bundle.config))
    except Exception as error:  # code of the site's own choosing may raise anything
        raise SettingsInvalid(f"{SETTING}: {bundle.config} cannot be parsed ({_brief(error)})") from error
    parser["bundle_root"] = str(bundle.folder)
    parser["device"] = torch.device(device)
    loaders = _without(parser, "preprocessing", _LOADERS)
    _without(parser, "postprocessing", _LEFT_OUT_AFTER)
    if "preprocessing" not in parser:
        raise SettingsInvalid(
            f"{SETTING}: {bundle.config} has no preprocessing, so what its network expects is unknown"
        )
    return BundleConfig(
        preprocess=_built(parser, "preprocessing"),
        expects_channel=any(each.get("ensure_channel_first") for each in loaders),
        inferer=_built(parser, "inferer") if "inferer" in parser else SimpleInferer(),
        postprocess=_built(parser, "postprocessing") if "postprocessing" in parser else None,
        weights=_weights_named(parser),
        parser=parser,
    )


def _without(parser: ConfigParser, identifier: str, targets: frozenset[str]) -> list[Mapping[str, Any]]:
    """Take these transforms out of a composition, and return their configurations."""
    key = f"{identifier}#transforms"
    if key not in parser:
        return []
    transforms = list(parser[key])
    taken = [each for each in transforms if _target(each) in targets]
    parser[key] = [each for each in transforms if _target(each) not in targets]
    return taken


def _target(transform: object) -> str:
    return str(transform.get("_target_", "")).rsplit(".", 1)[-1] if isinstance(transform, Mapping) else ""


def _weights_named(parser: ConfigParser) -> Path | None:
    """`checkpointloader#load_path`, as bundles of the model zoo have it."""
    identifier = "checkpointloader#load_path"
    if identifier not in parser:
        return None
    named = _built(parser, identifier)
    return Path(named) if isinstance(named, str | Path) else None


def _built(parser: ConfigParser, identifier: str) -> Any:  # noqa: ANN401 - whatever the bundle names
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the bundle's age, for its maker
            return parser.get_parsed_content(identifier)
    except Exception as error:  # code of the site's own choosing may raise anything
        raise SettingsInvalid(f"{SETTING}: {identifier} of the bundle cannot be built ({_brief(error)})") from error


def _brief(error: Exception) -> str:
    """Kind and first line of what a bundle's own code raised."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else ''}"[:200]
