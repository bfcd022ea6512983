"""What a CT is, before any file format: acquisition facts, selection, voxels with geometry."""
