"""Rewrites of programs that keep their meaning: each is proved by running both programs."""
