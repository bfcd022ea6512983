"""What the two networks call things: the class lists that the weights were trained with."""

from typing import Final

LEVELS: Final = ("T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")
"""Vertebral levels that are reported, cranial to caudal."""

COUNTED: Final = ("T1", "T2", "T3", "T4", "T5", "T6", *LEVELS)
"""Levels with a class of their own: where the upper thorax is in view, counting begins there."""

CERVICAL: Final = "cervical"
"""Every vertebral body above T1."""

COARSE_CLASSES: Final = (
    "background",
    CERVICAL,
    *COUNTED,
    "sacrum",
    "posterior_elements",
    "rib",
    "spinal_canal",
    "aorta",
    "paraspinal_muscle",
    "lung",
    "liver",
    "kidney",
    "spleen",
    "heart",
    "hip",
    "psoas",
)
"""Voxel classes of the coarse network. The organs after the muscle are landmarks for the numbering."""

FINE_CLASSES: Final = ("background", "body_rim", "body_core", "disc", "posterior_elements", "rib")
"""Voxel classes of the fine network. Core lies more than `CORE_DEPTH_MM` inside the outer body surface."""

CORE_DEPTH_MM: Final = 4.0
IGNORE: Final = 255
"""Label of voxels whose class is unknown, such as those outside the source volume."""

UNNAMED: Final = 254
"""Label of voxels of a body that teach no level: which one it is, is unknown or kept from the network."""

TISSUES: Final = ("aorta", "paraspinal_muscle", "spinal_canal")
BODY_CLASSES: Final = (CERVICAL, *COUNTED)


def coarse_index(name: str) -> int:
    """Channel of a coarse class."""
    return COARSE_CLASSES.index(name)


def fine_index(name: str) -> int:
    """Channel of a fine class."""
    return FINE_CLASSES.index(name)
