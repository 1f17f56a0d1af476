"""Asking models and counting grades."""
