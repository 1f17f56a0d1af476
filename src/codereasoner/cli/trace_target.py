"""The target of `codereasoner trace`: an expression, a script, a module or a pytest test, as a job of a pool."""

import ast
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codereasoner.cli.console import waiting
from codereasoner.errors import ConfigError, DataError
from codereasoner.records import Job, Run
from codereasoner.steps.source import parse_expression, parse_or_say_why, read_source

ENTRY = "codereasoner_traced_call"
"""The function by which everything is run that is more than a function's name and its arguments."""
MOST_INPUT = 1_000_000  # bytes of standard input, which travel with the job
REFUSED = "CannotRun: "
"""The beginning of the exception by which run_in_worker.py says what it cannot run."""
_INPUT = re.compile(r"\bstdin\b|\binput\(|\bfileinput\b")
"""What reads standard input."""
_TEST = re.compile(r"(.+\.py)::([\w:]+)(?:\[(.*)\])?", re.DOTALL)
_PLACE = "(<program>, line "
_MISSING = re.compile(r"(?:ModuleNotFoundError: No module named '([\w.]+)'|ImportError: )")


@dataclass(frozen=True)
class Target:
    """The job that runs it, the file whose lines are traced, and how the user would write the run."""

    job: Job
    path: Path
    source: str
    entry: str
    call: str = ""
    written: str = ""  # where it is more than `entry(call)`
    other: Path | None = None  # a test or a script that is run, untraced
    files: tuple[str, ...] = ()  # absolute paths that the run may read
    preload: tuple[str, ...] = ()  # modules that the run always needs

    def as_written(self, run: Run) -> Run:
        """Return the run under the names of the user."""
        if run.exception.startswith(REFUSED):
            raise ConfigError(run.exception.removeprefix(REFUSED))
        if _PLACE in run.exception:  # of a SyntaxError
            exception, reason = (
                text.replace(_PLACE, f"({self.path.name}, line ") for text in (run.exception, run.reason)
            )
            run = replace(run, exception=exception, reason=reason)
        if not self.job.harness:
            return run
        return replace(run, source=self.source, entry=self.entry, call=self.call, id="")

    @property
    def reads_terminal(self) -> bool:
        """Return whether the code asks for standard input that is a terminal, of which it gets nothing."""
        return bool(_INPUT.search(self.source)) and sys.stdin is not None and sys.stdin.isatty()

    def missing(self, run: Run, given: Sequence[str]) -> str:
        """Return the modules that the files import, and the world of programs lacks, if that has ended the run."""
        if not (found := _MISSING.match(run.exception)):
            return ""
        name = (found[1] or "").partition(".")[0]
        wanted = [each for file in (self.path, self.other) if file for each in _imported(file, read_source(file))]
        known = {Path(each).stem for each in given}
        wanted = [each for each in dict.fromkeys(wanted) if Path(each).stem not in known]
        if name and name not in {Path(each).stem for each in wanted} | known:
            wanted.append(name)
        return ",".join(each for each in wanted if "/" in each or importlib.util.find_spec(each))


def find_target(
    file: Path, run: str | None, is_module: bool = False, arguments: str = "", files: Sequence[Path] = ()
) -> Target:
    """Return what is traced: the lines of a file while it, a test, a script or an expression runs.

    run: `f(3)`, `test_file.py::test_name` or `script.py`; None runs the file itself, or the test that its name holds.
    files: those that it may read; files among its arguments are added.
    """
    test = _TEST.fullmatch(run or str(file))
    node = None if run is None or test or run.endswith(".py") else _expression(run)
    if is_module:
        path, name = _module_file(str(file))
    else:
        path = Path(test[1]) if test and run is None else file
        name = module_name(path)
    source = read_source(path)
    words = tuple(shlex.split(arguments))
    named = [_absolute(each) for each in (*files, *(Path(word) for word in words if os.path.isfile(word)))]
    shown = tuple(dict.fromkeys(place for each in named for place in (each, os.path.realpath(each))))
    begin = _Beginning(path, source, name, shown)
    if test:
        return begin.test(run or str(file), Path(test[1]), test[2], test[3] or "")
    if node is not None:
        return begin.expression(node)
    return begin.script(Path(run) if run else None, is_module, words)


