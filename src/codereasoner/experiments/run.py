"""The runner of all experiments; what is done already is skipped, so a stopped run goes on with the same command.

base -> programs -> trace -> ask -> chain -> rows -> trainings -> evaluations -> table, report

runs/NAME/  programs.jsonl  runs.parquet  questions.jsonl  chains.jsonl  ROWS.parquet  results.json  table.md
            base/  ARM/  evaluations/SET@ARM/  report.html      of the first seed
            seed-1/  base/  ARM/  evaluations/SET@ARM/          of a later one

An experiment that starts from pretrained weights has no base/. Chains of another detail than states are in
chains-DETAIL.jsonl, and the perplexity of its plain text is in evaluations/ARM.perplexity.json.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from codereasoner import extend
from codereasoner.benchmarks.loading import VARIABLE, locate, pool_for
from codereasoner.chains.narrator import Detail
from codereasoner.curation.difficulty import difficulty_of
from codereasoner.errors import DataError
from codereasoner.evaluation.gold_check import guess_baselines
from codereasoner.evaluation.perplexity import measure, read_texts
from codereasoner.evaluation.results import Summary
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.experiments.arm_results import markdown, perplexity_file, results
from codereasoner.experiments.materials import make_base, parameters_of, parts
from codereasoner.experiments.pace import Pace, pace_of
from codereasoner.experiments.plan import BASE, Experiment
from codereasoner.experiments.processes import Process, train_together
from codereasoner.experiments.run_options import Settings
from codereasoner.experiments.side_by_side import Job, run_jobs
from codereasoner.extend import Benchmark, Model, Sampling, silent
from codereasoner.ledger import fingerprint, read_records, write_records, write_whole
from codereasoner.machine_limits import cores
from codereasoner.models.device import has_gpu
from codereasoner.models.local import Local
from codereasoner.records import Program
from codereasoner.reports.answer_traces import trace_answers
from codereasoner.reports.cards import write_cards
from codereasoner.reports.report_page import write_report
from codereasoner.reports.run_folder import evaluations
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.distribute import PerProcessPool, distributed
from codereasoner.stages.engine import make_engine
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.stage_clock import StageClock
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.stages.write_chains import SEARCH_LIMITS, narrate_chains
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.styles import find_style
from codereasoner.task import Question, Runner
from codereasoner.training.budget import LEARN
from codereasoner.training.presets import flags

CHECKED = 60  # questions of each set that are asked during training

Summaries: TypeAlias = dict[str, dict[str, Summary]]
"""summary.json of the first seed, by set of questions and by arm."""


@dataclass(frozen=True)
class Seed:
    """One repetition of all trainings and evaluations, from its own initial weights."""

    number: int
    folder: Path
    base: str  # the folder or name of the weights
    title: str  # put before the names of its stages; "" for the first one


Parts: TypeAlias = tuple[Experiment, Settings, Path, Path | None, int | None]
"""Of a run: its plan, settings, folder, benchmarks' data, and processes for execution."""


