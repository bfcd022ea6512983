"""The limits by which an outline is believed to be a vertebral body, and by which it is not.

They come from anatomy (`cds.bone.reference_body`) and leave room for what outlines on coarse grids get
wrong. What real and simulated scans show is in this folder's README; none was set so that a scan passes.
"""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from cds.bone.gates import Gate

OUTLINE_GATES: Mapping[str, Gate] = MappingProxyType(
    {
        "section": Gate(
            measures="cross-section at mid-height, as a factor on the lengths of the mean body of the level",
            accepted=(0.75, 1.45),
            refusal="level-size",
            source="Clouthier 2023: width times depth 0.83-1.22 on their lengths; women to men 1 : 1.1; 10 % more",
        ),
        "tallness": Gate(
            measures="largest height, as a factor on the mean height of the level",
            accepted=(0.0, 1.6),
            refusal="level-size",
            source="Clouthier 2023: up to 1.34; half a slice of 5 mm at either end adds 0.2; two bodies make 2.3",
        ),
        "volume": Gate(
            measures="volume, as a factor on the mean volume of the level",
            accepted=(0.25, 3.0),
            refusal="level-size",
            source="cubes of 0.63 and 1.44: a body of the smallest section that lost half its height, and the largest",
        ),
        "section-step": Gate(
            measures="cross-section as a factor on the lengths that the neighbours suggest",
            accepted=(0.8, 1.25),
            refusal="level-uneven-outline",
            source="engineering: neighbours differ by 5 % beyond their mean proportion; a quarter is another bone",
        ),
        "tallness-step": Gate(
            measures="largest height as a factor on the height that the neighbours suggest",
            accepted=(0.0, 1.4),
            refusal="level-uneven-outline",
            source="engineering: a body with the disc below it makes 1.3, two bodies 2.3; collapse is no fault",
        ),
        "symmetry": Gate(
            measures="share of the outline, seen from above, with a counterpart across the plane of core and canal",
            accepted=(0.8, 1.0),
            refusal="level-asymmetric",
            source="engineering: a fifth without counterpart is a rib, a pedicle or half a body",
        ),
        "canal": Gate(
            measures="distance from the centre of the outline back to the middle of the spinal canal, mm",
            accepted=(14.0, 36.0),
            refusal="level-canal",
            source="half a depth of 25-42 mm and half a canal of 13-20 mm (Clouthier 2023), a voxel of 4 mm either way",
        ),
        "canal-side": Gate(
            measures="angle between straight back and the direction of the canal, seen from above, degrees",
            accepted=(0.0, 50.0),
            refusal="level-canal",
            source="engineering: apical rotation of severe scoliosis reaches 40 degrees",
        ),
        "wall": Gate(
            measures="fall of HU across the weakest of the anterior, left and right wall, over 3 mm",
            accepted=(40.0, inf),
            refusal="level-edge",
            source="engineering: a shell of 0.4 mm at 1000 HU leaves 100 HU in a pixel; soft tissues differ by less",
        ),
        "endplate": Gate(
            measures="fall of HU across the clearer of both endplates, over 3 mm",
            accepted=(15.0, inf),
            refusal="level-edge",
            source="engineering: 5 mm slices leave little of an endplate, the shaft of a long bone none",
        ),
        "low-endplate": Gate(
            measures="how far the weaker endplate stands out where a body that lost height is lowest, HU",
            accepted=(5.0, inf),
            refusal="level-edge",
            source="an endplate is denser than the spongy bone within and the disc without; 5 HU for noise",
        ),
    }
)
