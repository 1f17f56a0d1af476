"""Experiments: data, trainings of equal compute and their evaluation, as one declarative file each."""