@dataclass(eq=False)
class ExperimentRun:
    """One run of an experiment in a folder."""

    plan: Experiment
    settings: Settings
    folder: Path
    pool: Pool
    clock: StageClock
    data: Path | None = None
    workers: int | None = None

    def pace(self) -> Pace:
        """Make the untrained model where none is named, and measure with it how fast this machine is."""
        with self.clock(BASE) as progress:
            progress(0.0, "measuring how fast this machine is")
            base = make_base(self.folder, self.settings.seed, self.settings)
            learning = self.plan.preset("sft", self.settings)
            return pace_of(self.folder, base, learning, bool(self.settings.model))

    def run(self, jobs: int = 1) -> Summaries:
        """Do all that is not done yet; results.json and table.md are written after each seed.

        jobs: the arms, of all seeds, that are trained and evaluated at the same time.
        """
        self._make_questions()
        self._make_rows()
        summaries: Summaries = {}
        seeds = [self._seed(place) for place in range(self.settings.seeds)]
        if jobs > 1:
            self._do_side_by_side(seeds, jobs)
        for seed in seeds:
            if jobs == 1:
                self._train(seed)
            found = self.evaluate(seed)
            summaries = summaries or found
            table = results(self.folder, self.plan, self.settings.arms)
            write_whole(self.folder / "results.json", json.dumps(table, indent=1) + "\n")
            write_whole(self.folder / "table.md", markdown(table))
        return summaries

    def _seed(self, place: int) -> Seed:
        """Return the seed at this place, with its weights made."""
        number = self.settings.seed + place
        folder, title = (self.folder / f"seed-{number}", f"seed {number}: ") if place else (self.folder, "")
        return Seed(number, folder, make_base(folder, number, self.settings), title)

    def report(self) -> Path:
        """Write the page and the cards of the first seed; returns the page."""
        with self.clock("traces of answers") as progress:
            trace_answers(evaluations(self.folder), self.pool.run, progress)
        with self.clock("report"):
            page = write_report(self.folder)
            write_cards(self.folder)
        return page

    def _make_questions(self) -> None:
        """Make programs to learn from, to practise on and to be asked about, with their questions and chains."""
        names = ("programs.jsonl", "runs.parquet", "questions.jsonl")
        programs, runs, questions = (self.folder / name for name in names)
        made, facts = parts(self.plan, self.settings)
        weak = self.pool.level != "A"
        own, tries = PerProcessPool(0, weak), PerProcessPool(0, weak, SEARCH_LIMITS)
        with make_engine(workers=self.workers) as engine:
            with self.clock("programs") as progress:
                drafted = [(split, count, distributed(source, engine)) for split, count, source in made]
                write_programs(programs, drafted, facts, progress, engine=engine)
            with self.clock("trace") as progress:
                trace_programs(programs, runs, own, progress, engine=engine)
            with self.clock("ask") as progress:
                ask_questions(runs, questions, self.plan.tasks, progress, engine, own.run)
            with self.clock("chain") as progress:
                for detail, tasks in self._narrated().items():
                    out = self._chains(detail)
                    narrate_chains(questions, runs, out, tasks, detail, progress, engine, runner=tries.run)

    def _narrated(self) -> dict[Detail, tuple[str, ...]]:
        """The details of chains that are learnt, with the tasks of all rows of each: they stay when arms are added."""
        found: dict[Detail, dict[str, None]] = {self.plan.rows[name].detail: {} for name in self._rows}
        for rows in self.plan.rows.values():
            if rows.detail in found:
                found[rows.detail].update(dict.fromkeys(rows.narrated))
        return {detail: tuple(tasks) for detail, tasks in found.items()}

    @property
    def _rows(self) -> list[str]:
        """The names of the rows that the arms, and those that they start from, are trained on."""
        arms = {name for arm in self.settings.arms for name in self.plan.lineage(arm)}
        return sorted({self.plan.arms[arm].rows for arm in arms})

    def _chains(self, detail: Detail) -> Path:
        return self.folder / ("chains.jsonl" if detail == "states" else f"chains-{detail}.jsonl")

    def _make_rows(self) -> None:
        style = find_style(self.plan.style)
        with self.clock("rows"):
            for name in self._rows:
                rows, out = self.plan.rows[name], self.folder / f"{name}.parquet"
                questions = self._questions(rows.sources)
                if rows.prompts:
                    write_grpo_rows(questions, out, style, rows.prompts, direct=rows.direct)
                else:
                    write_sft_rows(
                        questions, self._chains(rows.detail), out, style, direct=rows.direct, tasks=rows.tasks
                    )
            held_out = self._held_out  # before any training: a set may be empty
            if self.plan.checks:
                checked = [question for asked in held_out.values() for question in asked[:CHECKED]]
                write_records(self.folder / "checked.jsonl", checked, {})

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The source of each program."""
        programs = read_records(self.folder / "programs.jsonl", Program)
        return {each.id: each.origin.partition("/")[0] for each in programs}

    def _questions(self, sources: Sequence[str]) -> Path:
        """Return the file of the questions about programs of these sources, or of all questions where none is named."""
        everything = self.folder / "questions.jsonl"
        if not sources:
            return everything
        out = self.folder / f"questions-{'-'.join(sources)}.jsonl"
        asked = (each for each in read_records(everything, Question) if self._sources[each.program] in sources)
        write_records(out, asked, {"questions": fingerprint(everything), "sources": list(sources)})
        return out

    @cached_property
    def _held_out(self) -> dict[str, list[Question]]:
        """Each set's questions: the first of each task about each test program in the set.

        A program that is not the grammar's has no difficulty, and is in every set of difficulties.
        """
        found: dict[str, dict[tuple[str, str], Question]] = {name: {} for name in self.plan.sets}
        for question in read_records(self.folder / "questions.jsonl", Question):
            for name, held in self.plan.sets.items():
                if (
                    question.split == "test"
                    and (not held.source or self._sources[question.program] == held.source)
                    and (
                        "difficulty" not in question.features
                        or held.low <= difficulty_of(question.features) <= held.high
                    )
                ):
                    found[name].setdefault((question.program, question.task), question)
        for name, held in self.plan.sets.items():
            if held.source and not found[name]:
                raise DataError(
                    f"the set '{name}' has no questions: no held-out program is of the source {held.source}; "
                    "ask for more with --test"
                )
        return {name: list(questions.values()) for name, questions in found.items()}

    def _do_side_by_side(self, seeds: Sequence[Seed], width: int) -> None:
        threads = max(1, cores() // width) if self.settings.model else 1
        parts = self.plan, self.settings, self.folder, self.data, self.workers
        weak, made = self.pool.level != "A", list[Job[Mapping[str, float]]]()
        lineages = [(*reversed(list(self.plan.lineage(arm))), arm) for arm in self.settings.arms]
        needed = dict.fromkeys(name for lineage in lineages for name in lineage)
        for arm in needed:  # of all seeds, so that the arms that are named first are done first
            start = self.plan.weights(self.plan.arms[arm].start if self.plan.arms[arm].train else arm)
            for seed in seeds:
                after = [seed.title + start] if start in needed and start != arm else []
                work = partial(train_and_ask, parts, weak, seed, arm, threads)
                made.append(Job(seed.title + arm, work, after))
        with self.clock.bar("arms side by side") as progress:
            run_jobs(made, width, self.clock.add, progress)

    def _train(self, seed: Seed) -> None:
        # A GPU is full with one pretrained model; cores that no training of a round uses go to the others of it.
        width = 1 if self.settings.model and has_gpu() else cores()
        for names in self.plan.rounds(self.settings.arms, width):
            self.train(seed, names, max(1, cores() // len(names)) if self.settings.model else 1)

    def train(self, seed: Seed, names: Sequence[str], threads: int) -> None:
        """Train arms at the same time, in processes of their own."""
        with self.clock(seed.title + " and ".join(names)) as progress:
            train_together([self._training(seed, name, threads) for name in names], progress)

    def _training(self, seed: Seed, name: str, threads: int) -> Process:
        arm, out = self.plan.arms[name], seed.folder / name
        assert arm.train is not None  # only arms without a training have none, and no round has those
        operations = LEARN * parameters_of(seed.base) * self.plan.tokens(name, self.settings)
        changes: dict[str, object] = {"tokens": None, "operations": operations, "seed": seed.number + arm.seed}
        changes["threads"] = threads
        if self.plan.checks:
            changes |= {"held_out": str(self.folder / "checked.jsonl"), "checks": self.plan.checks}
            changes |= {} if arm.train == "grpo" else {"check_tokens": self.plan.max_tokens(name, self.settings)}
        words = [arm.train, str(self.folder / f"{arm.rows}.parquet"), "--model", self._weights(seed, arm.start)]
        words += [*flags(self.plan.config(name, self.settings), **changes), "--workers", "1"]
        words += ["--out", str(out), *([] if self.pool.level == "A" else ["--allow-weak-isolation"])]
        return Process(out, words, operations, threads)

    def _weights(self, seed: Seed, arm: str) -> str:
        """Return the folder or name of the weights of an arm."""
        name = self.plan.weights(arm)
        return seed.base if name == BASE else str(seed.folder / name)

    def evaluate(self, seed: Seed) -> Summaries:
        """Ask the arms of a seed all questions, and measure the perplexity of the plain text."""
        summaries: Summaries = {}
        for name, questions in self._held_out.items():
            baselines: dict[tuple[str, ...], dict[str, float]] = {}
            for arm in self.settings.arms:
                tasks = self.plan.asked(arm)
                asked = [question for question in questions if question.task in tasks]
                if tasks not in baselines:
                    with self.clock(f"{seed.title}baselines {name}"):
                        baselines[tasks] = guess_baselines(asked, self.pool.run)
                found = self._ask(seed, name, arm, asked, baselines[tasks], self.pool.run)
                summaries.setdefault(name, {})[arm] = found
        if self.data or os.environ.get(VARIABLE):
            for name in self.plan.benchmarks or {}:
                if of_arms := self._ask_benchmark(seed, name):
                    summaries[name] = of_arms
        texts = read_texts(self.plan.text)
        for arm in dict.fromkeys(map(self.plan.weights, self.settings.arms)) if texts else ():
            with self.clock(f"{seed.title}perplexity {arm}"):
                model: Local = extend.find("model", self._weights(seed, arm))
                measure(model, texts, perplexity_file(seed.folder, arm))
        return summaries

    def _ask_benchmark(self, seed: Seed, name: str) -> dict[str, Summary]:
        wanted = (self.plan.benchmarks or {})[name]
        arms = [arm for arm in self.settings.arms if wanted.arm in ("", arm)]
        if not arms:
            return {}
        benchmark: Benchmark = extend.find("benchmark", name)
        with pool_for(name, self.workers, self.pool.level != "A") as pool:
            asked = benchmark.load(locate(benchmark, self.data), pool.run)[: wanted.limit]
            baselines = benchmark.baselines(asked)
            return {arm: self._ask(seed, name, arm, asked, baselines, pool.run) for arm in arms}

    def _ask(
        self, seed: Seed, name: str, arm: str, asked: Sequence[Question], baselines: dict[str, float], runner: Runner
    ) -> Summary:
        model: Model = extend.find("model", self._weights(seed, arm))
        style = self.plan.asking(arm, dict.fromkeys(question.task for question in asked))
        asking = Asking(style, Sampling(max_tokens=self.plan.max_tokens(arm, self.settings)))
        out, label = seed.folder / "evaluations" / f"{name}@{arm}", self.plan.arms[arm].label
        with self.clock(f"{seed.title}evaluate {name} {arm}") as progress:
            return evaluate(name, asked, model, asking, out, runner, baselines, label, progress)


def train_and_ask(parts: Parts, weak: bool, seed: Seed, arm: str, threads: int) -> dict[str, float]:
    """Train one arm of a seed, and evaluate it if it is one to compare; returns the seconds of its stages."""
    plan, settings, folder, data, workers = parts
    with TemporaryDirectory() as place, pool_for("", workers, weak) as pool:
        clock = StageClock(Path(place), lambda title: nullcontext(silent))
        run = ExperimentRun(plan, replace(settings, arms=(arm,)), folder, pool, clock, data, workers)
        if plan.arms[arm].train:
            run.train(seed, [arm], threads)
        if arm in settings.arms:
            run.evaluate(seed)
        return clock.seconds()
