"""The same Task in other people's houses: trainers' formats and rewards, Inspect tasks, a verifiers environment."""
