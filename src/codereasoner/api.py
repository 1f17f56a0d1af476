"""The toolkit from Python: trace a call, ask about it, grade answers, evaluate a model. `import codereasoner as cr`.

Every function is also a stage of the command line, made of the same parts. Programs run in one pool of isolated
workers, which is started on first use and ended at exit; `with cr.pool(workers=4):` makes another one for a block.
"""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from codereasoner import extend
from codereasoner.api_arguments import (
    PATH,
    QuestionLike,
    StyleLike,
    TaskLike,
    path_like,
    question_like,
    refuse_options,
    refuse_others,
    style_like,
    task_like,
)
from codereasoner.api_results import Evaluation, TracedRun
from codereasoner.benchmarks.loading import load_benchmark
from codereasoner.chains.input_search import search_calls, searches
from codereasoner.chains.narrator import Detail, narrate, narrate_search
from codereasoner.cli.trace_target import split_call
from codereasoner.errors import ConfigError, import_extra, in_python
from codereasoner.evaluation.load_questions import QuestionSet, load_questions
from codereasoner.evaluation.quiz_questions import collect_all
from codereasoner.evaluation.run_evaluation import Asking, refuse_unanswered
from codereasoner.evaluation.run_evaluation import evaluate as evaluate_questions
from codereasoner.execution.pool import Limits, Pool
from codereasoner.exports.framework_questions import pool_of_process
from codereasoner.exports.trl import TrlReward
from codereasoner.extend import Model, Sampling, Source
from codereasoner.function_source import arguments_of, source_of
from codereasoner.ledger import read_rows
from codereasoner.models.function import Answering, FunctionModel
from codereasoner.outputs import check_place, set_aside
from codereasoner.records import Chain, Job, Program, Run
from codereasoner.reports.run_folder import short_name
from codereasoner.steps.source import refuse_unknown
from codereasoner.styles import Style, find_style
from codereasoner.task import Grade, Question, grade_all
from codereasoner.training.reward_terms import RewardTerm

if TYPE_CHECKING:
    from datasets import Dataset

_MISSING = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
_FILE = re.compile(r"(?!.*\bdef\b)\S.*\.py")  # one line without a function
_current: ContextVar[Pool | None] = ContextVar("codereasoner_pool", default=None)


@contextmanager
def pool(
    workers: int | None = None,
    limits: Limits | None = None,
    preload: Sequence[str] = (),
    allow_weak_isolation: bool = False,
) -> Iterator[Pool]:
    """Run everything in the block with a pool of its own.

    workers: processes; all cores by default. limits: what one run may use. preload: modules that are imported before
    any program runs.

    Examples:
        >>> with pool(workers=1) as mine:
        ...     trace("def f(x):\\n    return x + 1", "f(2)").value
        '3'

    Raises:
        IsolationError: the kernel refuses a layer of isolation, and `allow_weak_isolation` is not set.
        ConfigError: an argument is of another type.
    """
    refuse_others(int | None, "a whole number", workers=workers)
    refuse_others(Limits | None, "codereasoner.execution.pool.Limits", limits=limits)
    if isinstance(preload, str):
        raise ConfigError(f"preload is a list of modules: preload=[{preload!r}]")
    with Pool(workers, limits or Limits(), preload, allow_weak_isolation=allow_weak_isolation) as made:
        token = _current.set(made)
        try:
            yield made
        finally:
            _current.reset(token)


