"""Our rows and our grade in other trainers and evaluation frameworks."""
