"""What holds for every command: outputs, inputs, numbers and choices, over the options that the commands declare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Command
from tests.cli.test_help import NAMES, command_of, with_subcommands

from codereasoner.cli.command_files import check_outputs
from codereasoner.cli.console import console
from codereasoner.cli.option_types import Output
from codereasoner.errors import ConfigError, UserError
from codereasoner.parquet_files import write_parquet

PROGRAM = {"source": "def f(x):\n    return x\n", "entry": "f", "calls": ["1"], "split": "train"}
FACTS = {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}
QUESTION = {"task": "output", "facts": FACTS, "gold": ["1"]}
CHAIN = {"question": "q", "text": "x", "by": "narrator"}
ROW = {"id": "q", "prompt": [], "question": "{}", "style": "direct"}
ROWS = {"programs": PROGRAM, "questions": QUESTION, "chains": CHAIN, "grpo": ROW}
READERS = {
    "trace": ["trace", "@"],
    "profile": ["profile", "@"],
    "ask": ["ask", "@"],
    "select": ["select", "@"],
    "harden": ["harden", "@", "--with", "rename"],
    "chain": ["chain", "@"],
    "audit": ["audit", "@", "--out", "audit.jsonl"],
    "rows": ["rows", "@"],
    "export": ["export", "@", "--to", "trl"],
    "export traces": ["export", "@", "--to", "cwm"],
    "evaluate": ["evaluate", "@", "--model", "scripted:gold"],
    "check": ["check", "@"],
    "sft": ["sft", "@", "--model", "scratch:0.3m"],
    "grpo": ["grpo", "@", "--model", "scratch:0.3m"],
}
"""Commands that read a file of rows, which is `@`."""


def every(kind: type[click.Parameter]) -> Iterator[tuple[str, click.Command, click.Parameter]]:
    for name in NAMES:
        for place, command in with_subcommands(name, command_of(name)):
            yield from ((place, command, each) for each in command.params if isinstance(each, kind))


OPTIONS = list(every(click.Option))
OUTPUTS = [(place, command, each) for place, command, each in OPTIONS if isinstance(each.type, Output)]


def check(command: click.Command, option: click.Parameter, path: str, *more: str) -> None:
    """Check the outputs of a command that is given this path, and words for what it cannot do without."""
    words = [path if each is option else "x" for each in command.params if each is option or each.required]
    needed = [each for each in command.params if each is option or each.required]
    given: list[str] = []
    for each, word in zip(needed, words, strict=True):
        value = each.type.choices[0] if isinstance(each.type, click.Choice) else word
        given += [each.opts[0], value] if isinstance(each, click.Option) else [value]
    context = command.make_context(str(command.name), [*given, *more])
    with context.scope():
        check_outputs(context)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with a file, a folder that holds something, and a link."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("precious")
    Path("folder").mkdir()
    Path("folder/notes.md").write_text("precious")
    Path("link").symlink_to("file")
    return tmp_path


@pytest.mark.parametrize(("place", "command", "option"), OUTPUTS, ids=lambda value: str(getattr(value, "name", value)))
def test_a_place_where_nothing_can_be_written_is_refused_before_any_work(
    place: str, command: click.Command, option: click.Parameter, here: Path
) -> None:
    assert isinstance(option.type, Output)
    wrong = (
        ["file", "link", "/dev/full"]
        if option.type.folder
        else ["folder", "link", "/dev/full", ".", "/", "", "x.jsonl.gz"]
    )
    wrong += ["folder", "."] if option.type.own else []
    for path in [*wrong, "file/below", "/proc/below/it"]:
        with pytest.raises(ConfigError, match=r"give|names no file"):
            check(command, option, path)
    check(command, option, "new/deep/place")
    assert sorted(each.name for each in here.rglob("*")) == ["file", "folder", "link", "notes.md"]


@pytest.mark.parametrize(
    ("place", "command", "option"),
    [each for each in OUTPUTS if isinstance(each[2].type, Output) and each[2].type.own],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_a_folder_of_another_command_is_refused_and_its_own_is_gone_on_in(
    place: str, command: click.Command, option: click.Parameter, here: Path
) -> None:
    Path("folder/config.yaml").write_text("# codereasoner other --out folder\nout: folder\n")
    with pytest.raises(ConfigError, match="give --out a folder of its own"):
        check(command, option, "folder")
    check(command, option, "folder", *(["--fresh"] if any(each.name == "fresh" for each in command.params) else []))
    Path("folder/config.yaml").write_text(f"# codereasoner {command.name} --out folder\nout: folder\n")
    check(command, option, "folder")


@pytest.mark.parametrize("words", READERS.values(), ids=READERS)
def test_a_file_that_is_empty_of_another_kind_or_missing_is_named_before_any_work(
    words: list[str], command: Command
) -> None:
    if words[0] in ("sft", "grpo", "rft"):
        pytest.importorskip("trl")
    Path("in/nothing").mkdir(parents=True)
    Path("in/empty.jsonl").write_text("")
    Path("in/blank.jsonl").write_text("\n\n")
    write_parquet(Path("in/none.parquet"), list, [])
    Path("in/other.jsonl").write_text('{"colour": "red"}\n')
    for name, row in ROWS.items():
        Path(f"in/{name}.jsonl").write_text(json.dumps(row) + "\n")
    before = sorted(Path().rglob("*"))
    said = {
        "in/empty.jsonl": "empty.jsonl has no rows",
        "in/blank.jsonl": "blank.jsonl has no rows",
        "in/none.parquet": "none.parquet has no rows",
        "in/gone.jsonl": "there is no file in/gone.jsonl",
        "/dev/null": "/dev/null is a device or a pipe: give the path of a file",
        "in/other.jsonl": "in/other.jsonl, row 1",
    }
    said |= {f"in/{name}.jsonl": f"in/{name}.jsonl, row 1" for name in ROWS if not _reads(words[0], name)}
    said |= {"in/nothing": "nothing"} if words[0] != "sft" else {}  # a training may wait for the rows of a folder
    for path, sentence in said.items():
        code, out, err = command(*(path if word == "@" else word for word in words))
        assert (code, out) == (2, ""), (path, err)
        assert sentence in err
        assert "Traceback" not in err
        assert sorted(Path().rglob("*")) == before


def _reads(command: str, name: str) -> bool:
    """Return whether a command reads rows of this name, which are of the kind that it needs."""
    wanted = {"trace": "programs", "profile": "programs", "audit": "chains", "export": "grpo", "grpo": "grpo"}
    return command not in ("ask", "sft") and wanted.get(command, "questions") == name


def test_a_row_of_another_kind_is_named_by_what_it_is(command: Command) -> None:
    Path("programs.jsonl").write_text(json.dumps(PROGRAM) + "\n")
    code, _, err = command("select", "programs.jsonl")
    said = "programs.jsonl, row 1: it is a program, and a question is wanted, as `codereasoner ask` writes them"
    assert (code, said in err) == (2, True)


def test_a_folder_that_build_made_is_read_by_every_command(command: Command) -> None:
    assert command("build", "--train", "2", "--rl", "1", "--workers", "1", "--allow-weak-isolation")[0] == 0
    weak = "--allow-weak-isolation"
    for words in (
        ["trace", "set", weak],
        ["profile", "set"],
        ["ask", "set"],
        ["select", "set"],
        ["harden", "set", "--with", "rename", "--limit", "1", weak],
        ["check", "set", weak],
        ["evaluate", "set", "--model", "scripted:gold", "--split", "train", weak],
    ):
        code, _, err = command(*words)
        assert code == 0, err


def test_an_evaluation_never_writes_among_the_files_of_a_set(command: Command) -> None:
    assert command("build", "--train", "2", "--rl", "1", "--workers", "1", "--allow-weak-isolation")[0] == 0
    before = Path("set/questions.jsonl").read_bytes()
    words = ["evaluate", "set/questions.jsonl", "--model", "scripted:gold", "--split", "train", "--out", "set"]
    code, _, err = command(*words, "--allow-weak-isolation")
    assert (code, "which `codereasoner evaluate` did not make: give --out a folder of its own" in err) == (2, True)
    assert Path("set/questions.jsonl").read_bytes() == before


HUGE = ("nan", "inf", "-inf", "-1", "1e400", "9" * 30, "one", "")


@pytest.mark.parametrize("place", sorted({place for place, _, _ in OPTIONS}))
def test_no_number_is_negative_endless_or_none_at_all(place: str) -> None:
    for where, command, option in OPTIONS:
        numeric = (click.IntRange, click.FloatRange, click.types.IntParamType, click.types.FloatParamType)
        if where != place or not isinstance(option.type, numeric):
            continue
        taken = []
        for value in HUGE:
            try:
                option.type_cast_value(click.Context(command), (value,) if option.multiple else value)
                taken.append(value)
            except click.BadParameter:
                pass
        whole = isinstance(option.type, click.types.IntParamType)
        assert [each for each in taken if whole or each != "9" * 30] == [], option.opts


def test_a_table_of_results_keeps_the_names_of_models_in_80_columns(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**QUESTION, "facts": {**FACTS, "call": call}, "gold": [call]} for call in ("1", "2")]
    Path("questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folders = [f"evaluations/questions@a-long-name-of-a-model-of-many-words-{stage}" for stage in ("sft", "grpo")]
    for folder in folders:
        words = ["--model", "scripted:gold", "--out", folder, "--allow-weak-isolation"]
        assert command("evaluate", "questions.jsonl", *words)[0] == 0
        answers = Path(folder, "summary.json")
        answers.write_text(json.dumps(json.loads(answers.read_text()) | {"completion_tokens": 1000}))
    monkeypatch.setattr(console, "_width", 80)
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = command("compare", *folders)
    figures, rest = out[out.index("pass@1 with") :].split("outcomes of all answers")
    outcomes, differences = rest.split("differences from")
    assert [each.count(" a-long-n") for each in (figures, outcomes, differences)] == [2, 2, 2]
    _, out, _ = command("leaderboard", "evaluations")
    assert out.count(" a-long-name-of-a-mod") == 2
    assert all(len(line) <= 80 for line in out.splitlines())


def test_a_page_of_another_program_is_never_replaced(command: Command) -> None:
    asked = ["evaluate", "questions.jsonl", "--allow-weak-isolation"]
    facts = [{**FACTS, "call": call} for call in ("1", "2")]
    rows = [{**QUESTION, "facts": each, "gold": [each["call"]]} for each in facts]
    Path("questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("gold", "copy"):
        assert command(*asked, "--model", f"scripted:{name}", "--out", f"evaluations/{name}")[0] == 0
    compare = ["compare", "evaluations/gold", "evaluations/copy", "--allow-weak-isolation", "--report", "page.html"]
    for words, path in (
        (compare, "page.html"),
        (["leaderboard", "evaluations", "--out", "README.md"], "README.md"),
        (["leaderboard", "evaluations", "--out", "data.json"], "data.json"),
        (["leaderboard", "evaluations", "--site", "site"], "site/leaderboard.md"),
        (["report", "evaluations", "--allow-weak-isolation"], "evaluations/report.html"),
    ):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text("my own words")
        code, _, err = command(*words)
        assert (code, f"{path} is there and was not made by codereasoner" in err) == (2, True), err
        assert Path(path).read_text() == "my own words"
        Path(path).unlink()
        for _ in range(2):
            code, _, err = command(*words)
            assert code == 0, err


def test_a_training_never_deletes_what_another_program_put_there(tmp_path: Path) -> None:
    from codereasoner.training.budget import Budget
    from codereasoner.training.scratch import make_scratch_model
    from codereasoner.training.training_run import _prepare

    (tmp_path / "out/checkpoints").mkdir(parents=True)
    kept = tmp_path / "out/checkpoints/mine.bin"
    kept.write_text("precious")
    with pytest.raises(ConfigError, match="checkpoints is of something else"):
        _prepare(tmp_path / "out", {}, Budget())
    (tmp_path / "sft-base").mkdir()
    with pytest.raises(UserError, match="holds something else"):
        make_scratch_model(tmp_path / "sft-base", 0, "0.3m")
    assert kept.read_text() == "precious"


def test_a_result_is_printed_on_standard_output_and_the_rest_on_standard_error(command: Command) -> None:
    rows = [{**QUESTION, "facts": {**FACTS, "call": call}, "gold": [call]} for call in ("1", "2")]
    Path("questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("programs.jsonl").write_text(json.dumps({**PROGRAM, "source": "def f(x):\n    return len(x)\n"}) + "\n")
    Path("data.jsonl").write_text(json.dumps({"code": "def f(x): return x", "input": "1", "output": "1", "id": "a"}))
    Path("answers.json").write_text(json.dumps({"a": ["1"]}))
    weak = "--allow-weak-isolation"
    evaluate = ["evaluate", "questions.jsonl", weak, "--model"]
    assert command(*evaluate, "scripted:copy")[0] == 0
    name = json.loads(Path("evaluations/questions@scripted-copy/questions.jsonl").read_text().splitlines()[0])["id"]
    table, answers = "evaluations/questions@scripted-", ("--data", "data.jsonl", "--generations", "answers.json")
    for words, shown in (
        ((*evaluate, "scripted:gold"), "pass@1"),
        (("compare", f"{table}gold", f"{table}copy"), "pass@1"),
        (("audit", f"{table}gold", "--questions", "questions.jsonl", "--out", "audit.jsonl", weak), "claims of"),
        (("check", "questions.jsonl", weak), "accepted"),
        (("score", "cruxeval-o", *answers, weak), "pass@1"),
        (("profile", "programs.jsonl"), "CRUXEval"),
        (("leaderboard", "evaluations"), "95 % interval"),
        (("list", "benchmarks"), "cruxeval-o"),
        (("show", name, "--folder", f"{table}copy"), "assert f(1)"),
    ):
        code, out, err = command(*words)
        assert (code, shown in out, shown in err) == (0, True, False), (words, out, err)
        code, out, _ = command(*words, "--json")
        assert (code, type(json.loads(out))) == (0, dict), words