def trace(program: str | Callable[..., object], *args: object, **kwargs: object) -> TracedRun:
    """Run one call in isolation and record what every line did.

    Give the program and the call as text, or a function of yours and its arguments; the function's source is found,
    with the helpers, constants and imports of its module that it uses. In a notebook the result shows the annotated
    source.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> run.value, run.outcome
        ('[2, 1]', 'ok')

    Raises:
        ConfigError: the call is not a call of a name; a function has no source, or an argument is not a literal; the
            program imports an installed package that the pool does not preload.
        UnknownName: the program has no function of that name.
    """
    if isinstance(program, str):
        if len(args) != 1 or kwargs or not isinstance(args[0], str):
            raise ConfigError("a program as text takes its call as text: trace(source, 'f([1, 2])')")
        if _FILE.fullmatch(program):
            raise ConfigError(f"{program!r} is the name of a file: give its text, Path({program!r}).read_text()")
        source, (entry, call) = program, split_call(args[0])
    else:
        source, entry, call = source_of(program), program.__name__, arguments_of(args, kwargs)
    [run] = _run([Job(source, entry, call, record="trace")])
    refuse_unknown(run)
    if (missing := _MISSING.match(run.exception)) and importlib.util.find_spec(missing[1]):
        raise ConfigError(
            f"{entry} imports {missing[1]}, and programs run in an empty world: trace it within "
            f"`with cr.pool(preload=['{missing[1]}']):`"
        )
    return TracedRun(**{name: getattr(run, name) for name in run.to_json()})


def ask(run: Run, *tasks: TaskLike) -> list[Question]:
    """Return the questions that these tasks ask about a run; those of all tasks where none is named.

    A task is a name (`codereasoner list`), `file.py:Class`, your own class or instance; a warning says why none asks.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> [question.gold[0] for question in ask(run, "output")]
        ['[2, 1]']

    Raises:
        UnknownName: there is no task of that name. ConfigError: this is no run.
    """
    if not isinstance(run, Run):
        raise ConfigError(f"a run is wanted, not {type(run).__name__}: cr.trace makes one")
    wanted = [task_like(each) for each in tasks] or [extend.task(name) for name in extend.available("task")]
    questions, why = collect_all(run, wanted, _run)
    if why:
        warnings.warn(why, stacklevel=2)
    return questions


def prompt(question: QuestionLike, style: StyleLike = "reasoning") -> list[dict[str, str]]:
    """Return the chat messages that put a question to a model.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> prompt(ask(run, "output")[0], style="direct")[0]["role"]
        'user'
    """
    found = question_like(question)
    return extend.task_of(found).prompt(found, style_like(style))


def grade(question: QuestionLike, completion: str, style: StyleLike = "reasoning", finish: str = "stop") -> Grade:
    """Return the verdict on one completion: its outcome, the parsed answer, the reason, and the reward.

    `finish` is "length" where the completion was cut off at its limit of tokens.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> grade(ask(run, "output")[0], "<answer>[2, 1]</answer>").reward
        1.0
    """
    return grade_many([question], [completion], style, [finish])[0]


def grade_many(
    questions: Iterable[QuestionLike],
    completions: Iterable[str],
    style: StyleLike = "reasoning",
    finishes: Iterable[str] | None = None,
) -> list[Grade]:
    """Return the verdicts on completions, each for its question; what must be executed runs in one batch.

    Shapes: `n` questions and `n` completions give `n` grades, in the same order.

    Raises:
        ConfigError: there are not as many completions, or finishes, as questions, or a completion is not text.
    """
    given = (questions, completions, () if finishes is None else finishes)
    if any(isinstance(each, str | Mapping) or not isinstance(each, Iterable) for each in given):
        raise ConfigError("a list of questions and a list of completions are wanted: cr.grade takes one of each")
    questions, completions = list(questions), list(completions)
    ends = ["stop"] * len(completions) if finishes is None else list(finishes)
    if not len(questions) == len(completions) == len(ends):
        raise ConfigError(
            f"{len(questions)} questions have {len(completions)} completions and {len(ends)} finishes: give each one"
        )
    for completion in completions:
        if not isinstance(completion, str):
            raise ConfigError(f"a completion is the text that a model wrote, not {type(completion).__name__}")
    found = [question_like(each) for each in questions]
    items = [
        (extend.task_of(question), question, completion, finish)
        for question, completion, finish in zip(found, completions, ends, strict=True)
    ]
    return grade_all(items, style_like(style), _run)


