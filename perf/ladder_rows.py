"""The rows of the ladder: made shard by shard, so that a training can follow a folder that is still growing.

A folder holds rows-00000.parquet, rows-00001.parquet, ... (id, prompt, completion, style), each complete when it has
its name, and in the end done.json. Shards do not depend on one another: each has keys of its own to draw programs from,
so they can be made by several processes, and a folder that was left goes on with the shards that are missing. Programs
may come again in another shard, with other calls; the held-out ones, which lie in held-out.jsonl, never do.

Within a shard, rows of all rungs stand in batches of like length, behind one another as if drawn from a hat. The first
shards hold more rows of the easy rungs, and shorter ones.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import accumulate, count, islice, pairwise
from multiprocessing import get_context, parent_process
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any, TypeAlias

import yaml

from codereasoner import extend
from codereasoner.chains.narrator import narrate
from codereasoner.errors import ConfigError, import_extra
from codereasoner.execution.pool import Limits, Pool
from codereasoner.ledger import read_rows, write_records, write_whole
from codereasoner.records import Job, Plain, Program, Run
from codereasoner.sources.procedural import RANGE, Procedural
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import make_tokenizer
from codereasoner.training.training_rows import sft_row

STYLE = find_style("terse")
MARKS = 3  # tokens that the chat template adds to a question and its answer
KEYS = 10_000_000  # of the grammar that belong to one shard
DRAWN = 64  # programs that are run together
LIMITS = Limits(cpu_seconds=0.25, steps=1000, trace_bytes=200_000)  # a run beyond them makes no row of any length

Row: TypeAlias = dict[str, Any]
Sized: TypeAlias = tuple[int, Row]


@dataclass(frozen=True)
class Rung:
    """A difficulty of the grammar, and the shares of the rows that are about it in the first and in later shards."""

    difficulty: int
    test: int  # programs held out
    shares: tuple[float, float]


@dataclass(frozen=True)
class Form:
    """What is asked about a call and how it is answered."""

    task: str
    detail: str = "direct"  # of the chain; "direct" for none
    share: float = 1.0  # of the calls


@dataclass(frozen=True)
class Ladder:
    """A ladder of the package, or a file like one: what is made, and in which order it is learnt."""

    version: int
    rungs: dict[str, Rung]
    types: tuple[str, ...]  # of first arguments; where they are copied, one that stands twice is twice as likely
    forms: tuple[Form, ...]
    calls: int
    batch: int
    lengths: tuple[int, int]  # tokens of a row at most, in the first shard and in later ones; longer ones are left out
    shards: int
    rows: int  # of a shard
    turns: int = 1  # questions about a program in one row, at most: one after another, as in a chat
    rising: int = 0  # shards over which shares and lengths go from the first value to the second
    facts: dict[str, Any] = field(default_factory=dict)  # the file as it was read

    def at(self, shard: int) -> tuple[list[float], int]:
        """The shares of the rungs, and the most tokens of a row, in a shard."""
        way = min(1.0, shard / self.rising) if self.rising else 1.0
        shares = [first + way * (last - first) for first, last in (rung.shares for rung in self.rungs.values())]
        return shares, round(self.lengths[0] + way * (self.lengths[1] - self.lengths[0]))


def read_ladder(path: Path, shards: int | None = None) -> Ladder:
    """The ladder of a file, with another number of shards where one is given.

    Raises:
        ConfigError: shares do not add up to 1, or a shard is no whole number of batches.
    """
    facts = yaml.safe_load(path.read_text(encoding="utf-8")) | ({} if shards is None else {"shards": shards})
    rungs = {
        name: Rung(rung["difficulty"], rung["test"], tuple(rung["shares"])) for name, rung in facts["rungs"].items()
    }
    forms = tuple(Form(**form) for form in facts["forms"])
    pairs = {name: tuple(facts[name]) for name in ("types", "lengths")}
    ladder = Ladder(**{**facts, **pairs, "rungs": rungs, "forms": forms, "facts": facts})
    for index in (0, 1):
        whole = sum(rung.shares[index] for rung in rungs.values())
        if abs(whole - 1) > 1e-6:
            raise ConfigError(f"{path}: the shares of the rungs add up to {whole:g}, not to 1")
    if ladder.rows % ladder.batch:
        raise ConfigError(f"{path}: {ladder.rows} rows of a shard are no whole number of batches of {ladder.batch}")
    return ladder


def make_rows(ladder: Ladder, out: Path, workers: int = 1, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Make what is held out, and the shards that are not there yet, with so many processes; what was counted.

    Raises:
        ConfigError: the folder was begun with another configuration.
    """
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    known, done = out / "ladder.json", out / "done.json"
    facts = json.dumps(ladder.facts, indent=1)
    if known.is_file() and _but_for_shards(known.read_text(encoding="utf-8")) != _but_for_shards(facts):
        raise ConfigError(f"{out} was begun with another ladder, which stands in {known.name}; name another folder")
    write_whole(known, facts)
    for part in out.glob("*.part"):  # of shards that were being made when the making was stopped
        part.unlink()
    missing = [shard for shard in range(ladder.shards) if not shard_path(out, shard).is_file()]
    if missing:
        done.unlink(missing_ok=True)
    counts: dict[str, float] = {}  # of what is made now
    with ExitStack() as stack:
        make = partial(make_shard, ladder, out)
        if workers == 1:
            made = map(make, missing)
        else:
            processes = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
            made = stack.enter_context(processes).map(make, missing)
        held = hold_out(ladder, out)
        for shard, found in zip(missing, made, strict=True):
            counts = {name: round(counts.get(name, 0) + count, 2) for name, count in found.items()}
            tell(json.dumps({"shard": shard, **found}))
    whole = {"shards": ladder.shards, "rows": ladder.shards * ladder.rows, "held_out": held}
    write_whole(done, json.dumps(whole, indent=1) + "\n")
    return {**whole, **counts, "seconds": round(time.monotonic() - began, 1)}


