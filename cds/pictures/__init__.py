"""Pictures for the report, drawn while the voxels are in memory: numpy and Pillow, no patient data in them."""
