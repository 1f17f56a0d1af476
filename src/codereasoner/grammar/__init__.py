"""The grammar: programs written without any model, deterministic by key."""
