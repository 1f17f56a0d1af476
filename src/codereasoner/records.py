"""The records that flow between the stages: Program, Job, Run, Step, Chain, Answer. All are plain JSON values.

    programs.jsonl -> runs.parquet -> questions.jsonl -> chains.jsonl -> rows -> answers.jsonl -> report.html

A record's id is made from its content, so the same work has the same id on every machine, and no stage does it
twice. Question and Grade, the two records that belong to a Task, are in task.py.
"""

import dataclasses
import hashlib
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from json.encoder import encode_basestring_ascii as quote
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Self, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from codereasoner.errors import DataError

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
Facts: TypeAlias = Mapping[str, Any]

Outcome = Literal["ok", "raised", "exited", "timeout", "memory", "output", "crashed", "refused", "error"]
"""How a run ended:
ok        the call returned; the value may still have no literal
raised    an exception left the call (or the program did not compile)
exited    the program ended its process: sys.exit, os._exit, a signal it sent itself
timeout   the CPU or wall limit; memory: the memory limit; output: too many bytes written or returned
crashed   the interpreter died
refused   never started: the call or the source is not Python
error     an infrastructure error, never the fault of the program; nothing may be scored on it
"""

Record = Literal["value", "coverage", "trace"]
Event = Literal["call", "line", "return", "yield", "exception"]


def content_id(*parts: Json) -> str:
    """Return sixteen hexadecimal digits that identify a content, the same on every machine and in every run."""
    texts = [quote(part) if type(part) is str else _encode(part) for part in parts]
    return hashlib.sha256(f"[{','.join(texts)}]".encode()).hexdigest()[:16]


def run_id(source: str, entry: str, call: str) -> str:
    """Return the content_id of these three; most calls of a program come one after another."""
    digest = _begun(source, entry).copy()
    digest.update(f"{quote(call)}]".encode())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def _begun(source: str, entry: str) -> "hashlib._Hash":
    return hashlib.sha256(f"[{quote(source)},{quote(entry)},".encode())


_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode
_new, _set = object.__new__, object.__setattr__


