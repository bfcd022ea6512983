"""What is measured in bone: anatomy, region of interest, density, quality, category. Pure."""

RULES_VERSION = "3"
"""Changes whenever the same voxels could give another assessment: results are then measured again."""
