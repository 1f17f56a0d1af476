"""CodeMind, read from a checkout: what does a call return (IER, DER), and what code does a description ask for (SR)?

Independent execution reasoning (IER) is about given programs, dependent execution reasoning (DER) about programs that
models wrote. Specification reasoning (SR) asks for code, with or without its tests in the prompt. CodeMind's Avatar
programs read standard input and are not read.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from codereasoner.benchmarks.generation_answers import predicted_output
from codereasoner.benchmarks.record_fields import by_number, call_parts
from codereasoner.errors import DataError
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions
from codereasoner.jsonl_files import read_text
from codereasoner.records import Job, Run
from codereasoner.task import Question, Runner
from codereasoner.tasks.code_generation import PREAMBLE, WHOLE, is_code, whole_tests

OUTPUT, END = "<<<Output>>>", "[END-OF-RESPONSE]"
CALL_FILES = ("main.py", "input.txt", "output.txt")
WRITTEN_PREAMBLE = "from typing import *\n\n"  # as CodeMind runs programs that models wrote
COMPLAINED = 97  # the status of a process whose code wrote to its error stream before it ended it
_FENCES = (("```python", "```"), ("[PYTHON]", "[/PYTHON]"), ("[python]", "[/python]"))
_HUMANEVAL, _MBPP = "Intermediate/Synthesis/humaneval", "Intermediate/Synthesis/mbpp"


class _Codemind(Benchmark):
    version = "commit d55bbc1 of github.com/Intelligent-CAT-Lab/CodeMind"
    license = "UIUC/NCSA"
    paper = "arXiv:2402.09664"
    folder: ClassVar[str]  # below dataset/, with one folder for each program
    needed: ClassVar[Sequence[str]] = ("main.py",)  # the files that make a folder a program
    results: ClassVar[Sequence[str]]  # the files of CodeMind's results, the best first

    def folders(self, data: Path) -> list[Path]:
        """Return the folders of the programs, in the order of the numbers in their names.

        Raises:
            DataError: there are none.
        """
        root = data / "dataset" / self.folder if (data / "dataset" / self.folder).is_dir() else data
        folders = sorted(root.iterdir(), key=lambda each: by_number(each.name)) if root.is_dir() else []
        found = [each for each in folders if all((each / name).is_file() for name in self.needed)]
        if not found:
            needed = ", ".join(self.needed)
            raise DataError(f"{data} is no checkout of CodeMind: no dataset/{self.folder}/NAME has {needed}")
        return found

    def read_generations(self, path: Path, questions: Sequence[Question]) -> Generations | None:
        """Return the results in a folder, as CodeMind writes it; one that is missing is an empty answer."""
        if not path.is_dir():
            return None
        found = {each.parent.name: each for name in reversed(self.results) for each in path.glob(f"*/{name}")}
        if not found:
            name = self.results[0]
            raise DataError(f"{path} has no NAME/{name}: give CodeMind's folder of results, or a file of texts")
        texts = {name: each.read_text(encoding="utf-8-sig", errors="replace") for name, each in found.items()}
        return Generations({question.id: [texts.get(question.id, "")] for question in questions})


# ---- execution reasoning


class _Execution(_Codemind):
    results = ("response.txt",)

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each folder of a program; its name is the id. A name with a dot is skipped."""
        return Questions(_call_question(each) for each in self.folders(data) if "." not in each.name)

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return what follows the last output mark, up to the end mark."""
        return predicted_output(_prediction(text), f"{question.facts['entry']}({question.facts['call']})")

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Compare strings without spaces, newlines, kinds of quotes, and one quote at either end."""
        wanted = {question.id: _normal(question.gold[0]) for question in questions}
        return OfficialVerdicts(
            {name: [_normal(_prediction(text)) == gold for text in generations[name]] for name, gold in wanted.items()}
        )


class CodemindCruxeval(_Execution):
    """Independent execution reasoning on CRUXEval."""

    name = "codemind-cruxeval"
    title = "CodeMind: independent execution reasoning (CRUXEval)"
    folder = "cruxeval"
    files = ("codemind/dataset/cruxeval", "dataset/cruxeval", "cruxeval")


