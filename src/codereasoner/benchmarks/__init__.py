"""The benchmarks of the field, one file each."""
