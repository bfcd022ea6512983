"""Published norms of lumbar vBMD by age and sex, chosen by name by the site, never from the record.

MESA (Li 2013, Acad Radiol 20:621): lumbar vBMD of Chinese-American participants, five-year age
groups from 45 to 85, measured against a solid hydroxyapatite phantom (Image Analysis). The group
means are noisy (few people over 80), so a quadratic through them is used, held level beyond its
minimum; the standard deviation is pooled over ages.

The curve stays on its own scale; values are converted to it. Goodsitt 1992 (Bone Miner 19:145),
with phantoms of the same maker, single-energy: K2HPO4 over hydroxyapatite 0.86 at 80 kVp, 0.81 at
140 kVp, intercept 0; 0.827 at the 120 kVp of MESA. Computed from attenuation alone the factor
is 0.97: the choice moves a Z-score by up to 0.6 at 120 mg/cm3, and nobody has settled it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cds.ct.patient import Sex


@dataclass(frozen=True, slots=True)
class AgeCurve:
    """Mean by age, and standard deviation, mg/cm3 on the norm's own scale."""

    at_65: float
    per_year: float
    per_year_squared: float
    sd: float

    def mean(self, age_years: float) -> float:
        """Quadratic about 65 years, level beyond its minimum."""
        lowest = 65 - self.per_year / (2 * self.per_year_squared)
        years = min(age_years, lowest) - 65
        return self.at_65 + self.per_year * years + self.per_year_squared * years**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """One population's curves."""

    population: str
    people: str
    """Who they are, in words."""
    source: str
    phantom_basis: str
    k2hpo4_per_own: float
    """K2HPO4 value over the value on the norm's own scale."""
    ages_years: tuple[int, int]
    curves: Mapping[Sex, AgeCurve]

    def expected_k2hpo4(self, age_years: int | None, sex: Sex | None) -> tuple[float, float] | None:
        """Mean and standard deviation on the K2HPO4 scale; None outside the norm's ages."""
        if age_years is None or sex is None or not self.ages_years[0] <= age_years <= self.ages_years[1]:
            return None
        curve = self.curves[sex]
        return curve.mean(age_years) * self.k2hpo4_per_own, curve.sd * self.k2hpo4_per_own


NORMS: Final[Mapping[str, Norm]] = MappingProxyType(
    {
        "mesa-chinese-american": Norm(
            population="mesa-chinese-american",
            people="Chinese-American participants of MESA",
            source="Li 2013, Acad Radiol 20:621",
            phantom_basis="hydroxyapatite, Image Analysis solid phantom",
            k2hpo4_per_own=0.827,
            ages_years=(45, 85),
            curves={
                "male": AgeCurve(105.86, -1.3124, 0.0516, 27.1),
                "female": AgeCurve(96.69, -1.9986, 0.0519, 28.1),
            },
        )
    }
)


def norm_named(population: str) -> Norm:
    """The norm of a population; raises ValueError that lists the known ones."""
    if population not in NORMS:
        raise ValueError(f"unknown population {population!r}; known: {', '.join(sorted(NORMS))}")
    return NORMS[population]


def z_score(vbmd_mg_cm3: float, age_years: int | None, sex: Sex | None, population: str | None) -> float | None:
    """Standard deviations above the mean of age and sex.

    None unless the site named a population and age and sex are known and within the norm.
    `vbmd_mg_cm3`: K2HPO4 basis.
    """
    if population is None:
        return None
    expected = norm_named(population).expected_k2hpo4(age_years, sex)
    if expected is None:
        return None
    mean, sd = expected
    return (vbmd_mg_cm3 - mean) / sd