@dataclass(frozen=True)
class _Beginning:
    """The file that is traced; the methods make the target of what runs it."""

    path: Path
    source: str
    name: str
    files: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package that the file is in, or ""."""
        return self.name.rpartition(".")[0]

    def expression(self, node: ast.expr) -> Target:
        """Return the target that evaluates an expression."""
        written = ast.unparse(node)
        is_plain = not (self.files or self.package or "__file__" in self.source or _INPUT.search(self.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and is_plain:
            entry, call = split_call(written)
            return Target(Job(self.source, entry, call, record="trace"), self.path, self.source, entry, call)
        made = self._target(written, self._load("NAMES"), f"expression({written!r}, NAMES)")
        entry = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if not entry or not written.startswith(f"{entry}("):  # not a call, or one of (lambda x: x)
            return made
        return replace(made, entry=entry, call=written[len(entry) + 1 : -1], written="")

    def script(self, other: Path | None, is_module: bool, words: tuple[str, ...]) -> Target:
        """Return the target that executes the file, or another script that uses it."""
        if other is None:
            command = ["python", "-m", self.name.removesuffix(".__main__")] if is_module else ["python", str(self.path)]
            run = f"script(SOURCE, FILE, {self.package!r}, {(str(self.path), *words)}, {_absolute(self.path)!r})"
            return self._target(shlex.join([*command, *words]), run)
        run = f"script({read_source(other)!r}, UNTRACED, '', {(str(other), *words)}, {_absolute(other)!r})"
        return replace(self._target(shlex.join(["python", str(other), *words]), self._load("NAMES"), run), other=other)

    def test(self, written: str, file: Path, name: str, chosen: str) -> Target:
        """Return the target that runs a test of this file or of another one that uses it."""
        is_own = file.resolve() == self.path.resolve()
        text = self.source if is_own else read_source(file)
        lines = [self._load("NAMES = TEST")]
        if not is_own:
            lines.append(f"TEST = load({text!r}, UNTRACED, {file.stem!r}, {_absolute(file)!r})")
        made = self._target(written, *lines, f"pytest_test(TEST, {name!r}, {chosen!r})")
        return replace(made, other=file, preload=(*made.preload, *(["pytest"] if "pytest" in text else [])))

    def _load(self, names: str) -> str:
        return f"{names} = load(SOURCE, FILE, {self.name!r}, {_absolute(self.path)!r})"

    def _target(self, written: str, *lines: str) -> Target:
        """Return the target of these lines of a harness; the last is what makes the function that is called."""
        *before, run = lines
        code = Path(__file__).with_name("run_in_worker.py").read_text("utf-8")
        begin = [f"begin({os.getcwd()!r}, {_standard_input(self.source)!r})", f"SOURCE = {self.source!r}"]
        harness = "\n".join([code, *begin, *before, f"{ENTRY} = {run}", ""])
        job = Job("", ENTRY, "", record="trace", harness=harness)
        top = self.package.partition(".")[0]
        preload = (self.package,) if top and top not in sys.stdlib_module_names else ()
        return Target(job, self.path, self.source, written, written=written, files=self.files, preload=preload)


def _absolute(path: Path) -> str:
    return os.path.abspath(path)


def _standard_input(source: str) -> bytes:
    """Return what is on standard input, where it is not a terminal and the source reads it."""
    if not _INPUT.search(source) or sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return b""
    with waiting("the end of standard input, which the program reads"):
        found = sys.stdin.buffer.read(MOST_INPUT + 1)
    if len(found) > MOST_INPUT:
        raise ConfigError(f"standard input has more than {MOST_INPUT:,} bytes: put them into a file, and give --file")
    return found


def _expression(text: str) -> ast.expr:
    node = parse_expression(text.strip())
    if node is None or not any(isinstance(each, ast.Call) for each in ast.walk(node)):
        raise ConfigError(_no_call(text))
    return node


def module_name(path: Path) -> str:
    """Return the dotted name by which a file is imported: folders with an `__init__.py` are packages."""
    folder = path.resolve().parent
    parts = [path.stem]
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1:
        import_from(folder)
    return ".".join(parts)


def _module_file(name: str) -> tuple[Path, str]:
    """Return the file that `python -m NAME` executes, and its module: that of a package is its `__main__`."""
    import_from(Path.cwd())
    try:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations is not None:
            found = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError) as error:
        raise ConfigError(f"-m {name}: {error}") from None
    if found is None or not str(found.origin).endswith(".py"):
        raise ConfigError(f"-m {name}: there is no module of that name with a source here")
    return Path(str(found.origin)), found.name


def import_from(folder: Path) -> None:
    """Let modules be imported from a folder."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()


def modules_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of modules in `numpy,./mymodule.py`; the folder of a file becomes one to import from."""
    names = []
    for text in filter(None, (part.strip() for given in texts for part in given.split(","))):
        path = Path(text)
        if "/" in text or path.suffix == ".py":
            place = path if path.suffix == ".py" or path.is_dir() else path.with_suffix(".py")
            if not place.exists():
                raise ConfigError(f"--with {text}: there is no file {place}")
            import_from(place.resolve().parent)
            text = place.stem
        if importlib.util.find_spec(text.partition(".")[0]) is None:
            raise ConfigError(f"--with {text}: there is no module of that name here; your own file is ./{text}.py")
        names.append(text)
    return tuple(names)


def _imported(path: Path, source: str) -> Iterator[str]:
    """Yield the modules outside the standard library that a file imports, those next to it as paths."""
    try:
        tree = parse_or_say_why(source)
    except SyntaxError as error:
        raise DataError(f"{path} is not Python: {error}") from None
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in (each.partition(".")[0] for each in names):
            near = next((each for each in (path.parent / f"{name}.py", path.parent / name) if each.exists()), None)
            if near is not None:
                yield str(near) if near.parent != Path() else f"./{near}"
            elif name not in sys.stdlib_module_names:
                yield name


def split_call(call: str) -> tuple[str, str]:
    """Return the name that is called and the source of the arguments."""
    node = parse_expression(call.strip())
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise ConfigError(_no_call(call))
    return node.func.id, ", ".join(map(ast.unparse, [*node.args, *node.keywords]))


def _no_call(text: str) -> str:
    return f"a call such as 'f(3)' is wanted, not '{text}'"
