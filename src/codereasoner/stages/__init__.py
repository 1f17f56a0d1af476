"""The stages that build data: programs -> runs -> questions -> chains -> rows. Each reads one file and writes the next.

A stage is a function of its input file, its output file and plain options. It appends as it goes, continues where a
killed one stopped, and does nothing when its output is there, made from the same input with the same options.
"""
