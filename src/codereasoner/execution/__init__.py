"""Runs programs, isolated and traced."""
