"""Where verifiers finds our questions: `vf-eval codereasoner-verifiers`; its plugins are top-level modules."""

from codereasoner.exports.verifiers import QuestionsTaskset

__all__ = ["QuestionsTaskset"]
