"""Read a file of generations: the texts that a model wrote for the questions of a benchmark.

Accepted, as .json, .json.gz or .jsonl: `{id: [texts]}`; the same below "raw_generations" or "generations", as
scored files have it; a list of lists in the order of the questions; rows with an id and texts; answers.jsonl.
"""

import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from codereasoner import extend
from codereasoner.errors import DataError, counted, is_pointer
from codereasoner.extend import Benchmark, Generations, Questions
from codereasoner.jsonl_files import not_text
from codereasoner.styles import find_style, is_style
from codereasoner.task import Grade, Question, read_completion

MOST_UNPACKED = 500_000_000  # bytes of an archive: a small one can unpack to all memory
_SHAPE = 'a generations file is {"id": ["text", ...], ...}'
_ID_FIELDS = ("question", "id", "task_id", "question_id")
_TEXT_FIELDS = ("texts", "generations", "pred_list", "output_list", "text", "generation", "answer", "completion")


def read_generations(benchmark: Benchmark, path: Path, questions: Sequence[Question]) -> Generations:
    """Return the texts by question id, for exactly these questions."""
    found = benchmark.read_generations(path, questions)
    if found is None:
        if not path.exists():
            raise DataError(f"there is no file {path}")
        if path.is_dir():
            raise DataError(f"{path} is a folder; the generations of {benchmark.name} are one file: {_SHAPE}")
        content = _load(path)
        found = _by_id(path, content, questions)
        found.recorded = _recorded(content, found)
    return _checked(benchmark, path, found, questions)


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            raw = gzip.GzipFile(fileobj=file).read(MOST_UNPACKED + 1) if packed else file.read()
        if packed and len(raw) > MOST_UNPACKED:
            raise DataError(f"{path} unpacks to more than {MOST_UNPACKED} bytes: unpack it yourself, or split it")
        text = raw.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    if ".jsonl" in path.name:
        return [_json(path, number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    return _json(path, 0, text)


def _json(path: Path, line: int, text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        where = f"line {line or error.lineno}, column {error.colno}"
        raise DataError(is_pointer(path) or f"{path}, {where}: not JSON ({error.msg}); {_SHAPE}") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: JSON nested too deeply, or a number of too many digits; {_SHAPE}") from None


def _without_twins(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twin = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise DataError(f"'{twin}' is there twice in one object, and only the last would count; leave one out")
    return found


def _by_id(path: Path, content: object, questions: Sequence[Question]) -> Generations:
    if isinstance(content, dict):
        for name in ("raw_generations", "generations"):
            if isinstance(content.get(name), dict | list) and name not in {question.id for question in questions}:
                return _by_id(path, content[name], questions)
        return Generations({str(name): _texts(path, str(name), value) for name, value in content.items()})
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return _from_rows(path, content, {question.id: question for question in questions})
    if isinstance(content, list):
        if (found := len(content)) != len(questions):
            raise DataError(f"{path} is a list of {found} entries, but there are {len(questions)} questions; {_SHAPE}")
        return Generations({q.id: _texts(path, q.id, value) for q, value in zip(questions, content, strict=True)})
    raise DataError(f"{path} holds {type(content).__name__}; {_SHAPE}")


def _recorded(content: object, found: Mapping[str, Sequence[str]]) -> dict[str, list[bool]]:
    """Return the verdicts of a scored file, where it has one for each text."""
    scored = content.get("raw_scored_generations") if isinstance(content, dict) else None
    if not isinstance(scored, dict):
        return {}
    return {
        name: verdicts
        for name, verdicts in scored.items()
        if isinstance(verdicts, list) and len(verdicts) == len(found.get(name, ()))
    }


def _from_rows(path: Path, rows: Sequence[Mapping[str, object]], questions: Mapping[str, Question]) -> Generations:
    found: dict[str, list[str]] = defaultdict(list)
    read: dict[str, list[str | Grade]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        name = next((field for field in _ID_FIELDS if field in row), None)
        text = next((field for field in _TEXT_FIELDS if field in row), None)
        if name is None or text is None:
            wanted = f"an id ({', '.join(_ID_FIELDS)}) and texts ({', '.join(_TEXT_FIELDS)})"
            raise DataError(f"{path}, row {number}: the fields are {', '.join(map(str, row))}; a row has {wanted}")
        texts = _texts(path, str(row[name]), row[text])
        question, named = questions.get(str(row[name])), str(row.get("style"))
        style = find_style(named) if is_style(named) else None
        if question is not None and style is not None:
            task, finish = extend.task_of(question), str(row.get("finish", "stop"))
            answers = [read_completion(task, question, each, style, finish) for each in texts]
            read[question.id] += answers
            texts = [each if isinstance(each, str) else "" for each in answers]
        found[str(row[name])] += texts
    whole = {name: answers for name, answers in read.items() if len(answers) == len(found[name])}
    return Generations(dict(found), read=whole)


def _texts(path: Path, name: str, value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{path}, id '{name}': a list of texts is wanted, not {value!r:.60}; {_SHAPE}")
    return texts


def _checked(
    benchmark: Benchmark, path: Path, found: Mapping[str, Sequence[str]], questions: Sequence[Question]
) -> Generations:
    """Check that every question has texts, and that every text has a question, or one that cannot be asked here."""
    wanted = {question.id for question in questions}
    known = wanted.union(questions.unavailable if isinstance(questions, Questions) else ())
    missing = [question.id for question in questions if question.id not in found]
    extra = [name for name in found if name not in known]
    if missing or extra:
        parts = []
        if missing:
            parts.append(
                f"no texts for {len(missing)} of {counted(len(wanted), 'question')} (the first is '{missing[0]}')"
            )
        if extra:
            parts.append(f"{len(extra)} ids that {benchmark.name} does not have (the first is '{extra[0]}')")
        raise DataError(f"{path} has {' and '.join(parts)}; every question of {benchmark.name} needs its id and texts")
    texts = {question.id: list(found[question.id]) for question in questions}
    if not isinstance(found, Generations):  # a user's benchmark may return a plain dict
        return Generations(texts)
    return Generations(texts, found.recorded, found.reasoned, found.read)
