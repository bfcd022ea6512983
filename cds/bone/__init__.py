"""What is measured in bone: anatomy, region of interest, density, quality, category. Pure."""
