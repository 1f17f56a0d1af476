"""Reasoning that leads to an answer."""
