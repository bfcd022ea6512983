"""Every quality limit in one table: what is measured, when it refuses, when it flags, and why there.

Outlines have a table of their own (`cds.bone.outline_gates`); what is asked without a number: `cds.bone.rules`.

A value outside `accepted` refuses the series or the level (`refusal`, a code of `cds.ct.reason`);
one outside `unremarkable` leaves a flag on the result. Both ranges are inclusive. Limits without a
publication behind them are engineering choices and say so; none was tuned on outcomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Literal

Range = tuple[float, float]

Severity = Literal["refuse", "drop level", "flag"]

ANY: Range = (-inf, inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One limit."""

    measures: str
    """What, and its unit after the last comma."""
    about: Literal["series", "level"] = "level"
    """What a refusal drops: the whole series, or one vertebra by name while the rest still counts."""
    accepted: Range = ANY
    unremarkable: Range = ANY
    refusal: str | None = None
    flag: str | None = None
    source: str

    @property
    def unit(self) -> str:
        """Of both ranges."""
        return self.measures.rpartition(", ")[2]

    @property
    def severity(self) -> Severity:
        """The gravest thing it does."""
        if self.refusal is None:
            return "flag"
        return "refuse" if self.about == "series" else "drop level"

    def refuses(self, value: float) -> bool:
        """Whether the value lies outside what can be measured; NaN does."""
        return not self.accepted[0] <= value <= self.accepted[1]

    def flags(self, value: float) -> tuple[str, ...]:
        """The flag that the value leaves, if any."""
        return () if self.flag is None or self.unremarkable[0] <= value <= self.unremarkable[1] else (self.flag,)


