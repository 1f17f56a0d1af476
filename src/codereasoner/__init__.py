"""Teach language models to predict how programs behave when they run, and measure how well they do.

Start with `codereasoner.task`: one Task serves data, training, reward and evaluation.
"""

__version__ = "0.1.0"
