"""The rows of a curriculum, made shard by shard, so that a training can follow a folder that is still growing.

A folder holds rows-00000.parquet, rows-00001.parquet, ... (id, prompt, completion, style), each complete when it has
its name, and in the end done.json. Shards do not depend on one another: each draws its programs by keys of its own, so
several processes can make them, and a folder that was left goes on with the missing ones. Programs may come again in
another shard, with other calls; the held-out ones, of held-out.jsonl, never do.

A shard holds rows of all levels in batches of like length, in random order. The first shards hold more and shorter rows
of the easy levels.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate, count, islice, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from codereasoner import extend
from codereasoner.chains.narrator import Detail, narrate
from codereasoner.errors import ConfigError, import_extra
from codereasoner.execution.pool import Limits, Pool
from codereasoner.experiments.curriculum import Curriculum, Level
from codereasoner.ledger import read_rows, write_records, write_whole
from codereasoner.records import Job, Plain, Program, Run
from codereasoner.sources.procedural import RANGE, Procedural
from codereasoner.stages.engine import make_engine
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import make_tokenizer
from codereasoner.training.training_rows import sft_row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STYLE = find_style("terse")
PURPOSE = "ladder"  # in the keys of randomness; another word would give other rows than the published ones
MARKS = 3  # tokens that the chat template adds to a question and its answer
KEYS = 10_000_000  # keys of the grammar that belong to one shard
DRAWN = 64  # programs that are run together
LIMITS = Limits(cpu_seconds=0.25, steps=1000, trace_bytes=200_000)  # a run beyond them makes no row of any length


class Row(TypedDict):
    """One row of a shard."""

    id: str
    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]
    style: str


Sized: TypeAlias = tuple[int, Row]
"""A row with its number of tokens."""


def make_rows(
    curriculum: Curriculum, out: Path, workers: int = 1, tell: Callable[[str], None] = print
) -> dict[str, object]:
    """Make the held-out questions and the missing shards, in `workers` processes; returns what was counted."""
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    known, done = out / "curriculum.json", out / "done.json"
    facts = json.dumps(curriculum.facts, indent=1)
    if known.is_file() and _but_for_shards(known.read_text(encoding="utf-8")) != _but_for_shards(facts):
        raise ConfigError(f"{out} was begun with another curriculum, which is in {known.name}; name another folder")
    write_whole(known, facts)
    for part in out.glob("*.part"):  # of shards that were being made when the making was stopped
        part.unlink()
    missing = [shard for shard in range(curriculum.shards) if not shard_path(out, shard).is_file()]
    if missing:
        done.unlink(missing_ok=True)
    counts: dict[str, float] = {}  # of what is made now
    held = hold_out(curriculum, out)
    with make_engine(workers=workers) as engine:
        for shard, found in zip(missing, engine.map(partial(make_shard, curriculum, out), missing), strict=True):
            counts = {name: round(counts.get(name, 0) + count, 2) for name, count in found.items()}
            tell(json.dumps({"shard": shard, **found}))
    whole = {"shards": curriculum.shards, "rows": curriculum.shards * curriculum.rows, "held_out": held}
    write_whole(done, json.dumps(whole, indent=1) + "\n")
    return {**whole, **counts, "seconds": round(time.monotonic() - began, 1)}


def _but_for_shards(text: str) -> dict[str, object]:
    return {**json.loads(text), "shards": None}


def shard_path(out: Path, shard: int) -> Path:
    """Return the path of a shard's rows."""
    return out / f"rows-{shard:05d}.parquet"


def program_paths(out: Path) -> list[Path]:
    """Return the files of the programs that the rows and the held-out questions are about."""
    return sorted((out / "programs").glob("*.jsonl"))


def make_shard(curriculum: Curriculum, out: Path, shard: int) -> dict[str, float]:
    """Write the rows of one shard and the programs they are about; returns counts and the CPU time it took."""
    began = _cpu_seconds()
    shares, longest = curriculum.at(shard)
    rows: dict[str, Sized] = {}
    programs: dict[str, Program] = {}
    counts: Counter[str] = Counter()
    with Pool(workers=1, limits=LIMITS) as pool:
        for wanted, level in zip(_whole(shares, curriculum.rows), curriculum.levels.values(), strict=True):
            found: dict[str, Sized] = {}
            source = drawn(curriculum, level, "train", shard * KEYS)
            while len(found) < wanted:
                chunk = list(islice(source, DRAWN))
                asked = [
                    row
                    for run, questions in _runs(pool, chunk, curriculum)
                    for row in _rows(curriculum, questions, run)
                ]
                made = in_turns(sized(asked), curriculum.turns, longest)
                fitting = {row["id"]: (size, row) for size, row in made if size <= longest and row["id"] not in rows}
                found |= fitting
                programs |= {program.id: program for program in chunk}
                counts.update(programs=len(chunk), left_out=len(made) - len(fitting))
            rows |= islice(found.items(), wanted)
    counts["tokens"] = sum(size for size, _ in rows.values())
    _write_anew(out / "programs" / f"{shard:05d}.jsonl", programs.values(), curriculum)
    _write_shard(shard_path(out, shard), in_order(list(rows.values()), curriculum.batch, shard))
    return {**counts, "cpu_seconds": round(_cpu_seconds() - began, 2)}


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of those it has ended: a shard's workers are among them."""
    return sum(os.times()[:4])


def _whole(shares: Sequence[float], rows: int) -> list[int]:
    """Divide rows by these shares into whole numbers that add up."""
    ends = [round(end * rows) for end in accumulate(shares)]
    return [end - start for start, end in pairwise([0, *ends[:-1], rows])]


