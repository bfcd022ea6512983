"""Finds, names and outlines vertebral bodies in CT. Knows arrays and affines, nothing of the service.

The public names load on first use, so that importing the package does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.vertebra_segmentation.segmenter import (
        BodyMask,
        Segmenter,
        SpineLabels,
        TissueMask,
        WeightsMismatch,
    )

__all__ = ["BodyMask", "Segmenter", "SpineLabels", "TissueMask", "WeightsMismatch"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the protocol of module attributes
    if name in __all__:
        return getattr(import_module("models.vertebra_segmentation.segmenter"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
