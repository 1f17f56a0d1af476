"""Count what a data set holds, in one pass over each of its files: memory does not grow with them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

from codereasoner.jsonl_files import object_of
from codereasoner.ledger import read_rows
from codereasoner.records import Chain, Program
from codereasoner.reports.run_folder import DATA_FILES, Manifest, manifests, records_so_far
from codereasoner.spill import Keys
from codereasoner.task import Question

EXAMPLES = 2  # rows that a card shows: one of each direction in most sets


class Turn(TypedDict):
    """One chat message."""

    role: str
    content: str


class TrainingRow(TypedDict, total=False):
    """A row of sft.parquet or grpo.parquet, as far as it is counted."""

    id: str
    question: str  # as JSON
    prompt: str | list[Turn]
    completion: str | list[Turn]


@dataclass
class SetFacts:
    """Counts of one folder; a distribution is a count by length."""

    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    licenses: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    questions: Counter[tuple[str, str]] = field(default_factory=Counter)  # by task and split
    lengths: dict[str, Counter[int]] = field(default_factory=dict)
    authors: Counter[str] = field(default_factory=Counter)  # of the chains
    examples: list[TrainingRow] = field(default_factory=list)  # rows of sft, one for each task
    claims: Counter[str] = field(default_factory=Counter)  # checked and true, of audited chains
    sets: dict[str, Counter[str]] = field(default_factory=dict)  # rows by task, of sft and grpo
    shared_programs: int | None = None  # programs in both sets; None where one of them is missing

    @property
    def stages(self) -> list[tuple[str, Manifest]]:
        """The finished files with their manifests, in order."""
        return [(name, self.manifests[name]) for name in DATA_FILES if name in self.manifests]


def count_set(folder: Path) -> SetFacts:
    """Count what a folder holds; a missing file counts nothing."""
    facts = SetFacts(manifests(folder))
    lines: Counter[int] = Counter()
    for program in records_so_far(folder / "programs.jsonl", Program):
        facts.licenses[program.license or "not stated"] += 1
        facts.origins[program.origin.partition("/")[0] or "not stated"] += 1
        lines[program.source.count("\n") + 1] += 1
    for question in records_so_far(folder / "questions.jsonl", Question):
        facts.questions[question.task, question.split] += 1
    chains: Counter[int] = Counter()
    for chain in records_so_far(folder / "chains.jsonl", Chain):
        chains[len(chain.text)] += 1
        facts.authors["the narrator: a program, from the trace" if chain.by == "narrator" else chain.by] += 1
    facts.lengths = {"lines of a program": lines, "characters of a chain": chains}
    if (folder / "chains.audit.jsonl").is_file():
        for row in read_rows(folder / "chains.audit.jsonl"):
            facts.claims.update(checked=row["checked"], true=row["true"])
    _count_rows(folder, facts)
    return facts


def _count_rows(folder: Path, facts: SetFacts) -> None:
    programs: dict[str, Keys] = {}
    shared = 0
    for name in ("sft", "grpo"):
        path = folder / f"{name}.parquet"
        if not path.is_file():
            continue
        seen = programs.setdefault(name, Keys())
        sizes: Counter[int] = Counter()
        for row, program, task in _rows(path):
            if len(facts.examples) < EXAMPLES and task not in facts.sets.get(name, {}) and row.get("completion"):
                facts.examples.append(row)
            facts.sets.setdefault(name, Counter())[task] += 1
            sizes[_length(row.get("prompt", "")) + _length(row.get("completion", ""))] += 1
            if seen.add(program) and name == "grpo" and "sft" in programs:
                shared += program in programs["sft"]
        facts.lengths[f"characters of a row of {name}"] = sizes
    facts.shared_programs = shared if len(programs) == 2 else None


def _rows(path: Path) -> Iterator[tuple[TrainingRow, str, str]]:
    """Yield each row with its program and its task."""
    for row in read_rows(path):
        question = object_of(f"{path}, 'question'", str(row.get("question") or "{}"))
        yield cast(TrainingRow, row), question.get("program") or row["id"], question.get("task", "not stated")


def _length(text: str | Iterable[Turn]) -> int:
    return len(text) if isinstance(text, str) else sum(len(turn["content"]) for turn in text)


def quantile(counts: Mapping[int, int], share: float) -> int:
    """Return the quantile of everything counted at this share, 0 to 1."""
    wanted = round(share * (sum(counts.values()) - 1))
    for value in sorted(counts):
        wanted -= counts[value]
        if wanted < 0:
            return value
    raise ValueError("nothing was counted")