def _but_for_shards(text: str) -> dict[str, Any]:
    return {**json.loads(text), "shards": None}


def _end_with_parent() -> None:
    """A process that makes shards ends where the one that started it is gone, however that came."""
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def shard_path(out: Path, shard: int) -> Path:
    """Where the rows of a shard lie."""
    return out / f"rows-{shard:05d}.parquet"


def program_paths(out: Path) -> list[Path]:
    """Where the programs lie that the rows and the held-out questions are about."""
    return sorted((out / "programs").glob("*.jsonl"))


def make_shard(ladder: Ladder, out: Path, shard: int) -> dict[str, float]:
    """Write the rows of one shard, and the programs they are about; what was counted, and the CPU time it took."""
    began = _cpu_seconds()
    shares, longest = ladder.at(shard)
    rows: dict[str, Sized] = {}
    programs: dict[str, Program] = {}
    counts: Counter[str] = Counter()
    with Pool(workers=1, limits=LIMITS) as pool:
        for wanted, rung in zip(_whole(shares, ladder.rows), ladder.rungs.values(), strict=True):
            found: dict[str, Sized] = {}
            source = drawn(ladder, rung, "train", shard * KEYS)
            while len(found) < wanted:
                chunk = list(islice(source, DRAWN))
                asked = [row for run, questions in _runs(pool, chunk, ladder) for row in _rows(ladder, questions, run)]
                made = in_turns(sized(asked), ladder.turns, longest)
                fitting = {row["id"]: (size, row) for size, row in made if size <= longest and row["id"] not in rows}
                found |= fitting
                programs |= {program.id: program for program in chunk}
                counts.update(programs=len(chunk), left_out=len(made) - len(fitting))
            rows |= islice(found.items(), wanted)
    counts["tokens"] = sum(size for size, _ in rows.values())
    _write_anew(out / "programs" / f"{shard:05d}.jsonl", programs.values(), ladder)
    _write_shard(shard_path(out, shard), in_order(list(rows.values()), ladder.batch, shard))
    return {**counts, "cpu_seconds": round(_cpu_seconds() - began, 2)}


def _cpu_seconds() -> float:
    """CPU time of this process and of those it has ended: the pool's workers are ended with their shard."""
    return sum(os.times()[:4])


def _whole(shares: Sequence[float], rows: int) -> list[int]:
    """So many rows in these shares: whole numbers that add up."""
    ends = [round(end * rows) for end in accumulate(shares)]
    return [end - start for start, end in pairwise([0, *ends[:-1], rows])]


def _write_shard(path: Path, rows: Sequence[Row]) -> None:
    table = import_extra("pyarrow", "eval").Table.from_pylist(list(rows))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    import_extra("pyarrow.parquet", "eval").write_table(table, part, compression="zstd")
    os.replace(part, path)


def _write_anew(path: Path, records: Iterable[Plain], ladder: Ladder) -> None:
    path.unlink(missing_ok=True)
    write_records(path, records, {"ladder": ladder.facts})


def hold_out(ladder: Ladder, out: Path) -> int:
    """Write the held-out questions, where they are not there yet: one of each task for each program; how many."""
    whole = out / "programs" / "held-out.jsonl"
    if whole.is_file():
        return sum(1 for path in out.glob("held-out*.jsonl") for _ in read_rows(path))
    asked: dict[str, list[Question]] = {form.task: [] for form in ladder.forms}
    programs: dict[str, Program] = {}
    with Pool(workers=1, limits=LIMITS) as pool:
        for name, rung in ladder.rungs.items():
            source = drawn(ladder, rung, "test", 0)
            wanted = len(programs) + rung.test
            while len(programs) < wanted:
                chunk = {program.id: program for program in islice(source, DRAWN)}
                for run, questions in _runs(pool, list(chunk.values()), ladder):
                    program = chunk[run.program]
                    size = max(size for size, _ in sized([_row(each, run, "direct") for each in questions]))
                    if len(programs) == wanted or program.id in programs or size > ladder.lengths[1]:
                        continue
                    programs[program.id] = program
                    for question in questions:
                        features = {"rung": name, "constructs": list(program.features["constructs"])}
                        asked[question.task].append(replace(question, features={**question.features, **features}))
    for task, found in asked.items():
        _write_anew(out / ("held-out.jsonl" if task == "output" else f"held-out-{task}.jsonl"), found, ladder)
    _write_anew(whole, programs.values(), ladder)
    return sum(map(len, asked.values()))


