"""Have a language model write programs, one prompt for each cell of the constraint grid, over and over.

The grid, the six configurations and the sampling are those of CodeReasoner (arXiv:2507.17548); the words of the prompt,
in author.jinja, are our own. Every completion is kept in a file as it arrives, so that nothing is asked twice.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from codereasoner import extend
from codereasoner.curation.profiles import constructs_of
from codereasoner.errors import ConfigError, EndpointError, Shortfall, counted, import_extra
from codereasoner.extend import Completion, Model, Prompt, Rejected, Sampling, Source, commonest
from codereasoner.grammar.draft import pick, require_split
from codereasoner.ledger import Ledger
from codereasoner.records import Facts, Program, content_id
from codereasoner.sources.author_replies import read_written
from codereasoner.sources.constraint_grid import CONFIGURATIONS, Cell, described, shuffled
from codereasoner.spill import Rows
from codereasoner.task import Question

BATCH = 256  # prompts that are under way together
ROUNDS = 3  # in which a prompt is asked again whose request failed, in addition to the model's own retries
USELESS = 200  # answers in a row without a program, after which the model is held to be unable

_FLOWS = ("if", "for", "while", "if-elif-else")


class Author(Source):
    """Programs by a model of your choice: `--source author --set model=openai:NAME --set base-url=http://127.0.0.1:8000/v1`.

    model, base_url: the author; options of the model can be set as well: concurrency, requests-per-minute, price-in.
    ledger: the file of completions; a stage that is killed and started again asks only for those it lacks.
    license: the licence of the model's output, for the rows.
    A program gets the split that was asked for: make the splits of a set in one command, which keeps them disjoint.
    """

    name = "author"

    def __init__(
        self,
        model: str = "",
        ledger: str | Path = "author.jsonl",
        temperature: float = 0.8,
        top_p: float = 0.9,
        max_tokens: int = 4096,
        license: str = "",
        **options: object,
    ) -> None:
        if not model:
            raise ConfigError("the source 'author' needs a model: --set model=openai:NAME, and base-url where it is")
        self._model: Model = extend.find("model", model, **options)
        self._ledger = Path(ledger)
        self._sampling = Sampling(float(temperature), float(top_p), max_tokens)
        self._license = license
        self._counts: Counter[str] = Counter()
        self._asked: set[str] = set()

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield the first `count` programs of a split, in the order of the prompts, and rejected answers between them.

        Raises:
            EndpointError: none of the requests of a batch was answered.
        """
        require_split(split)
        found, useless, start = 0, Counter[str](), 0
        with Ledger(self._ledger, {"records": "completions"}, reopen=True) as ledger:
            try:
                known = Rows((row["id"], row) for row in ledger.rows())
                while found < count:
                    indexes = range(start, start + min(BATCH, max(count - found, self._concurrency)))
                    start = indexes.stop
                    for index, completion in zip(indexes, self._complete(split, indexes, ledger, known), strict=True):
                        program = self._read(split, index, completion)
                        yield program
                        if isinstance(program, Program):
                            found += 1
                            useless.clear()
                        else:
                            useless[program.reason] += 1
                        if found == count:
                            return
                    if sum(useless.values()) >= USELESS:
                        raise Shortfall(_hopeless(self._model, useless))
            finally:
                ledger.finish()

    def facts(self) -> Facts:
        """Return the model, and the requests, tokens and dollars that it took, earlier attempts included."""
        cost = self._model.cost(self._counts["prompt_tokens"], self._counts["completion_tokens"])
        who = {"model": self._model.identity, **self._sampling.facts()}
        return {"author": {**who, **self._counts, "cost": round(cost, 6)}}

    @property
    def _concurrency(self) -> int:
        return int(getattr(self._model, "concurrency", 1))

    def _complete(self, split: str, indexes: Sequence[int], ledger: Ledger, known: Rows) -> list[Completion]:
        """Return the completions of prompts: those of the ledger, and the others from the model."""
        prompts = {index: prompt_of(split, index) for index in indexes}
        keys = {index: self._key(prompt) for index, prompt in prompts.items()}
        rows = {index: known.get(key) for index, key in keys.items()}
        found = {index: _completion(row) for index, row in rows.items() if row is not None}
        reasons: Counter[str] = Counter()
        for _ in range(ROUNDS):
            missing = [index for index in indexes if index not in found]
            asked = [prompts[index] for index in missing]
            for place, completion in self._model.complete(asked, self._sampling) if asked else ():
                if completion.finish != "error":
                    found[missing[place]] = completion
                    ledger.append({"id": keys[missing[place]], **vars(completion)})
                else:
                    reasons[completion.reason] += 1
        if not found:
            tried = counted(len(prompts), "request")
            raise EndpointError(f"{self._model.identity} answered none of {tried}: {commonest(reasons)}")
        for index in indexes:
            self._count(keys[index], found.get(index))
        return [found.get(index, Completion("", "error")) for index in indexes]

    def _key(self, prompt: Prompt) -> str:
        text = str(prompt.messages[0]["content"])
        return content_id(self._model.identity, text, prompt.sample, self._sampling.facts())

    def _count(self, key: str, completion: Completion | None) -> None:
        if key in self._asked:
            return
        self._asked.add(key)
        self._counts["requests"] += 1
        if completion is None:
            self._counts["unanswered"] += 1
        else:
            self._counts["prompt_tokens"] += completion.prompt_tokens
            self._counts["completion_tokens"] += completion.completion_tokens

    def _read(self, split: str, index: int, completion: Completion) -> Program | Rejected:
        cell = cell_of(split, index)
        origin = f"{self.name}/{self._model.target}/{split}/{index}"
        if completion.finish == "error":
            return Rejected("", "no answer from the endpoint", origin)
        written = read_written(completion.text, completion.finish)
        if isinstance(written, str):
            return Rejected(completion.text, f"author: {written}", origin)
        constructs = constructs_of(written.source)
        features = {
            "difficulty": cell.configuration,
            "cell": str(cell),
            "helper": "helper" in constructs,
            "constructs": sorted(constructs),
        }
        return Program(written.source, written.entry, (written.call,), origin, split, self._license, features)


def cell_of(split: str, index: int) -> Cell:
    """Return the cell of a prompt: every cell comes once before one comes again."""
    return shuffled()[index % len(shuffled())]


def prompt_of(split: str, index: int) -> Prompt:
    """Return the prompt of a key, the same on every machine."""
    cell = cell_of(split, index)
    wanted = CONFIGURATIONS[cell.configuration]
    random = Random(f"author/{split}/{index}")
    flow = " that holds ".join(f"`{pick(random, _FLOWS)}`" for _ in range(wanted.depth))
    text = _template()(
        target=described(cell.construct), configuration=cell.configuration, flow=flow, helper=wanted.helper
    )
    question = Question("author", {"cell": str(cell), "split": split}, ("",))
    return Prompt(question, [{"role": "user", "content": text.strip()}], index)


@cache
def _template() -> Callable[..., str]:
    jinja = import_extra("jinja2", "data")
    text = Path(__file__).with_name("author.jinja").read_text(encoding="utf-8")
    environment = jinja.Environment(undefined=jinja.StrictUndefined, autoescape=False)
    render: Callable[..., str] = environment.from_string(text).render
    return render


def _completion(row: Facts) -> Completion:
    return Completion(**{name: value for name, value in row.items() if name != "id"})


def _hopeless(model: Model, reasons: Counter[str]) -> str:
    common = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(3))
    return f"{model.identity} wrote no program in its last {reasons.total()} answers ({common}): try another model"