class CodemindHumaneval(_Execution):
    """Independent execution reasoning on HumanEval."""

    name = "codemind-humaneval"
    title = "CodeMind: independent execution reasoning (HumanEval)"
    folder = "humaneval"
    files = ("codemind/dataset/humaneval", "dataset/humaneval", "humaneval")


class _Dependent(_Execution):
    """Programs that another model wrote; a folder of DER's results is read too."""

    truth: ClassVar[str] = ""  # below a checkout, the calls and outputs that CodeMind compares; "": the programs' own

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each program; one without a call or an output is unavailable.

        Call and output are those that CodeMind compares, where its checkout is above the program; else they are in the
        program's folder, or in that of the data set above it.
        """
        found: list[Question] = []
        unavailable = {}
        for folder in self.folders(data):
            try:
                found.append(_call_question(folder, self._places(folder), WRITTEN_PREAMBLE))
            except DataError as error:
                unavailable[folder.name] = str(error)
        return Questions(found, unavailable)

    def folders(self, data: Path) -> list[Path]:
        """Return the folders that pass_id.txt names, where it is there: DER asks only about programs that pass."""
        passing = data / "pass_id.txt"
        names = set(read_text(passing).split()) if passing.is_file() else None
        return [each for each in super().folders(data) if names is None or each.name in names]

    def _places(self, folder: Path) -> list[Path]:
        compared = (above / self.truth for above in folder.parents if self.truth)
        if found := next((each for each in compared if each.is_dir()), None):
            return [found / folder.name]
        return [folder, *(above / "dataset" / self.folder / folder.name for above in folder.parents)]


class CodemindDerHumaneval(_Dependent):
    """Dependent execution reasoning on programs for HumanEval."""

    name = "codemind-der-humaneval"
    title = "CodeMind: dependent execution reasoning (HumanEval)"
    folder = _HUMANEVAL
    files = (f"codemind/dataset/{_HUMANEVAL}", f"dataset/{_HUMANEVAL}")
    truth = "dataset/humaneval"


class CodemindDerMbpp(_Dependent):
    """Dependent execution reasoning on programs for MBPP."""

    name = "codemind-der-mbpp"
    title = "CodeMind: dependent execution reasoning (MBPP)"
    folder = _MBPP
    files = (f"codemind/dataset/{_MBPP}", f"dataset/{_MBPP}")


def _call_question(folder: Path, places: Sequence[Path] = (), preamble: str = "") -> Question:
    """Return the question of a program, whose call and output are in the first of `places` that has them."""
    texts = []
    for name in CALL_FILES:
        among = [folder] if name == "main.py" else places or [folder]
        place = next((each / name for each in among if (each / name).is_file()), None)
        if place is None:
            raise DataError(f"{among[0]} has no {name}; a program of CodeMind has: {', '.join(CALL_FILES)}")
        texts.append(read_text(place).strip())
    source, invocation, output = texts
    entry, call = call_parts(str(folder / "input.txt"), invocation)
    facts = {"source": preamble + source, "entry": entry, "call": call}
    return Question("output", facts, (output,), program=folder.name, id=folder.name)


def _prediction(text: str) -> str:
    return text.rpartition(OUTPUT)[2].partition(END)[0]


def _normal(text: str) -> str:
    """Return a text as CodeMind compares it; an end mark may be left that had spaces or ends of lines in it."""
    text = re.sub(r"[\r\n ]", "", text).replace('"', "'")
    text = text[1:] if text.startswith(("'", "`")) else text
    return (text[:-1] if text.endswith(("'", "`")) else text).replace(END, "")


# ---- specification reasoning


class _Specification(_Codemind):
    needed = ("nl.txt", "asserts.txt", "input.txt", "main.py")
    results = ("raw_output.txt", "main.py")

    def __init__(self, use_test: bool = False) -> None:
        self.use_test = use_test

    def load(self, data: Path, runner: Runner | None = None) -> Questions:
        """Return one question for each folder with a description and tests; its name is the id."""
        return Questions(self._question(each) for each in self.folders(data))

    def sources(self, data: Path) -> dict[str, str]:
        """Return the reference solutions."""
        return {each.name: read_text(each / "main.py") for each in self.folders(data)}

    def parse_generation(self, question: Question, text: str) -> str | None:
        """Return the first piece of marked code, or the whole text."""
        return code_in(text).strip("\n") or None

    def grade_officially(
        self, questions: Sequence[Question], generations: Generations, runner: Runner
    ) -> OfficialVerdicts:
        """Run code and tests; what writes nothing to the error stream passes, also a program that ends itself."""
        jobs = {
            question.id: [
                Job(_quietly(f"{PREAMBLE}{code_in(text)}\n{whole_tests(question)}"), WHOLE, "", model_text=True)
                for text in generations[question.id]
            ]
            for question in questions
        }
        runs = iter(runner([job for row in jobs.values() for job in row]))
        return OfficialVerdicts({name: [_passes(next(runs)) for _ in row] for name, row in jobs.items()})

    def _question(self, folder: Path) -> Question:
        described, tests, call, code = (read_text(folder / name) for name in self.needed)
        signature = folder / "signature.txt"
        defined = re.findall(r"^def (\w+)\(", described, re.MULTILINE)
        facts = {
            "specification": described.strip("\n"),
            "signature": read_text(signature).strip() if signature.is_file() else "",
            "entry": defined[-1] if defined else call.strip().partition("(")[0],
            "tests": tests.strip("\n"),
            "shown": tests.strip("\n") if self.use_test else "",
        }
        solution = f"{described}\n\n{code}" if is_code(described) else code
        return Question("code-generation", facts, (solution.strip("\n"),), program=folder.name, id=folder.name)


class CodemindSrHumaneval(_Specification):
    """Specification reasoning on HumanEval."""

    name = "codemind-sr-humaneval"
    title = "CodeMind: specification reasoning (HumanEval)"
    folder = _HUMANEVAL
    files = CodemindDerHumaneval.files


class CodemindSrMbpp(_Specification):
    """Specification reasoning on MBPP."""

    name = "codemind-sr-mbpp"
    title = "CodeMind: specification reasoning (MBPP)"
    folder = _MBPP
    files = CodemindDerMbpp.files


def code_in(text: str) -> str:
    """Return the code between the first marks of any of the prompts, or the whole text where there are none."""
    for opening, closing in _FENCES:
        if opening in text:
            return text.split(opening)[1].split(closing)[0]
    return text


def _quietly(code: str) -> str:
    """Return a program that runs code as an interpreter runs a file, and tells whether the error stream is empty.

    Code that ends its process tells it by the status: COMPLAINED where something was written.
    """
    return f"""import atexit, builtins, importlib.machinery, io, linecache, os, posix, sys, types, warnings