def explain(question: Question, run: Run, detail: Detail = "steps") -> Chain:
    """Return the narrator's chain: reasoning from the run's trace to the answer, every claim of it true.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> explain(ask(run, "output")[0], run).by
        'narrator'

    Raises:
        DataError: the run has no whole trace, or no call was found.
        ConfigError: the question was asked about another run, or there is no such detail.
    """
    refuse_others(Question, "a question of cr.ask", question=question)
    refuse_others(Run, "a run of cr.trace", run=run)
    if question.run not in ("", run.id):
        raise ConfigError(f"the question was not asked about {run.expression:.60}: give the run that it is about")
    if searches(question):
        return narrate_search(question, search_calls([question], _run)[0], detail)
    return narrate(question, run, detail)


def dataset(path: str | Path) -> Dataset:
    """Return the rows of an sft.parquet or grpo.parquet as a `datasets.Dataset`, as TRL's trainers take it.

    Examples:
        >>> _ = Path("rows.jsonl").write_text('{"prompt": "f(1) == ??", "question": "{}"}\\n')
        >>> dataset("rows.jsonl").column_names
        ['prompt', 'question']

    Raises:
        DataError: the file is missing or holds no rows. MissingExtra: `datasets` is not installed.
    """
    refuse_others(str | Path, PATH, path=path)
    found: Dataset = import_extra("datasets", "train").Dataset.from_list(list(read_rows(path_like(path) or Path())))
    return found


def reward(style: StyleLike | None = None, own: str | RewardTerm | None = None) -> TrlReward:
    """Return a reward function for TRL's GRPOTrainer and other trainers: a completion's grade, 0 to 1.

    It reads the column `question` of the rows, and the column `style` where no style is given. It can be pickled; each
    process starts a pool of its own when it is first called there. Its method `score` is the same for async code.

    own: a function(grade, completion, tokens) -> float | None, or `file.py:function`, in place of the grade's reward.

    Examples:
        >>> import pickle
        >>> pickle.loads(pickle.dumps(reward())).__name__
        'codereasoner_reward'
    """
    refuse_others(str | Style | None, "a style or its name", style=style)
    return TrlReward(style, own=own)


@in_python
def evaluate(
    questions: str | Path | Question | Mapping[str, object] | Iterable[QuestionLike],
    model: str | Model | Answering,
    *,
    data: str | Path | None = None,
    style: StyleLike | None = None,
    samples: int = 1,
    sampling: Sampling | None = None,
    limit: int | None = None,
    split: str = "test",
    out: str | Path | None = None,
    fresh: bool = False,
    **options: object,
) -> Evaluation:
    """Ask a model the questions of a benchmark, a file or a list, and return what it knows.

    questions: a benchmark's name, the path of a questions.jsonl (of which `split` is asked), or questions.
    model: a path or Hub name, openai:NAME, scripted:gold, ..., to which `options` go: base_url, ...; or a Model, or a
    function that returns the answer to a list of messages, known by its name and source.
    out: the folder that keeps answers, grades and summary, so that the same call asks nothing twice; evaluations/... by
    default. fresh: start over; what `out` holds is kept as NAME.old. limit: the first N questions.

    Examples:
        >>> run = trace("def f(x):\\n    return x[::-1]", "f([1, 2])")
        >>> evaluate(ask(run, "output"), "scripted:gold", out="evaluation").pass_at_1
        100.0
        >>> evaluate(ask(run, "output"), lambda messages: "<answer>[2, 1]</answer>", out="own").pass_at_1
        100.0

    Raises:
        UnknownName: there is no such benchmark or model. DataError: its data cannot be found or read.
        ConfigError: `out` holds an evaluation of other questions, of another model, or with other settings.
        Shortfall: no request was answered, or no answer could be graded.
    """
    refuse_others(int, "a whole number", samples=samples)
    refuse_others(int | None, "a whole number", limit=limit)
    for name, number in (("limit", limit), ("samples", samples)):
        if number is not None and number < 1:
            raise ConfigError(f"{name} is {number}, and must be at least 1")
    refuse_others(str | Path | None, PATH, data=data, out=out)
    refuse_others(Sampling | None, "codereasoner.extend.Sampling(temperature=...)", sampling=sampling)
    if isinstance(questions, str | Path):
        asked = load_questions(str(questions), path_like(data), split, _run, limit)
    else:
        if isinstance(questions, Mapping) or not isinstance(questions, Iterable):
            questions = [questions]
        given = list(questions)[:limit]
        asked = QuestionSet("questions", [question_like(each) for each in given])
    if not asked.questions:
        raise ConfigError(f"there is no question in {asked.name}")
    found = extend.find("model", model, **options) if isinstance(model, str) else model
    answering: Model = found if isinstance(found, Model) else FunctionModel(found)
    refuse_options(answering, options)
    label = model if isinstance(model, str) else answering.identity
    chosen = sampling or Sampling(max_tokens=answering.max_tokens or Sampling().max_tokens)
    folder = path_like(out) or Path("evaluations") / f"{Path(asked.name).stem}@{short_name(label)}"
    check_place(folder)
    if fresh:
        set_aside(folder)
    summary = evaluate_questions(
        asked.name,
        asked.questions,
        answering,
        Asking(style_like(style) if style is not None else find_style(answering.style or "reasoning"), chosen, samples),
        folder,
        _run,
        asked.baselines(_run),
        label=label,
        metrics=asked.metrics,
    )
    refuse_unanswered(summary)
    return Evaluation(folder, summary)