def _write_shard(path: Path, rows: Sequence[Row]) -> None:
    table = import_extra("pyarrow", "eval").Table.from_pylist(list(rows))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    import_extra("pyarrow.parquet", "eval").write_table(table, part, compression="zstd")
    os.replace(part, path)


def _write_anew(path: Path, records: Iterable[Plain], curriculum: Curriculum) -> None:
    path.unlink(missing_ok=True)
    write_records(path, records, {"curriculum": curriculum.facts})


def hold_out(curriculum: Curriculum, out: Path) -> int:
    """Write the held-out questions unless they are there, one of each task per program; returns their number."""
    whole = out / "programs" / "held-out.jsonl"
    if whole.is_file():
        return sum(1 for path in out.glob("held-out*.jsonl") for _ in read_rows(path))
    asked: dict[str, list[Question]] = {each.task: [] for each in curriculum.questions}
    programs: dict[str, Program] = {}
    with Pool(workers=1, limits=LIMITS) as pool:
        for name, level in curriculum.levels.items():
            source = drawn(curriculum, level, "test", 0)
            wanted = len(programs) + level.test
            while len(programs) < wanted:
                chunk = {program.id: program for program in islice(source, DRAWN)}
                for run, questions in _runs(pool, list(chunk.values()), curriculum):
                    program = chunk[run.program]
                    size = max(size for size, _ in sized([_row(each, run, "direct") for each in questions]))
                    if len(programs) == wanted or program.id in programs or size > curriculum.lengths[1]:
                        continue
                    programs[program.id] = program
                    for question in questions:
                        features = {"level": name, "constructs": list(program.features["constructs"])}
                        asked[question.task].append(replace(question, features={**question.features, **features}))
    for task, found in asked.items():
        forward = extend.task(task).direction == "forward"
        _write_anew(out / ("held-out.jsonl" if forward else f"held-out-{task}.jsonl"), found, curriculum)
    _write_anew(whole, programs.values(), curriculum)
    return sum(map(len, asked.values()))


def drawn(curriculum: Curriculum, level: Level, split: str, first: int) -> Iterator[Program]:
    """Yield the different programs of a level from a key on."""
    source = Procedural("full", level.difficulty, curriculum.types, curriculum.calls)
    seen: set[str] = set()
    for start in count(first, RANGE):
        for _, shape, program in source.candidates(split, range(start, start + RANGE)):
            if shape not in seen:
                seen.add(shape)
                yield program


def _runs(pool: Pool, programs: Sequence[Program], curriculum: Curriculum) -> Iterator[tuple[Run, list[Question]]]:
    """Run the calls; yield those that return a literal, with their questions. A copy of an argument counts too."""
    tasks = [extend.task(name) for name in dict.fromkeys(each.task for each in curriculum.questions)]
    jobs = [Job(program.source, program.entry, call, record="trace") for program in programs for call in program.calls]
    owners = [program for program in programs for _ in program.calls]
    for program, run in zip(owners, pool.stream(jobs), strict=True):
        if run.outcome == "ok" and not run.cut and run.steps:
            run = replace(run, program=program.id, split=program.split)
            asked = [question for task in tasks for question in task.collect(run).questions]
            if len(asked) == len(tasks):
                yield run, asked


def _rows(curriculum: Curriculum, asked: Sequence[Question], run: Run) -> Iterator[Row]:
    random = Random(f"{PURPOSE}/{run.id}")
    questions = {question.task: question for question in asked}
    chosen = [each for each in curriculum.questions if random.random() < each.share]
    if curriculum.turns > 1 and chosen:  # in one row, what one question about a call says is the answer to another
        chosen = [random.choice(chosen)]
    for each in chosen:
        yield _row(questions[each.task], run, each.detail)


def _row(question: Question, run: Run, detail: Detail | Literal["direct"]) -> Row:
    chain = None if detail == "direct" else narrate(question, run, detail).text
    row = sft_row(question, chain, STYLE)
    return {
        "id": f"{question.id}-{detail}",
        "prompt": row["prompt"],
        "completion": row["completion"],
        "style": row["style"],
    }


@cache
def _tokenizer() -> Tokenizer:
    tokenizer: Tokenizer = make_tokenizer().backend_tokenizer
    return tokenizer


def sized(rows: Sequence[Row]) -> list[Sized]:
    """Count the tokens that each row has for the embedded model."""
    encode = _tokenizer().encode
    said = [[each["content"] for each in (*row["prompt"], *row["completion"])] for row in rows]
    sizes = [len(encode("".join(each), add_special_tokens=False)) + MARKS * len(each) // 2 for each in said]
    return list(zip(sizes, rows, strict=True))


def in_turns(rows: Sequence[Sized], turns: int, longest: int) -> list[Sized]:
    """Join up to `turns` questions about one program in a row; only the first question holds the program.

    A row that would be longer than `longest` tokens ends before, and another begins.
    """
    if turns == 1:
        return list(rows)
    owners: dict[str, list[Sized]] = {}
    for size, row in rows:
        owners.setdefault(_program(row), []).append((size, row))
    found: list[Sized] = []
    for program, own in owners.items():
        Random(f"{PURPOSE}/turns/{own[0][1]['id']}").shuffle(own)
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
    """Return the question without its last line, the assertion."""
    content: str = row["prompt"][0]["content"]
    return content[: content.rindex("\nassert ")]


def in_order(rows: Sequence[Sized], batch: int, shard: int) -> list[Row]:
    """Order rows in batches of like length, the batches at random."""
    ordered = sorted(rows, key=lambda each: (each[0], each[1]["id"]))
    batches = [ordered[at : at + batch] for at in range(0, len(ordered), batch)]
    Random(f"{PURPOSE}/batches/{shard}").shuffle(batches)
    return [row for each in batches for _, row in each]