def {WHOLE}():
    atexit._clear()
    errors, sink = os.pipe()
    read, leave = os.read, os._exit
    def quiet():
        try:
            return not read(errors, 1)
        except BlockingIOError:
            return True
    os._exit = posix._exit = os.abort = posix.abort = lambda *status: leave(0 if quiet() else {COMPLAINED})
    os.dup2(sink, 2)
    os.set_blocking(errors, False)
    os.set_blocking(2, False)
    raw = io.FileIO(2, "w", closefd=False)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(raw, errors="backslashreplace", write_through=True)
    warnings.resetwarnings()
    for ignored in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", ignored)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    builtins.exit = builtins.quit = sys.exit
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    code, main.__builtins__, main.__file__ = {code!r}, builtins, "main_underTest.py"
    main.__loader__, sys.argv = importlib.machinery.SourceFileLoader("__main__", main.__file__), [main.__file__]
    linecache.cache[main.__file__] = len(code), None, code.splitlines(True), main.__file__
    try:
        exec(compile(code, main.__file__, "exec"), vars(main))
    except SystemExit as end:
        if not (end.code is None or isinstance(end.code, int)):
            return False
    atexit._run_exitfuncs()
    return quiet()
"""


def _passes(run: Run) -> bool:
    ended = run.outcome in ("exited", "crashed") and not run.reason.endswith(f" status {COMPLAINED}")
    return run.value == "True" or ended