def drawn(ladder: Ladder, rung: Rung, split: str, first: int) -> Iterator[Program]:
    """The different programs of a rung from a key on."""
    source = Procedural("full", rung.difficulty, ladder.types, ladder.calls)
    seen: set[str] = set()
    for start in count(first, RANGE):
        for _, shape, program in source.candidates(split, range(start, start + RANGE)):
            if shape not in seen:
                seen.add(shape)
                yield program


def _runs(pool: Pool, programs: Sequence[Program], ladder: Ladder) -> Iterator[tuple[Run, list[Question]]]:
    """Each call that returns a literal, copies of an argument too: a benchmark's programs return such as well."""
    tasks = [extend.task(name) for name in dict.fromkeys(form.task for form in ladder.forms)]
    jobs = [Job(program.source, program.entry, call, record="trace") for program in programs for call in program.calls]
    owners = [program for program in programs for _ in program.calls]
    for program, run in zip(owners, pool.stream(jobs), strict=True):
        if run.outcome == "ok" and not run.cut and run.steps:
            run = replace(run, program=program.id, split=program.split)
            asked = [question for task in tasks for question in task.collect(run).questions]
            if len(asked) == len(tasks):
                yield run, asked


def _rows(ladder: Ladder, asked: Sequence[Question], run: Run) -> Iterator[Row]:
    random = Random(f"ladder/{run.id}")
    questions = {question.task: question for question in asked}
    forms = [form for form in ladder.forms if random.random() < form.share]
    if ladder.turns > 1 and forms:  # in one row, what one question about a call says is the answer to another
        forms = [random.choice(forms)]
    for form in forms:
        yield _row(questions[form.task], run, form.detail)


def _row(question: Question, run: Run, detail: str) -> Row:
    chain = None if detail == "direct" else narrate(question, run, detail).text  # type: ignore[arg-type]
    row = sft_row(question, chain, STYLE)
    return {name: row[name] for name in ("id", "prompt", "completion", "style")} | {"id": f"{question.id}-{detail}"}


@cache
def _tokenizer() -> Any:
    return make_tokenizer().backend_tokenizer


def sized(rows: Sequence[Row]) -> list[Sized]:
    """The rows with the tokens that each has for the embedded model."""
    encode = _tokenizer().encode
    said = [[each["content"] for each in (*row["prompt"], *row["completion"])] for row in rows]
    sizes = [len(encode("".join(each), add_special_tokens=False)) + MARKS * len(each) // 2 for each in said]
    return list(zip(sizes, rows, strict=True))


def in_turns(rows: Sequence[Sized], turns: int, longest: int) -> list[Sized]:
    """Rows with up to so many questions about one program in each: the program stands in the first question only.

    A row that would be longer than `longest` tokens ends before, and another begins.
    """
    if turns == 1:
        return list(rows)
    owners: dict[str, list[Sized]] = {}
    for size, row in rows:
        owners.setdefault(_program(row), []).append((size, row))
    found: list[Sized] = []
    for program, own in owners.items():
        Random(f"ladder/turns/{own[0][1]['id']}").shuffle(own)
        repeated = len(_tokenizer().encode(program, add_special_tokens=False).ids)
        joined: list[Sized] = []
        for size, row in own:
            whole = joined[-1][0] + size - repeated if joined else 0
            if joined and len(joined[-1][1]["completion"]) < 2 * turns - 1 and whole <= longest:
                last = joined[-1][1]
                asked = [{**row["prompt"][0], "content": row["prompt"][0]["content"].removeprefix(program)}]
                joined[-1] = whole, last | {"completion": [*last["completion"], *asked, *row["completion"]]}
            else:
                joined.append((size, row))
        found += joined
    return found


def _program(row: Row) -> str:
    """The question without its last line, the assertion."""
    content: str = row["prompt"][0]["content"]
    return content[: content.rindex("\nassert ")]


def in_order(rows: Sequence[Sized], batch: int, shard: int) -> list[Row]:
    """Batches of like length, in random order."""
    ordered = sorted(rows, key=lambda each: (each[0], each[1]["id"]))
    batches = [ordered[at : at + batch] for at in range(0, len(ordered), batch)]
    Random(f"ladder/batches/{shard}").shuffle(batches)
    return [row for each in batches for _, row in each]