class Plain:
    """A frozen dataclass of plain JSON values that can be written to a row and read back from one."""

    def _repr_html_(self) -> str:
        """Show the fields that are set as a table, in a notebook."""
        fields = {each.name: each.default for each in dataclasses.fields(self)}  # type: ignore[arg-type]
        rows: dict[str, object] = {}
        for name, default in fields.items():
            value = getattr(self, name)
            if isinstance(value, Mapping):
                rows |= value
            elif value and value != default:
                rows[name] = "\n".join(map(str, value)) if isinstance(value, tuple) else value
        cells = [f"<tr><th>{html.escape(name)}</th><td><pre>{html.escape(str(each))}" for name, each in rows.items()]
        return f"<table>{'</pre></td></tr>'.join([*cells, ''])}</table>"

    def to_json(self) -> dict[str, Any]:
        """Return the record as a dict of plain JSON values."""
        values = vars(self)
        return {
            name: value if type(value := values[name]) in _LEAVES else _to_json(value)
            for name in _shape(type(self)).fields
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Return the record of a row; lists become tuples where the field is a tuple.

        Raises:
            DataError: a field is missing, unknown or of another type than declared. Objects are not looked into.
        """
        fields, needed, others = _shape(cls)
        if type(row) is not dict or not needed <= row.keys() <= fields.keys():
            cls.check_names(row)
        values = {}
        for name, value in row.items():
            known, read = fields[name]
            values[name] = value if type(value) in known else read(value)
        if len(values) < len(fields):
            values |= {name: make() for name, make in others.items() if name not in values}
        record = _new(cls)  # its own constructor, which sets one frozen field after another, takes three times as long
        _set(record, "__dict__", values)
        record.__post_init__()
        return record

    def __post_init__(self) -> None:
        """Fill in what is made of other fields."""

    @classmethod
    def check_names(cls, row: Mapping[str, Any]) -> None:
        """Refuse a row without the fields of the record, or with others.

        Raises:
            DataError: the message says what the row is, or which field it lacks.
        """
        fields, needed, _ = _shape(cls)
        if not isinstance(row, Mapping):
            raise DataError(f"{cls.__name__} must be an object, not {type(row).__name__}: {row!r:.60}")
        kind, wanted = kind_of(row), cls.__name__.lower()
        if kind and cls.__name__ in _MAKERS and kind.split()[1:] != [wanted]:
            raise DataError(
                f"it is {kind}, and a {wanted} is wanted, as `codereasoner {_MAKERS[cls.__name__]}` writes them"
            )
        if unknown := sorted(set(row) - set(fields)):
            raise DataError(f"{cls.__name__} has no field '{unknown[0]}'; it has: {', '.join(fields)}")
        if missing := [name for name in fields if name in needed and name not in row]:
            raise DataError(
                f"{cls.__name__} lacks the field '{missing[0]}'; it has: {', '.join(sorted(row)) or 'none'}"
            )


_KNOWN_BY = {
    "a program": {"source", "calls"},
    "a run": {"source", "call", "outcome"},
    "a question": {"task", "facts", "gold"},
    "an answer": {"question", "text", "sample"},
    "a grade": {"question", "outcome", "sample"},
    "a chain": {"question", "text", "by"},
    "a row for SFT": {"prompt", "completion"},
    "a row for GRPO": {"prompt", "question"},
    "a record of CRUXEval": {"code", "input", "output"},
    "a notebook": {"cells", "nbformat"},
}
"""Kinds of rows by fields that tell them from the others, the first that fits."""
_MAKERS = {"Program": "programs", "Run": "trace", "Question": "ask", "Chain": "chain", "Answer": "evaluate"}
"""The command that writes the records of a class."""


def kind_of(row: Mapping[str, Any]) -> str:
    """Return what a row looks like, "a run"; "" for none of the rows that commands read and write."""
    return next((kind for kind, names in _KNOWN_BY.items() if names <= row.keys()), "")


def _to_json(value: object) -> object:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value.to_json() if isinstance(value, Plain) else value


Reader: TypeAlias = Callable[[Any], Any]
"""Makes the value of a field from that of a row."""

_KINDS: Mapping[object, tuple[str, tuple[type, ...]]] = {
    str: ("a string", (str,)),
    int: ("a whole number", (int,)),
    float: ("a number", (float, int)),
    bool: ("true or false", (bool,)),
    NoneType: ("null", (NoneType,)),
    Mapping: ("an object", (dict,)),
}
"""The words for the type of a field, and the types that a row may have there: True is not a number."""

_LEAVES = frozenset(kind for _, kinds in _KINDS.values() for kind in kinds)


class _Field(NamedTuple):
    known: tuple[type, ...]  # types of values that are taken as they are
    read: Reader  # of all others


class _Shape(NamedTuple):
    fields: Mapping[str, _Field]
    needed: frozenset[str]  # fields that a row must have
    others: Mapping[str, Callable[[], object]]  # makes the value of a field that a row does not have


_SHAPES: dict[type, _Shape] = {}


def _shape(cls: type) -> _Shape:
    """Return the fields of a record; worked out once."""
    if cls not in _SHAPES:
        hints, missing = get_type_hints(cls), dataclasses.MISSING
        fields = dataclasses.fields(cls)
        readers = {each.name: _field(f"{cls.__name__}.{each.name}", hints[each.name]) for each in fields}
        others: dict[str, Callable[[], object]] = {
            each.name: partial(getattr, each, "default") for each in fields if each.default is not missing
        }
        others |= {each.name: each.default_factory for each in fields if each.default_factory is not missing}
        _SHAPES[cls] = _Shape(readers, frozenset(readers.keys() - others.keys()), others)
    return _SHAPES[cls]


def _field(name: str, hint: object) -> _Field:
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        is_record = isinstance(item, type) and issubclass(item, Plain)
        read = item.from_json if is_record else _field(f"each item of {name}", item).read
        return _Field((), partial(_read_list, name, read))
    if get_origin(hint) is Literal:
        return _Field((), partial(_read_choice, name, get_args(hint)))
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if lists := [part for part in parts if get_origin(part) is tuple]:
        return _Field((NoneType,), _field(name, lists[0]).read)
    known = [_KINDS[get_origin(part) or part] for part in parts]
    words, kinds = " or ".join(each for each, _ in known), tuple(kind for _, kinds in known for kind in kinds)
    return _Field(kinds, partial(_read_kind, name, words, kinds))


def _read_kind(name: str, words: str, kinds: tuple[type, ...], value: object) -> object:
    if type(value) not in kinds and not (dict in kinds and isinstance(value, Mapping)):
        raise DataError(f"{name} must be {words}, not {type(value).__name__}: {value!r:.60}")
    return value


def _read_choice(name: str, choices: tuple[str, ...], value: object) -> object:
    if value not in choices:
        raise DataError(f"{name} must be one of {', '.join(choices)}, not {value!r:.60}")
    return value


def _read_list(name: str, read: Reader, value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise DataError(f"{name} must be a list, not {type(value).__name__}: {value!r:.60}")
    return tuple(map(read, value))


@dataclass(frozen=True)
class Program(Plain):
    """Source code, its entry function, calls of it, its origin and its licence."""

    source: str
    entry: str
    calls: tuple[str, ...]  # the argument source of each call: "[1, 2], key='a'"
    origin: str = ""  # the Source and the key that made it: "procedural/train/17"
    split: str = ""  # train (SFT), rl, or test; a program is in one of them only
    license: str = ""
    features: Facts = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", content_id(self.source, self.entry))


@dataclass(frozen=True)
class Job(Plain):
    """A call to execute and what to record of it; it never holds the expected result."""

    source: str
    entry: str
    call: str  # argument source
    record: Record = "value"
    harness: str = ""  # source that runs after `source` in the same namespace, and is never traced
    model_text: bool = False  # whether text of a model is executed as code: a pool for own programs may refuse that
    origin: str = ""  # programs of one origin may share a process; "": a process that no other program enters


@dataclass(frozen=True)
class Step(Plain):
    """An event of a traced run, mostly an executed line, with what it changed in its frame.

    `changes` are the locals that are different when this step has finished, as literals, also where they were
    mutated in place and also where the step called other functions, whose steps come in between. A value
    without a faithful literal is written `<TypeName ...>`: no literal begins with `<`.
    """

    event: Event
    frame: int  # 0 is the entry's; numbered in the order of first appearance
    line: int  # 1 is the first line of the source
    changes: Mapping[str, str] = field(default_factory=dict)  # at "call": the arguments
    removed: tuple[str, ...] = ()  # locals that this step deleted
    value: str = ""  # call: the function's name; return and yield: the value; exception: "TypeName: message"


@dataclass(frozen=True)
class Run(Plain):
    """The result of executing one call."""

    source: str
    entry: str
    call: str
    outcome: Outcome
    value: str | None = None  # the literal of what was returned; None where there is none
    exception: str = ""  # "TypeName: message" where the outcome is raised
    stdout: str = ""
    steps: tuple[Step, ...] = ()
    lines: tuple[int, ...] = ()  # executed lines in ascending order, where coverage or a trace was recorded
    cut: str = ""  # what ended the trace early: "steps", "bytes", "depth", "tracer removed"; "" when it is whole
    reason: str = ""  # one sentence for every outcome but ok, naming the limit that was hit
    isolation: str = ""  # the level, A to D, at which it ran
    python: str = ""  # the version that ran it, for example 3.11
    shared: str = ""  # the origin of programs that may have run in the same process; "": no other program has
    cpu_ms: float = 0.0
    program: str = ""  # the Program's id, split and difficulty, set by the stage that knows them
    split: str = ""
    difficulty: int = 0
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", content_id(self.source, self.entry, self.call))

    @property
    def expression(self) -> str:
        """The call as a Python expression: `f([1, 2])`."""
        return f"{self.entry}({self.call})"


@dataclass(frozen=True)
class Chain(Plain):
    """Reasoning text that leads to the answer of one question."""

    question: str  # the Question's id
    text: str
    by: str  # "narrator", or the model that wrote it
    id: str = ""
    answer: str = ""  # the answer it leads to; "": the first gold answer of the question

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", content_id(self.question, self.by, self.text))


@dataclass(frozen=True)
class Answer(Plain):
    """One completion of one model for one question."""

    question: str  # the Question's id
    model: str
    style: str
    sample: int
    text: str
    finish: str = "stop"  # stop, length, or error
    sampling: Facts = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    thoughts: str = ""  # what the model thought before it wrote the text
    reason: str = ""  # of an error: why there is no completion
    id: str = ""

    @property
    def whole(self) -> str:
        """The thoughts, then the text."""
        return "\n".join(filter(None, (self.thoughts, self.text)))

    def __post_init__(self) -> None:
        if not self.id:
            key = answer_key(self.question, self.model, self.style, self.sample, self.sampling)
            object.__setattr__(self, "id", key)


def answer_key(question: str, model: str, style: str, sample: int, sampling: Facts) -> str:
    """Return the id of an answer from everything that can change it, before it is asked for."""
    return content_id(question, model, style, sample, dict(sampling))


Item = TypeVar("Item")


def batches_of(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