GATES: Mapping[str, Gate] = MappingProxyType(
    {
        # the series
        "kvp": Gate(
            measures="tube voltage, kVp",
            about="series",
            accepted=(70, 150),
            unremarkable=(80, 140),
            refusal="kvp-outside",
            flag="kvp-uncommon",
            source="range of the slope tables; published comparisons cover 80-140 kVp",
        ),
        "age": Gate(
            measures="age at the scan, years",
            about="series",
            accepted=(18, inf),
            refusal="age-below-18",
            source="the thresholds were made for adults (ACR QCT)",
        ),
        "slice": Gate(
            measures="slice thickness or distance, mm",
            about="series",
            accepted=(0, 5),
            unremarkable=(0, 3),
            refusal="slices-too-thick",
            flag="slices-thick",
            source="endplate leakage by partial volume, computed: 5 mm of margin at 7.5 mm slices leave too little",
        ),
        "tilt": Gate(
            measures="angle between slice normal and body axis, degrees",
            about="series",
            accepted=(0, 5),
            unremarkable=(0, 1),
            refusal="orientation-not-axial",
            flag="tilted",
            source="engineering: the region follows the mask, reconstructions beyond are reformatted",
        ),
        "gantry": Gate(
            measures="gantry tilt, degrees",
            about="series",
            accepted=(-5, 5),
            unremarkable=(-1, 1),
            refusal="gantry-tilt",
            flag="tilted",
            source="engineering: a sheared grid is not what the slope tables assume",
        ),
        "air": Gate(
            measures="median of air outside the body, HU",
            about="series",
            accepted=(-1035, -950),
            unremarkable=(-1015, -985),
            refusal="air-out-of-range",
            flag="air-offset",
            source="air is -1000 HU by definition; internal-calibration software accepts -1030 to -980",
        ),
        "size": Gate(
            measures="water-equivalent diameter, cm",
            accepted=(12, 45),
            refusal="body-size-outside",
            source="range of the slope tables (water path 10 to 50 cm)",
        ),
        "arterial": Gate(
            measures="aorta as it would read at 120 kVp, HU",
            about="series",
            unremarkable=(-inf, 250),
            flag="arterial-phase",
            source="engineering: portal venous phases leave 100 to 200 HU in the aorta",
        ),
        # one level
        "outline": Gate(
            measures="volume of the vertebral body, cm3",
            accepted=(4, 110),
            refusal="level-outside-body",
            source="engineering: bodies of T7 to L5 measure 8 to 70 cm3 in adults",
        ),
        "span": Gate(
            measures="largest side of the vertebral body, mm",
            accepted=(10, 80),
            refusal="level-outside-body",
            source="engineering: bodies of T7 to L5 are at most 65 mm wide",
        ),
        "marrow": Gate(
            measures="median of the trabecular region, HU",
            accepted=(-150, inf),
            refusal="level-outside-body",
            source="pure fat reads -100 HU: below lies lung or gas",
        ),
        "roi": Gate(
            measures="trabecular region, cm3",
            accepted=(1.5, inf),
            unremarkable=(3, inf),
            refusal="level-roi-small",
            flag="roi-small",
            source="noise of the mean in low-dose CT, computed",
        ),
        "slices": Gate(
            measures="slices up to 3 mm thick that cross the region, count",
            accepted=(4, inf),
            refusal="level-too-few-slices",
            source="engineering",
        ),
        "thick-slices": Gate(
            measures="slices over 3 mm thick that cross the region, count",
            accepted=(2, inf),
            refusal="level-too-few-slices",
            source="engineering: a body of 25 mm leaves 14 mm between endplate margins at 5 mm slices",
        ),
        "noise": Gate(
            measures="standard error of the region's mean, HU",
            accepted=(0, 4),
            unremarkable=(0, 2.5),
            refusal="level-noisy",
            flag="noisy",
            source="4 HU are 3 mg/cm3, the precision of QCT (Budoff 2012: 2.6 %)",
        ),
        "sharp-noise": Gate(
            measures="standard deviation in soft tissue where the kernel is sharp, HU",
            accepted=(0, 80),
            refusal="level-sharp-noise",
            source="engineering: no softer series was usable, and in this one edges drown in noise",
        ),
        "texture": Gate(
            measures="correlation of noise with the next pixel where the kernel's name tells nothing, ratio",
            unremarkable=(0.15, inf),
            flag="texture-sharp",
            source="real scans: standard kernels 0.33 to 0.67, an unnamed one 0.25 to 0.35; simulated sharp: 0.02-0.11",
        ),
        "streaks": Gate(
            measures="scatter of muscle beside the vertebra across the rows over that along them, ratio",
            unremarkable=(0, 2),
            flag="streaky",
            source="engineering: beside the rods of one real scan 1.9 to 3.6, in four without streaks up to 1.4",
        ),
        "field-of-view": Gate(
            measures="share of the body's outline that the field of view cuts, percent",
            unremarkable=(0, 30),
            flag="fov-narrow",
            source="engineering: beyond, the patient's size is hardly known",
        ),
        "back": Gate(
            measures="share of the outline behind the vertebra that the field of view cuts, percent",
            unremarkable=(0, 30),
            flag="fov-cuts-back",
            source="engineering: muscle and skin fat of the back are then no samples",
        ),
        "metal": Gate(
            measures="voxels over 2500 HU within 5 cm of the body, cm3",
            accepted=(0, 0.05),
            refusal="level-metal",
            source="engineering: beyond any bone or calcification",
        ),
        "cement": Gate(
            measures="largest cluster over 800 HU at least 5 mm deep in the body, cm3",
            accepted=(0, 0.3),
            refusal="level-metal",
            source="engineering: bone cement reads 800 HU and more",
        ),
        "dense": Gate(
            measures="share of the region that is over 225 mg/cm3 (300 HU at 120 kVp) averaged over a few mm, percent",
            accepted=(0, 20),
            refusal="level-sclerotic",
            source="engineering: sclerosis, osteophytes, haemangioma of the dense kind",
        ),
        "height": Gate(
            measures="loss of height in itself or against neighbours (to one decimal: 25 and more refuse), percent",
            accepted=(-inf, 24.9),
            refusal="level-fracture",
            source="Genant 1993: over 25 % moderate; a compressed body reads too dense",
        ),
        "outlier": Gate(
            measures="difference from the other levels after conversion, mg/cm3",
            accepted=(-25, 25),
            unremarkable=(-15, 15),
            refusal="level-outlier",
            flag="uneven",
            source="engineering: three times the residual between neighbours (Budoff 2012)",
        ),
        # the patient's tissues, as they would read at 120 kVp in a usual size
        "fat": Gate(
            measures="mode of the fat under the skin, HU",
            about="series",
            accepted=(-132, -72),
            unremarkable=(-125, -80),
            refusal="spectrum-mismatch",
            flag="tissue-unusual",
            source="five real scans read -110 to -85 (three SD are 30); 80 kVp recorded as 140 would read 35 less",
        ),
        "muscle": Gate(
            measures="mode of the muscle beside the spine, HU",
            about="series",
            unremarkable=(10, 75),
            flag="tissue-unusual",
            source="four real unenhanced scans read 27 to 49; with age muscle turns to fat, so 30 would flag the old",
        ),
        "blood": Gate(
            measures="median of the blood in the aorta, HU",
            about="series",
            unremarkable=(25, 65),
            flag="tissue-unusual",
            source="three real unenhanced scans read 39 to 46; anaemia reads lower",
        ),
        "tissues": Gate(
            measures="tissues of fat, muscle and blood outside their ranges, count",
            about="series",
            accepted=(0, 1),
            unremarkable=(0, 0),
            refusal="tissues-implausible",
            flag="tissue-unusual",
            source="engineering: one may be ill or badly outlined, two say that the scale is wrong",
        ),
        "tin": Gate(
            measures="hardness of the beam that fat suggests in steps of filtration where tin could be in it, ratio",
            about="series",
            accepted=(-inf, 2.5),
            refusal="spectrum-mismatch",
            source="0.4 to 0.6 mm of tin read 2.7 to 3.1 (tables), and would make density 20 % too low",
        ),
        "air+blood": Gate(
            measures="vBMD by a line through air and blood, less that of the result, mg/cm3",
            about="series",
            accepted=(-20, 20),
            unremarkable=(-10, 10),
            refusal="calibrations-disagree",
            flag="calibrations-differ",
            source="engineering: 0.8 mg/cm3 per HU of blood, of which people differ by 5; two real scans within 3",
        ),
        "fat+muscle": Gate(
            measures="vBMD by a line through fat and muscle, less that of the result, mg/cm3",
            about="series",
            accepted=(-45, 45),
            unremarkable=(-30, 30),
            refusal="calibrations-disagree",
            flag="calibrations-differ",
            source="1.1 mg/cm3 per HU of muscle, of which people differ by 13; 20 would refuse a quarter",
        ),
    }
)

METAL_HU = 2500
METAL_REACH_MM = 50.0
CEMENT_HU = 800
DENSE_MG_CM3 = 225.0
"""300 HU at 120 kVp and a middle size, stated as density so that it holds at every voltage."""
THICK_SLICE_MM = GATES["slice"].unremarkable[1]
