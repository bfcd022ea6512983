"""How far to trust the names of a row of bodies as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from models.vertebra_segmentation.numbering import Named

LEAST, MOST = 1e-4, 0.99
"""Probabilities nearer to certainty than this are not told apart."""

CONTRADICTION = -3.0
"""Added to the log odds where ribs contradict the names. A rule, not a fit: with eleven or thirteen pairs of ribs, or a
rudimentary twelfth, readers number differently, so no name is certain."""


@dataclass(frozen=True, slots=True)
class NumberingSigns:
    """What speaks for the names of one scan."""

    probability: float
    """Mean over the bodies of the probability of the name, over all sequences of levels."""
    ribs_contradict: bool
    """Ribs end elsewhere than at T12: eleven or thirteen pairs, or every name off by one."""
    disagreement: float = 0.0
    """Share of the bodies that the coarse network alone would have named otherwise."""

    @property
    def log_odds(self) -> float:
        """Of the probability, kept within bounds."""
        return float(logit(np.clip(self.probability, LEAST, MOST)))


@dataclass(frozen=True, slots=True)
class NumberingCalibration:
    """From signs to the share of scans with such signs whose names are all right; fitted for a set of weights."""

    slope: float = 1.0
    offset: float = 0.0
    disagreement: float = -2.0
    """Added where every body would have been named otherwise; in proportion, where some."""

    @classmethod
    def of(cls, described: Mapping[str, float]) -> "NumberingCalibration":
        """As `calibrate_numbering` wrote it."""
        return cls(described["slope"], described["offset"], described["disagreement"])

    def confidence(self, signs: NumberingSigns | None) -> float:
        """0 to `MOST`; 0 where nothing was named."""
        if signs is None:
            return 0.0
        log_odds = self.slope * signs.log_odds + self.offset + self.disagreement * signs.disagreement
        return min(MOST, float(expit(log_odds + CONTRADICTION * signs.ribs_contradict)))


def signs_of(bodies: Sequence[Named]) -> NumberingSigns | None:
    """The signs of one scan; None without bodies."""
    if not bodies:
        return None
    return NumberingSigns(
        probability=float(np.mean([body.probability for body in bodies])),
        ribs_contradict=_ribs_contradict({body.level: body for body in bodies}),
        disagreement=float(np.mean([not body.name_agrees for body in bodies])),
    )


def _ribs_contradict(bodies: Mapping[str, Named]) -> bool:
    """A whole T12 without a rib on either side, or a whole L1 with a rib on both."""
    whole = {level: body.rib_sides for level, body in bodies.items() if not body.instance.is_cut}
    return whole.get("T12") == 0 or whole.get("L1") == 2
