"""The taskset of `vf-eval codereasoner-verifiers`: verifiers finds its plugins as top-level modules."""

from codereasoner.exports.verifiers import QuestionsTaskset

__all__ = ["QuestionsTaskset"]