@in_python
def programs(
    count: int,
    *,
    difficulty: int | None = None,
    source: str | Source = "procedural",
    split: Literal["train", "rl", "test"] = "train",
    **settings: object,
) -> list[Program]:
    """Return the first programs of a source and a split; the same ones on every call.

    difficulty: 0 (copies) to 5 (nested loops, helpers); a mix by default. source: the grammar, another source by its
    name ("packages"), or your own Source. settings: options of the source, such as `names=["statistics"]`.

    Examples:
        >>> [program.entry for program in programs(2, difficulty=1)]
        ['f', 'f']
        >>> programs(1, source="packages", names=["statistics"])[0].license
        'PSF-2.0'

    Raises:
        ConfigError: the count, the difficulty, the split or a setting is wrong. UnknownName: there is no such source.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigError(f"count is {count!r}, and must be a whole number of at least 1")
    given = settings if difficulty is None else {**settings, "difficulty": difficulty}
    if given and not isinstance(source, str):
        raise ConfigError(f"the source is made already: give {', '.join(given)} to it, or name the source")
    refuse_others(str | Source, "a source or its name", source=source)
    chosen: Source = extend.find("source", source, **given) if isinstance(source, str) else source
    made = (each for each in chosen.programs(split, count) if isinstance(each, Program))
    return list(islice(made, count))


@in_python
def load(benchmark: str, data: str | Path | None = None) -> list[Question]:
    """Return the questions of a benchmark, from `data`, from the folder $CODEREASONER_DATA, or from the Hub.

    Examples:
        >>> row = '{"code": "def f(x): return x", "input": "1", "output": "1", "id": "0"}'
        >>> _ = Path("mine.jsonl").write_text(row)
        >>> [question.gold for question in load("cruxeval-o", "mine.jsonl")]
        [('1',)]

    Raises:
        UnknownName: there is no such benchmark. DataError: its data cannot be found or read.
    """
    refuse_others(str, "the name of a benchmark", benchmark=benchmark)
    refuse_others(str | Path | None, PATH, data=data)
    return load_benchmark(benchmark, path_like(data), _run)[1]


def _run(jobs: Sequence[Job]) -> list[Run]:
    return (_current.get() or pool_of_process()).run(jobs)
