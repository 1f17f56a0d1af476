"""REval: 154 programs, 690 inputs, 3,152 probe points; coverage, state, path, output, and their consistency.

Its ground truth is not in its data: it is derived by running the programs (reval_truth.py). Questions have the ids
`TASK/DREval/IDX/INPUT/POINT`; those about outputs have no point.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from codereasoner.answer_formats import Block
from codereasoner.benchmarks import reval_parsing as official
from codereasoner.benchmarks.generation_answers import answer_block
from codereasoner.benchmarks.reval_files import (
    PARTS,
    Pair,
    fill,
    find_logs,
    method_of_test,
    read_log,
    read_pairs,
    read_templates,
    recorded_verdict,
)
from codereasoner.benchmarks.reval_truth import (
    PointTruth,
    Truths,
    blank_golds,
    compare_truth,
    derive,
    output_verdicts,
    read_truth,
    state_verdicts,
)
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions, TruthComparison
from codereasoner.styles import Style, official_style
from codereasoner.task import Question, Runner

# Values of these types are of the built-in type, too; the answer that names it is right.
_KIN = {"float64": "float", "str_": "str", "NavigableString": "str"}

_FLOORS = {"coverage": ("yes to all", "yes"), "path": ("-1 to all", "-1"), "state": ("Nil to all", "Nil")}
"""The constant answer to each part, and its name."""


class _Reval(Benchmark):
    version = "commit 2f148b9 of github.com/r-eval/REval; ground truth of Python 3.11"
    license = "none stated; its programs are HumanEval's (MIT) and ClassEval's (MIT)"
    paper = "arXiv:2403.16437"
    hub = "JetBrains-Research/REval"
    reruns = False  # its truth is what its programs do here
    files: ClassVar[Sequence[str]] = tuple(
        f"{folder}{name}" for name in ("DREval_data.jsonl", "problems.jsonl") for folder in ("reval/", "", "data/")
    )
    cpu_seconds: ClassVar[float] = 5.0  # its slowest trace, of trees of HTML, takes 0.7 to 1 s
    packages: ClassVar[Sequence[str]] = ("ast", "copy", "re", "typing", "unittest", "numpy", "bs4", "lxml")
    parts: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.pairs: dict[str, Pair] = {}  # both are set by `load`: the questions are about these
        self.truth: dict[str, Truths] = {}

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return the questions of each part in turn, in the order of the tasks file; the runner runs the programs."""
        pairs = read_pairs(data)
        self.pairs = {pair.id: pair for pair in pairs}
        self.truth = derive(pairs, runner)
        golds = blank_golds([pair for pair in pairs if pair.test and "output" in self.parts], runner)
        found: list[Question] = []
        unavailable: dict[str, str] = {}
        for part in self.parts:
            for pair in pairs:
                truth = self.truth[pair.id]
                if isinstance(truth, str):
                    places = [""] if part == "output" else [f"/{place}" for place in range(len(pair.points))]
                    reason = f"{pair.id} does not run here: {truth}"
                    unavailable |= {f"{part}/{pair.id}{place}": reason for place in places}
                elif part == "output":
                    found.append(_output_question(pair, golds.get(pair.id, "")))
                else:
                    found += [_point_question(part, pair, place, point) for place, point in enumerate(truth)]
        return Questions(found, unavailable)

    def sources(self, data: Path) -> dict[str, str]:
        """Return the 154 programs."""
        return {f"DREval/{pair.idx}": pair.code for pair in read_pairs(data)}

    def official_style(self, checkout: Path, reasons: bool) -> Style:
        """Return the style of the templates below prompts/, filled as REval fills them."""
        templates = read_templates(checkout, reasons)

        def prompt(question: Question) -> str:
            part, pair = self._pair(question)
            return fill(templates[part], part, pair, None if part == "output" else _place(question))

        name = f"{self.name}-official-{'cot' if reasons else 'direct'}"
        return official_style(name, prompt, Block(), reasons=reasons, opened=not reasons)

    def _pair(self, question: Question) -> tuple[str, Pair]:
        """Return the part that a question belongs to, and its pair."""
        part, _, rest = question.id.partition("/")
        return part, self.pairs["/".join(rest.split("/")[:3])]

    def generation_sets(self, path: Path) -> list[Path]:
        """Return a path for each model of which a folder holds logs."""
        logs = find_logs(path, self.parts)
        folder = path if path.is_dir() else path.parent
        return [folder / each.model for each in logs] if len(logs) > 1 else [path]

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Generations | None:
        """Return the texts of REval's logs, where the path leads to such."""
        found = find_logs(path, self.parts)
        if not found:
            return None
        texts: dict[str, list[str]] = {}
        recorded: dict[str, list[bool]] = {}
        for part, log in found[0].files.items():
            for name, result in read_log(log, part):
                text = result["generated"]  # REval stops at [/ANSWER]: its logs do not hold it
                texts.setdefault(name, []).append(f"{text}[/ANSWER]" if Block().ends_inside(text) else text)
                verdict = recorded_verdict(part, result)
                if verdict is not None:
                    recorded.setdefault(name, []).append(verdict)
        return Generations(texts, recorded, found[0].reasoned)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the last complete [ANSWER] block, or what follows the reasoning."""
        block = answer_block(text.rpartition("[/THOUGHT]")[2])
        part = question.id.partition("/")[0]
        if block is not None and part == "state":
            return self._with_built_in_type(question, block)
        return block if block is None or part == "output" else block.split("\n")[0].strip() or None

    def _with_built_in_type(self, question: Question, answer: str) -> str:
        """Return `2.0; float` for `2.0; numpy.float64`, where the value is a numpy.float64: that is a float, too."""
        value, semicolon, kind = answer.rpartition(";")
        kind = kind.strip().rpartition(".")[2]
        truth = self.truth.get(question.id.partition("/")[2].rpartition("/")[0])
        state = truth[_place(question)].state if isinstance(truth, list) else None
        if semicolon and kind in _KIN and kind in {name for name, _ in state or ()}:
            return f"{value}; {_KIN[kind]}"
        return answer

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Judge each part by its own published rule; states and outputs are evaluated in the worker."""
        verdicts: dict[str, list[bool | None]] = {question.id: [] for question in questions}
        by_part: dict[str, list[tuple[Question, Pair, str]]] = {part: [] for part in self.parts}
        for question in questions:
            part, pair = self._pair(question)
            by_part[part] += [(question, pair, text) for text in generations[question.id]]
        for part, items in by_part.items():
            judged = self._judge(part, items, generations.reasoned, runner)
            for (question, _, _), verdict in zip(items, judged, strict=True):
                verdicts[question.id].append(verdict)
        return OfficialVerdicts(verdicts)

    def _judge(
        self, part: str, items: Sequence[tuple[Question, Pair, str]], reasoned: bool, runner: Runner
    ) -> Sequence[bool]:
        if part == "output":
            return _judge_outputs([(pair, text) for _, pair, text in items], reasoned, runner)
        if part == "state":
            return state_verdicts([(pair, _place(question), text) for question, pair, text in items], reasoned, runner)
        verdicts = []
        for question, pair, text in items:
            truth = self.truth[pair.id][_place(question)]
            assert isinstance(truth, PointTruth)
            if part == "coverage":
                verdicts.append(official.parse_coverage(text, reasoned) == truth.covered)
            else:
                lines = official.path_lines(official.parse_path(text, reasoned), pair.code)
                verdicts.append(any(line in truth.next_lines for line in lines))
        return verdicts

    def metrics(
        self, questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]
    ) -> dict[str, float | Mapping[str, float]]:
        """Return accuracy of each part, precision, recall and F1 of coverage, and the consistency of all four."""
        numbers: dict[str, float | Mapping[str, float]] = {}
        for part in self.parts:
            if asked := _of_part(questions, part):
                numbers[part] = found = _part_metrics(part, asked, correct)
                if len(self.parts) == 1:
                    numbers |= found
        if self.parts == PARTS:
            numbers["consistency"] = _consistency(questions, correct)
        return numbers

    def baselines(self, questions: Sequence[Question]) -> dict[str, float]:
        """Return what the same answer to every question gets, in percent of the questions of its part."""
        found = {}
        for part, (name, answer) in _FLOORS.items():
            if asked := _of_part(questions, part):
                found[f"{part}: {name}"] = 100 * sum(answer in question.gold for question in asked) / len(asked)
        return found


