"""The commands by what they are for, each with the file that holds it and the line that the overview shows.

The lines stand here, not in the commands' files, so that `codereasoner --help` imports none of them.
"""

from __future__ import annotations

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Try": {
        "demo": ("demo", "Run the whole method here: data, SFT, GRPO, evaluation, report."),
        "trace": ("data", "Show what each line of one call did; or trace a file of programs."),
        "quiz": ("quiz", "Ask a model about a call of yours and see where it first goes wrong."),
        "list": ("look", "List tasks, sources, models, benchmarks and styles."),
        "doctor": ("look", "Say how well programs are isolated on this machine."),
    },
    "Data": {
        "build": ("build", "Build a whole data set with one command."),
        "programs": ("data", "Write programs from a grammar, a model, or files."),
        "census": ("census", "Count the constructs of programs, beside a benchmark's."),
        "ask": ("data", "Ask the tasks' questions about traced runs."),
        "select": ("select", "Keep questions of chosen difficulties."),
        "chain": ("data", "Write reasoning chains from traces, or by a verified teacher."),
        "audit": ("audit", "Check every claim of chains or answers against a trace."),
        "rows": ("data", "Write the rows that trainers read."),
        "export": ("export", "Write rows for TRL, verl, LLaMA-Factory or OpenRLHF."),
        "why": ("why", "Show what became of one row in every file of a folder."),
    },
    "Train": {
        "sft": ("train", "Tune a model on verified chains."),
        "grpo": ("train", "Train by reinforcement learning with a verified reward."),
        "rft": ("train", "Tune a model on its own right answers, the control of grpo."),
        "ablate": ("ablate", "Compare parts of the method at equal compute."),
    },
    "Measure": {
        "evaluate": ("measure", "Ask a model a benchmark's questions and count what it knows."),
        "score": ("measure", "Grade a file of answers, strictly or as the published scorer."),
        "check": ("check", "Prove that the graders accept every right answer."),
        "show": ("show", "Show what one question of an evaluation was asked and answered."),
        "compare": ("compare", "Say whether one model is better than another."),
        "leaderboard": ("leaderboard", "Show published results beside your own."),
        "report": ("look", "Write one page with results, traces, chains and answers."),
    },
}
"""Name of a group -> command -> (its file in this package, one line about it)."""

FILES = {name: file for group in GROUPS.values() for name, (file, _) in group.items()}
