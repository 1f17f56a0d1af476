"""Commands by purpose, each with the line that the overview shows.

The lines are kept here, not in the commands' files, so that `codereasoner --help` imports none of them.
"""

GROUPS: dict[str, dict[str, str]] = {
    "Try": {
        "demo": "Run the whole method here: data, SFT, GRPO, evaluation, report.",
        "trace": "Show what each line of one run did, or trace a file of programs.",
        "quiz": "Ask a model about a call of your function; see where it first errs.",
        "list": "List tasks, sources, models, benchmarks and styles.",
        "doctor": "Show how well programs are isolated on this machine.",
    },
    "Data": {
        "build": "Build a whole data set with one command.",
        "programs": "Write programs from a grammar, a model, or files.",
        "profile": "Count the constructs of programs, and compare with CRUXEval.",
        "ask": "Ask the tasks' questions about traced runs.",
        "select": "Select questions by difficulty.",
        "harden": "Rewrite the programs of questions, keeping what they do.",
        "chain": "Write reasoning chains from traces, or by a verified teacher.",
        "audit": "Check every claim of chains or answers against a trace.",
        "rows": "Write the rows that trainers read.",
        "export": "Write rows for TRL, verl, LLaMA-Factory or OpenRLHF.",
        "why": "Show what became of one row in every file of a folder.",
    },
    "Train": {
        "sft": "Fine-tune a model on verified chains.",
        "grpo": "Train by reinforcement learning with a verified reward.",
        "rft": "Fine-tune a model on its own right answers, the control of grpo.",
        "experiment": "Compare trainings of equal compute; make the rows of a curriculum.",
    },
    "Measure": {
        "evaluate": "Ask a model a benchmark's questions and grade its answers.",
        "score": "Grade a file of answers, strictly or by the published rules.",
        "check": "Verify that the graders accept every right answer.",
        "show": "Show the messages, replies and grades of one question.",
        "compare": "Test whether one model is better than another.",
        "leaderboard": "Show published results next to your own.",
        "report": "Write one page with results, traces, chains and answers.",
    },
}
"""Name of a group -> command -> one line about it."""

FILES = {name: name for group in GROUPS.values() for name in group} | dict.fromkeys(("sft", "grpo", "rft"), "train")
FILES["ablate"] = "experiment"  # the name in 0.1
FILES["list"] = "list_plugins"  # a module `list` would hide the built-in of that name in the package
"""The module of each command in this package."""