class RevalCoverage(_Reval):
    """Is line L executed? 3,152 points."""

    name = "reval-coverage"
    title = "REval: code coverage prediction"
    parts = ("coverage",)


class RevalState(_Reval):
    """What value and type has a variable after line L?"""

    name = "reval-state"
    title = "REval: program state prediction"
    parts = ("state",)


class RevalPath(_Reval):
    """Which line runs after line L?"""

    name = "reval-path"
    title = "REval: execution path prediction"
    parts = ("path",)


class RevalOutput(_Reval):
    """Which values complete the assertions? 690 inputs."""

    name = "reval-output"
    title = "REval: output prediction"
    parts = ("output",)


class RevalConsistency(_Reval):
    """Incremental consistency: all four parts of every point. Its pass@1 is the consistency."""

    name = "reval-consistency"
    title = "REval: incremental consistency"
    parts = PARTS

    def metrics(
        self, questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]
    ) -> dict[str, float | Mapping[str, float]]:
        """Return the consistency, also as pass@1."""
        numbers = super().metrics(questions, correct)
        return numbers | {"pass@1": numbers["consistency"]}


class RevalAll(_Reval):
    """REval: all four tasks and their consistency."""

    name = "reval"
    title = "REval"
    parts = PARTS
    derives_truth = True

    def compare_truth(self, data: Path, truth: Path, runner: Runner | None) -> TruthComparison:
        """Compare the ground truth that is derived here with that of a file."""
        rows = read_truth(truth)
        self.load(data, runner)
        return compare_truth(list(self.pairs.values()), self.truth, rows)


