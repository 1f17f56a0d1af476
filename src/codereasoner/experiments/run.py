"""The runner of all experiments; what is done already is skipped, so a stopped run goes on with the same command.

base -> programs -> trace -> ask -> chain -> rows -> trainings -> evaluations -> table, report

runs/NAME/  programs.jsonl  runs.parquet  questions.jsonl  chains.jsonl  ROWS.parquet  results.json  table.md
            base/  ARM/  evaluations/SET@ARM/  report.html      of the first seed
            seed-1/  base/  ARM/  evaluations/SET@ARM/          of a later one
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.evaluation.gold_check import guess_floors
from codereasoner.evaluation.results import Summary
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.experiments.pace import Pace, cores, pace_of
from codereasoner.experiments.plan import BASE, FORWARD, Experiment, Settings
from codereasoner.experiments.processes import Process, train_together
from codereasoner.experiments.results import markdown, results
from codereasoner.extend import Benchmark, Model, Sampling
from codereasoner.ledger import read_records, write_records, write_whole
from codereasoner.reports.answer_traces import trace_answers
from codereasoner.reports.cards import write_cards
from codereasoner.reports.report_page import write_report
from codereasoner.reports.run_folder import evaluations
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.stage_clock import StageClock
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.stages.write_chains import narrate_chains
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.budget import LEARN
from codereasoner.training.presets import SCRATCH, flags
from codereasoner.training.scratch import make_scratch_model, parameters

STYLE = find_style("terse")
CHECKED = 60  # questions of each set that are asked during training
LONGER = 5  # statements of the programs that GRPO practises on without being shown an answer
SHORT_SHARE = 3  # of the programs to practise on, one short one for so many longer ones

Summaries: TypeAlias = dict[str, dict[str, Summary]]
"""summary.json of the first seed, by set of questions and by arm."""


class ExperimentRun:
    """One run of an experiment in a folder."""

    def __init__(self, plan: Experiment, settings: Settings, folder: Path, pool: Pool, clock: StageClock) -> None:
        self.plan = plan
        self.settings = settings
        self.folder = folder
        self.pool = pool
        self.clock = clock

    def pace(self) -> Pace:
        """Make the untrained model, and measure with it how fast this machine is."""
        with self.clock(BASE):
            base = make_scratch_model(self.folder / BASE, self.settings.seed, self.settings.size)
            return pace_of(self.folder, base)

    def run(self) -> Summaries:
        """Do all that is not done yet; results.json and table.md are written after each seed."""
        self._make_questions()
        self._make_rows()
        summaries: Summaries = {}
        for number in range(self.settings.seeds):
            seed = self.settings.seed + number
            place = self.folder / f"seed-{seed}" if number else self.folder
            title = f"seed {seed}: " if number else ""
            self._train(place, seed, title)
            found = self._evaluate(place, title)
            summaries = summaries or found
            table = results(self.folder, self.plan, self.settings.arms)
            write_whole(self.folder / "results.json", json.dumps(table, indent=1) + "\n")
            write_whole(self.folder / "table.md", markdown(table))
        return summaries

    def report(self) -> Path:
        """Write the page and the cards of the first seed; returns the page."""
        with self.clock("traces of answers") as progress:
            trace_answers(evaluations(self.folder), self.pool.run, progress)
        with self.clock("report"):
            page = write_report(self.folder)
            write_cards(self.folder)
        return page

    def _make_questions(self) -> None:
        """Make short programs to learn from and longer ones to practise on, with their questions and chains."""
        names = ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl")
        programs, runs, questions, chains = (self.folder / name for name in names)
        grammar: dict[str, Any] = {"breadth": "tiny", "types": ["list"]}
        short = extend.find("source", "procedural", **grammar)
        longer = extend.find("source", "procedural", **grammar, difficulty=LONGER)
        size = self.settings
        parts = [
            ("train", size.train, short),
            ("rl", size.rl, longer),
            ("rl", size.rl // SHORT_SHARE, short),
            ("test", size.test, short),
            ("test", size.test, longer),
        ]
        with self.clock("programs") as progress:
            write_programs(programs, parts, {"source": "procedural", **grammar}, progress)
        with self.clock("trace") as progress:
            trace_programs(programs, runs, self.pool, progress)
        with self.clock("ask") as progress:
            ask_questions(runs, questions, self.plan.tasks, progress)
        with self.clock("chain") as progress:
            narrate_chains(questions, runs, chains, (FORWARD,), "states", progress)

    def _make_rows(self) -> None:
        questions, chains = self.folder / "questions.jsonl", self.folder / "chains.jsonl"
        arms = {name for arm in self.settings.arms for name in self.plan.lineage(arm)}
        with self.clock("rows"):
            for name in sorted({self.plan.arms[arm].rows for arm in arms}):
                rows, out = self.plan.rows[name], self.folder / f"{name}.parquet"
                if rows.prompts:
                    write_grpo_rows(questions, out, STYLE, rows.prompts)
                else:
                    write_sft_rows(questions, chains, out, STYLE, direct=rows.direct, tasks=rows.tasks)
            if self.plan.checks:
                checked = [question for asked in self._held_out.values() for question in asked[:CHECKED]]
                write_records(self.folder / "checked.jsonl", checked, {})

    @cached_property
    def _held_out(self) -> dict[str, list[Question]]:
        """Each set's questions: of each program of the test split with so many statements, the first of each task."""
        found: dict[str, dict[tuple[str, str], Question]] = {name: {} for name in self.plan.sets}
        for question in read_records(self.folder / "questions.jsonl", Question):
            for name, (low, high) in self.plan.sets.items():
                if question.split == "test" and low <= question.features["difficulty"] <= high:
                    found[name].setdefault((question.program, question.task), question)
        return {name: list(questions.values()) for name, questions in found.items()}

    def _train(self, place: Path, seed: int, title: str) -> None:
        make_scratch_model(place / BASE, seed, self.settings.size)
        for names in self.plan.rounds(self.settings.arms, cores()):
            with self.clock(title + " and ".join(names)) as progress:
                train_together([self._training(place, name, seed) for name in names], progress)

    def _training(self, place: Path, name: str, seed: int) -> Process:
        arm = self.plan.arms[name]
        assert arm.train is not None  # only the untrained model has none, and it is no part of a round
        operations = LEARN * parameters(place / BASE) * self.plan.tokens(name, self.settings)
        changes: dict[str, Any] = {"tokens": None, "operations": operations, "seed": seed + arm.seed, "threads": 1}
        if self.plan.checks:
            changes |= {"held_out": str(self.folder / "checked.jsonl"), "checks": self.plan.checks}
            changes |= {} if arm.train == "grpo" else {"check_tokens": self.settings.max_tokens}
        words = [arm.train, str(self.folder / f"{arm.rows}.parquet"), "--model", str(place / arm.start)]
        words += [*flags(SCRATCH[arm.train], **changes, **(arm.options or {})), "--workers", "1"]
        words += ["--out", str(place / name), *([] if self.pool.level == "A" else ["--allow-weak-isolation"])]
        return Process(place / name, words, operations)

    def _evaluate(self, place: Path, title: str) -> Summaries:
        summaries: Summaries = {}
        for name, questions in self._held_out.items():
            floors: dict[tuple[str, ...], dict[str, float]] = {}
            for arm in self.settings.arms:
                tasks = self.plan.asked(arm)
                asked = [question for question in questions if question.task in tasks]
                if tasks not in floors:
                    with self.clock(f"{title}floors {name}"):
                        floors[tasks] = guess_floors(asked, self.pool.run)
                summaries.setdefault(name, {})[arm] = self._ask(place, title, name, arm, asked, floors[tasks])
        if os.environ.get("CODEREASONER_DATA"):
            for name, arm in (self.plan.benchmarks or {}).items():
                if arm in self.settings.arms:
                    benchmark: Benchmark = extend.find("benchmark", name)
                    asked = benchmark.load(locate(benchmark), self.pool.run)
                    summaries[name] = {arm: self._ask(place, title, name, arm, asked, benchmark.floors(asked))}
        return summaries

    def _ask(
        self, place: Path, title: str, name: str, arm: str, asked: Sequence[Question], floors: dict[str, float]
    ) -> Summary:
        model: Model = extend.find("model", str(place / arm))
        asking = Asking(STYLE, Sampling(max_tokens=self.settings.max_tokens))
        out, label = place / "evaluations" / f"{name}@{arm}", self.plan.arms[arm].label
        with self.clock(f"{title}evaluate {name} {arm}") as progress:
            return evaluate(name, asked, model, asking, out, self.pool.run, floors, label, progress)
