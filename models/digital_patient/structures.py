"""What a voxel of the digital patient can be, and the names of the vertebral levels."""

from enum import IntEnum
from typing import Final

CERVICAL: Final = ("C5", "C6", "C7")
THORACIC: Final = tuple(f"T{number}" for number in range(1, 13))
LUMBAR: Final = tuple(f"L{number}" for number in range(1, 6))
LEVELS: Final = (*CERVICAL, *THORACIC, *LUMBAR, "L6")
"""Every vertebra that is built, cranial to caudal; few people have the last. The sacrum follows as one bone."""


class Structure(IntEnum):
    """Labels of the structure map; `AIR` is the room around the patient."""

    AIR = 0
    SKIN = 1
    SUBCUTANEOUS_FAT = 2
    MUSCLE = 3
    PARASPINAL_MUSCLE = 4
    PSOAS = 5
    VISCERAL_FAT = 6
    LUNG = 7
    AIRWAY = 8
    HEART = 9
    LIVER = 10
    SPLEEN = 11
    KIDNEY = 12
    BOWEL = 13
    BOWEL_GAS = 14
    AORTA = 15
    VEIN = 16
    PLAQUE = 17
    DISC = 18
    CANAL = 19
    BODY_CORTEX = 20
    BODY_TRABECULAR = 21
    POSTERIOR_ELEMENTS = 22
    OSTEOPHYTE = 23
    RIB = 24
    CARTILAGE = 25
    STERNUM = 26
    SACRUM = 27
    HIP = 28
    ARM_BONE = 29
    CEMENT = 30
    METAL = 31
    TABLE = 32
    LUNG_VESSEL = 33
    FLUID = 34
    """Effusion, ascites, bladder, bile."""
    ORAL_CONTRAST = 35


BODY: Final = (Structure.BODY_CORTEX, Structure.BODY_TRABECULAR, Structure.CEMENT)
"""Structures that together fill a vertebral body."""