def _point_question(part: str, pair: Pair, place: int, truth: PointTruth) -> Question:
    line, expression = pair.points[place]
    facts: dict[str, object] = {
        "source": pair.code,
        "entry": pair.entry,
        "call": pair.call,
        "invocation": _invocation(pair),
        "line": line,
    }
    if part == "coverage":
        gold: tuple[str, ...] = ("yes" if truth.covered else "no",)
    elif part == "path":
        facts["time"] = 0
        gold = tuple(map(str, truth.next_lines))
    else:
        facts |= {"time": 0, "variable": expression}
        gold = ("Nil",)
        if truth.state is not None:
            gold = tuple(f"{text}; {_KIN.get(kind, kind)}" for kind, text in truth.state)
    return Question(part, facts, gold, program=f"DREval/{pair.idx}", id=f"{part}/{pair.id}/{place}")


def _invocation(pair: Pair) -> str:
    """Return the call of a function; of a class its set-up, as comments, and its test."""
    if not pair.test:
        return pair.invocation
    test, setup = method_of_test(pair)
    before = [f"# set up before: {line}" for line in setup.split("\n") if line]
    return "\n".join([*before, test])


def _output_question(pair: Pair, completed: str) -> Question:
    program, name = f"DREval/{pair.idx}", f"output/{pair.id}"
    if not pair.test:
        facts = {"source": pair.code, "entry": pair.entry, "call": pair.call}
        return Question("output", facts, (pair.expected,), program=program, id=name)
    _, setup = method_of_test(pair)
    facts = {"source": pair.code, "test": pair.output_pred.strip(), "setup": setup}
    return Question("assertion-completion", facts, (completed,), program=program, id=name)


def _of_part(questions: Sequence[Question], part: str) -> list[Question]:
    return [question for question in questions if question.id.startswith(f"{part}/")]


def _place(question: Question) -> int:
    return int(question.id.rpartition("/")[2])


def _judge_outputs(items: Sequence[tuple[Pair, str]], reasoned: bool, runner: Runner) -> list[bool]:
    completed = [
        (pair, official.pad_output(official.parse_output(text, reasoned), pair.output_pred)) for pair, text in items
    ]
    worth = [not official.is_penalised(text, pair.output_pred) for pair, text in completed]
    ran = iter(output_verdicts([each for each, good in zip(completed, worth, strict=True) if good], runner))
    return [good and next(ran) for good in worth]


def _consistency(questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]) -> float:
    points = []
    for question in _of_part(questions, "coverage"):
        rest = question.id.partition("/")[2]
        covered, state, path = (correct[f"{each}/{rest}"][0] for each in PARTS[:3])
        points.append((covered, state, path, correct[f"output/{rest.rpartition('/')[0]}"][0]))
    return official.consistency(points) if points else 0.0


def _part_metrics(
    part: str, questions: Sequence[Question], correct: Mapping[str, Sequence[bool]]
) -> Mapping[str, float]:
    """Return the accuracy in percent; for coverage also precision, recall and F1 of YES."""
    right = [(question.gold[0] == "yes", verdict) for question in questions for verdict in correct[question.id]]
    numbers = {"accuracy": 100 * sum(verdict for _, verdict in right) / len(right)}
    if part == "coverage":
        true_yes = sum(covered and verdict for covered, verdict in right)
        false_yes = sum(not covered and not verdict for covered, verdict in right)
        missed = sum(covered and not verdict for covered, verdict in right)
        precision = true_yes / (true_yes + false_yes) if true_yes + false_yes else 0.0
        recall = true_yes / (true_yes + missed) if true_yes + missed else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        numbers |= {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}
    return numbers
