"""One network being trained: optimiser, averaged weights, loss, and its state for a checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from monai.losses.dice import MaskedDiceLoss
from torch import Tensor
from torch.nn import functional

from models.vertebra_segmentation.crops import RandomCrops
from models.vertebra_segmentation.labels import (
    BODY_CLASSES,
    COARSE_CLASSES,
    FINE_CLASSES,
    IGNORE,
    UNNAMED,
    coarse_index,
)
from models.vertebra_segmentation.network import HalfResolutionUNet, windowed

FILTERS = (32, 48, 80, 112)
PEAK_RATE = 2e-3
WARM_UP_STEPS = 100
AVERAGING = 0.998
CROPS_PER_STEP = 2

_BODY_WEIGHT = 4.0
_COARSE_WEIGHTS = {"background": 0.5, "lung": 0.3, "liver": 0.3, "heart": 0.3} | dict.fromkeys(
    BODY_CLASSES, _BODY_WEIGHT
)
_BODIES = slice(coarse_index(BODY_CLASSES[0]), coarse_index(BODY_CLASSES[-1]) + 1)
_FINE_WEIGHTS = {"background": 0.7, "body_rim": 1.5, "body_core": 1.5, "disc": 1.0}


class Learner:
    """Trains one stage; `averaged` holds the exponential moving average of its weights."""

    def __init__(
        self, classes: Sequence[str], crops: RandomCrops, seed: int, peak_rate: float = PEAK_RATE, device: str = "cpu"
    ) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.step = 0
        self.skipped = 0
        self._peak_rate = peak_rate
        self._device = device
        self._crops = crops
        weights = _COARSE_WEIGHTS if tuple(classes) == COARSE_CLASSES else _FINE_WEIGHTS
        self._with_dice = tuple(classes) == FINE_CLASSES
        self._class_weights = torch.tensor([weights.get(name, 1.0) for name in classes], device=device)
        torch.manual_seed(seed)
        self.network = HalfResolutionUNet(len(classes), FILTERS).to(device)
        self._optimiser = torch.optim.AdamW(self.network.parameters(), lr=peak_rate, weight_decay=1e-2)
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self._dice = MaskedDiceLoss(include_background=False, to_onehot_y=True, batch=True)

    def learn(self, rate_factor: float) -> float:
        """One optimiser step on a few random crops; returns the mean loss."""
        rate = self._peak_rate * rate_factor * min(1.0, (self.step + 1) / WARM_UP_STEPS)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad(set_to_none=True)
        crops = self._crops.draw(CROPS_PER_STEP, self.generator)
        hu, labels = crops.hu.to(self._device), crops.labels.to(self._device)
        with torch.autocast(self._device, torch.bfloat16):
            logits = self.network(windowed(hu[:, None]))
        loss = self._loss(logits.float(), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.step += 1
        if bool(norm.isfinite()):  # bfloat16 overflows now and then: such a step is left out
            self._optimiser.step()
            self._average()
        else:
            self.skipped += 1
        return float(loss.detach())

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        loss = cross_entropy(logits, labels, self._class_weights)
        if self._with_dice:
            known = (labels != IGNORE)[:, None]
            loss = loss + self._dice(logits.softmax(1), labels.masked_fill(labels == IGNORE, 0)[:, None], known)
        return loss

    def _average(self) -> None:
        keep = min(AVERAGING, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            self.averaged[name].lerp_(value.detach(), 1 - keep)

    def state(self) -> dict[str, Any]:
        """Everything that a continued run needs."""
        return {
            "step": self.step,
            "skipped": self.skipped,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "averaged": self.averaged,
            "generator": self.generator.get_state(),
        }

    def start_from(self, averaged: Mapping[str, Tensor]) -> None:
        """Begin with the averaged weights of an earlier run."""
        self.network.load_state_dict(dict(averaged))
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.skipped = state["skipped"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.averaged = state["averaged"]
        self.generator.set_state(state["generator"])


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over the known voxels; for a body without a name, of the probability of any body."""
    log_probability = logits.log_softmax(1)
    unnamed = labels == UNNAMED
    named = labels.masked_fill(unnamed, IGNORE)
    total = functional.nll_loss(log_probability, named, weights, ignore_index=IGNORE, reduction="sum")
    known = weights[named[named != IGNORE]].sum()
    if bool(unnamed.any()):
        total = total - _BODY_WEIGHT * log_probability[:, _BODIES].logsumexp(1)[unnamed].sum()
        known = known + _BODY_WEIGHT * unnamed.sum()
    return total / known.clamp(min=1e-6)
