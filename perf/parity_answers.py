"""Judge made-up and recorded answers by the scorers of CodeSense, SemCoder and CodeMind and by our official graders.

`make parity` calls this with PEER="codesense=PATH semcoder=PATH codemind=PATH": checkouts, which hold the data too.
CodeMind's has the answers of models in its history. All other answers are made up: for each shape that a parser
distinguishes right values, right ones with noise, wrong ones, calls and nothing, drawn by a fixed seed.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from perf.parity_rows import Comparison, benchmark_of, commit_of

from codereasoner.benchmarks.loading import locate, pool_for
from codereasoner.extend import Generations
from codereasoner.ledger import read_rows
from codereasoner.task import Question

Texts = Mapping[str, Sequence[str]]  # the answers by question id
Verdicts = Mapping[str, Sequence[bool]]

DRAWN = 8  # made-up answers to a question
DRAWN_RUN = 4  # CRUXEval's scorer runs each
DRAWN_CODE = 2  # each is a process of its own
SENSE = "LLM Evaluation/CodeSemantic/CodeSemantic"
SENSE_PARTS = {"branch": "conditional", "block": "block", "alias": "alias", "loop": "loop"}
"""What CodeSense's scorer calls the benchmarks that it does not name as we do."""
HISTORY = "cd282db769^"  # the last commit of CodeMind with Results/
CHATS = {"GPT-3.5": "GPT_3.5", "GPT-4": "GPT_4", "CodeLlama": "CodeLlama", "Mistral": "Mistral"}
RECORDED = {
    "codemind-cruxeval": {model: f"IER/CruxEval/{folder}" for model, folder in CHATS.items()},
    "codemind-humaneval": {model: f"IER/HumanEval/{folder}" for model, folder in CHATS.items()},
    "codemind-der-mbpp": {model: f"IER/MBPP/{folder}" for model, folder in CHATS.items()},
    "codemind-sr-humaneval": {"GPT-3.5": "SR/GPT_3/HumanEval/noTest.jsonl", "GPT-4": "SR/GPT_4/HumanEval/noTest.jsonl"},
    "codemind-sr-mbpp": {"GPT-3.5": "SR/GPT_3/MBPP/noTest.jsonl", "GPT-4": "SR/GPT_4/MBPP/noTest.jsonl"},
}
"""Where the history has answers of models that CodeMind reads by its common rule; other families have own parsers."""
OLD_TESTS = "9183880925"  # the last commit of CodeMind whose test_synthesis.py knows MBPP

NOISE: Sequence[Callable[[str], str]] = (
    *(str, str, str.upper, str.lower, repr, json.dumps, str.title),
    *(lambda value: f"  {value}\n", lambda value: value.replace(" ", "  "), lambda value: value.replace(" ", "")),
    *(lambda value: value.replace("'", '"'), lambda value: value.replace('"', "'"), lambda value: f"'{value}'"),
    *(lambda value: f"`{value}`", lambda value: f"{value};", lambda value: f" {value} ; ;", lambda value: f"{value}."),
    *(lambda value: value.replace(",", ",\n"), lambda value: f"\"'{value}'\"", lambda value: f"{value}  # so"),
    *(lambda value: value.replace(" ", "\t"), lambda value: f"{value}\r\n", lambda value: f"assert {value}"),
    *(lambda value: "", lambda value: "'", lambda value: value[1:], lambda value: value[:-1]),
)
FRAMES = {
    "codesense": (
        *("<ans>{a}</ans>",) * 4,
        *("So:\n<ans>\n{a}\n</ans>.", "<ans>{a}</ans> or <ans>{b}</ans>", "<ans>{b}</ans><ans>{a}</ans>"),
        *("<ans>{a}", "{a}</ans>", "{a}", "<ANS>{a}</ANS>", "<ans><ans>{a}</ans></ans>", "<ans ><ans>{a}</ans >"),
        *("</ans><ans>{a}</ans>", "<ans>'{a}'</ans>", "<ans>{call}</ans>", "", "[ANSWER]{a}[/ANSWER]"),
    ),
    "semcoder": (
        *("[ANSWER]{a}[/ANSWER]", "[ANSWER] assert {call} == {a} [/ANSWER]", "[ANSWER]\nassert {call} == {a}\n") * 2,
        *("[ANSWER]{b}[/ANSWER] no: [ANSWER]{a}[/ANSWER]", "[/ANSWER] [ANSWER]{a}", "so\nANSWER]{a}[/ANS"),
        *("[ANSWER]{call} == {a} == {b}[/ANSWER]", "[ANSWER]{a} == {call}[/ANSWER]", "{a}", "12345678{a}[/ANS", ""),
        *("[ANSWER]assert assert {a}", "x ANSWER]{b}\n[ANSWER]{a}", "[ANSWER]{call}[/ANSWER]", "[/ANSWER]", "assert"),
    ),
    "codemind": (
        *("<<<Analysis>>>\nSo.\n<<<Output>>>\n{a}\n[END-OF-RESPONSE]",) * 4,
        *("<<<Output>>>{a}[END-OF-RESPONSE]<<<Output>>>{b}", "<<<Output>>>{b}\n<<<Output>>>{a}", "{a}"),
        *("<<<Output>>>{a}[END-OF-RESPONSE]{b}[END-OF-RESPONSE]", "[END-OF-RESPONSE]<<<Output>>>{a}", "", "{call}"),
        *(
            "<<<Output>>>{a}[END-OF-\nRESPONSE]",
            "<<<Output>>>{a}[END-OF- RESPONSE] ",
            "<<<output>>>{a}",
            "{a}<<<Output>>>",
        ),
    ),
    "codemind-sr": (
        *("```python\n{a}\n```",) * 4,
        *("Here:\n```python\n{a}\n```\n```python\n{b}\n```", "```python\n{b}\n```\n```python\n{a}\n```", "{a}"),
        *(
            "```python\n{a}",
            "```python\n{a}\nimport sys\nsys.exit({code})\n```",
            "```python\nimport os\nos._exit(1)\n```",
        ),
        *("```python\n{a}\nimport sys\nprint('x', file=sys.{stream})\n```", "```python\n{a}\nraise {error}\n```"),
        *("```python\n{a}\nimport warnings\nwarnings.warn('x')\n```", "```python\n{a}\nx = 1\nprint(x is 1)\n```"),
        *(
            "```python\n{a}\ncheck = print\n```",
            "```python\n{a}\ndef f(:\n```",
            "```python\n\n```",
            "```python\n{a}\ninput()\n```",
        ),
    ),
}
"""The texts that the answers to a benchmark are put in; those at the start are the most frequent."""
CODE = {"code": ("0", "1", "-3", "None", "'why'", "True", "1.5"), "stream": ("stdout", "stderr")}
CODE["error"] = (
    "SystemExit",
    "SystemExit(2)",
    "ValueError",
    "KeyboardInterrupt",
    "AssertionError('x')",
    "StopIteration",
)

SENSE_SCORES = f"""
import json, os, sys, tempfile, types
sys.path.insert(0, os.path.join(sys.argv[1], {SENSE!r}))
def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)
module("torch")
module("datasets", load_dataset=None)
module("src.codellm", AbstLiteLLM=None, LocalVLLM=None)
import statement_semantic as scorer
from src.pt import StatementPt1
scorer.np = types.SimpleNamespace(mean=list)
os.chdir(tempfile.mkdtemp())
parts = dict(input="io", output="io")
given = json.load(sys.stdin)
options = types.SimpleNamespace(**given["options"], shot=0, pt_id=1, CoT="no", incontext="no", settings="")
score = getattr(scorer, "evaluate_" + parts.get(options.prediction, options.prediction) + "_based")
extract, found = StatementPt1("pt1", args=options).extract_ans, []
out, sys.stdout = sys.stdout, sys.stderr
for row, texts in zip(given["rows"], given["texts"]):
    asked = [dict(ori_task=row, input="", pred_text=text, pred_ans=extract("", text)) for text in texts]
    found.append(score(asked, options, "model")[0])
json.dump(found, out)
"""
"""CodeSense's scorer without the libraries that only models need; its mean of the verdicts is their list."""
MIND_SCORES = """
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1] + "/scripts")
import parse_result
with contextlib.redirect_stdout(io.StringIO()):
    parse_result.parse_chatgpt(sys.argv[2])
    right, _ = parse_result.get_result(sys.argv[2], sys.argv[3])
json.dump(right, sys.stdout)
"""


def made_up(family: str, questions: Sequence[Question], count: int = DRAWN) -> Texts:
    """Return answers to each question: three of four hold its right value, half of those with noise."""
    random, frames = Random(f"parity/{family}"), FRAMES[family]
    noise = NOISE if family != "codemind-sr" else NOISE[:1]
    values = [question.gold[0] for question in questions]

    def answer(question: Question, value: str) -> str:
        call = f"{question.facts.get('entry', 'f')}({question.facts.get('call', '')})"
        one, other = (random.choice([value, value, value, random.choice(values)]) for _ in range(2))
        filled = {name: random.choice(each) for name, each in CODE.items()}
        changed = random.choice([*NOISE[:1], random.choice(noise)])(one)
        return random.choice(frames).format(a=changed, b=other, call=call, **filled)

    pairs = zip(questions, values, strict=True)
    return {question.id: [answer(question, value) for _ in range(count)] for question, value in pairs}


def run_scorer(script: str, *arguments: object, given: object = None) -> Any:
    """Run a published scorer in a process of its own and return what it prints, read as JSON."""
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"a published scorer failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


# ---- CodeSense


def codesense(checkout: Path, names: Sequence[str]) -> Iterator[Comparison]:
    """Compare all its files: each benchmark with its own, the quantized one and the smaller ones."""
    for name in (each for each in names if each.startswith("codesense-")):
        benchmark = benchmark_of(name)
        data = locate(benchmark, checkout / SENSE)
        part, _, language = name.removeprefix("codesense-").partition("-")
        found = Comparison(name, "made up", f"the scorer at commit {commit_of(checkout)}")
        for path in files_like(data):
            questions = benchmark.load(path)
            texts = made_up("codesense", questions)
            options = {
                "prediction": SENSE_PARTS.get(part, part),
                "language": language if language in ("c", "java") else "python",
                "quantized_prediction": "yes" if "quantized" in path.name else "no",
            }
            given = {"options": options, "rows": list(read_rows(path)), "texts": list(texts.values())}
            theirs = run_scorer(SENSE_SCORES, checkout, given=given)
            ours = benchmark.grade_officially(questions, Generations(texts), lambda jobs: [])
            for question, row in zip(questions, theirs, strict=True):
                found.add(path.name, question.id, row, ours[question.id], benchmark.official_counts)
        found.answers += f", to {', '.join(path.name for path in files_like(data))}"
        yield found


def files_like(data: Path) -> list[Path]:
    """Return a file of CodeSense and its variants: quantized, and with 200 records, which may be in small letters."""
    names = {data.stem.lower(), f"{data.stem.lower()}_python"}
    files = sorted(data.parent.glob("*.jsonl"))
    return [path for path in files if re.sub(r"(_quantized)?(_200)?$", "", path.stem).lower() in names]


# ---- SemCoder


def semcoder_answers(checkout: Path, wanted: str, texts: Texts) -> Texts:
    """Return the answers that SemCoder's script finds in raw generations."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "generations_raw.json").write_text(json.dumps(texts))
        script = checkout / "experiments" / "process_cruxeval.py"
        command = [sys.executable, str(script), "--gen_dir", folder, "--task", wanted]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: Texts = json.loads(Path(folder, "generations.json").read_text())
    return found


# ---- CodeMind


def codemind(checkout: Path, names: Sequence[str]) -> Iterator[Comparison]:
    """Compare what programs return, and for specification reasoning the code, on made-up and on recorded answers."""
    for name in (each for each in names if each.startswith("codemind-")):
        benchmark = benchmark_of(name)
        questions = benchmark.load(checkout)
        is_code = name.startswith("codemind-sr")
        judge, family, drawn = (
            (judged_code, "codemind-sr", DRAWN_CODE) if is_code else (judged_outputs, "codemind", DRAWN)
        )
        answers = {"made up": made_up(family, questions, drawn), **recorded_answers(checkout, name)}
        with pool_for(name, allow_weak_isolation=True) as pool:
            for title, texts in answers.items():
                asked = [each for each in questions if each.id in texts]
                theirs, against = judge(checkout, name.rpartition("-")[2], texts)
                ours = benchmark.grade_officially(asked, Generations(texts), pool.run)
                found = Comparison(name, title, against)
                for each in asked:
                    found.add(title, each.id, theirs[each.id], ours[each.id], benchmark.official_counts)
                yield found


def recorded_answers(checkout: Path, name: str) -> Mapping[str, Texts]:
    """Return the answers in the history of a checkout by their title: those of chat models, which one parser reads."""
    found: dict[str, Texts] = {}
    for model, folder in RECORDED.get(name, {}).items():
        command = ["git", "-C", str(checkout), "archive", HISTORY, f"Results/{folder}"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            print(f"{name}: no row of {model}: {checkout} lacks the history before {HISTORY[:-1]}", file=sys.stderr)
            continue
        texts: dict[str, Sequence[str]] = {}
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            for entry in archive:
                text = held.read().decode("utf-8") if (held := archive.extractfile(entry)) else ""
                if entry.name.endswith("_cot.txt"):
                    texts[entry.name.split("/")[-2]] = [text]
                elif entry.name.endswith(".jsonl"):
                    rows = map(json.loads, text.splitlines())
                    texts |= {str(row["problem_name"]): [row["generated_code"]] for row in rows}
        found[f"recorded, of {model}"] = texts
    return found


def judged_outputs(checkout: Path, part: str, texts: Texts) -> tuple[Verdicts, str]:
    """Return the verdicts of parse_result.py on texts that it reads from a folder for each question."""
    found = defaultdict[str, list[bool]](list)
    for sample in range(max(map(len, texts.values()))):
        with tempfile.TemporaryDirectory() as folder:
            for name, row in texts.items():
                write(Path(folder, name, "response.txt"), row[sample])
            truth = checkout / "dataset" / ("Intermediate/Synthesis/mbpp" if part == "mbpp" else part)
            right = set(run_scorer(MIND_SCORES, checkout, folder, truth))
            for name in texts:
                found[name].append(name in right)
    return found, f"the scorer at commit {commit_of(checkout)}"


def judged_code(checkout: Path, part: str, texts: Texts) -> tuple[Verdicts, str]:
    """Return the verdicts of test_synthesis.py, whose data lacks the names of HumanEval's functions; they are added."""
    found = defaultdict[str, list[bool]](list)
    commit = OLD_TESTS if part == "mbpp" else commit_of(checkout)
    with tempfile.TemporaryDirectory() as place:
        scripts = Path(place, "scripts")
        for name in ("clean_generations_synthesis", "test_synthesis"):
            command = ["git", "-C", str(checkout), "show", f"{commit}:scripts/{name}.py"]
            write(scripts / f"{name}.py", subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        data = Path("dataset", "Intermediate", "Synthesis", part)
        shutil.copytree(checkout / data, place / data)
        for question in benchmark_of(f"codemind-sr-{part}").load(checkout):
            write(place / data / question.id / "entry_point.txt", question.facts["entry"])
        for sample in range(max(map(len, texts.values()))):
            model = f"gpt-{sample}"
            results = Path(place, "out", "SR", "Synthesis", "no_test", model, part)
            for name, row in texts.items():
                marked = len(row[sample].split("```python")) > 1  # where there is no mark, its cleaner ends itself
                write(results / name / "raw_output.txt", row[sample] if marked else f"```python{row[sample]}")
            for script in ("clean_generations_synthesis", "test_synthesis"):
                command = [sys.executable, f"{script}.py", "--model", model, "--dataset", part]
                command += ["--writePath", f"{place}/out"]
                paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
                given = {**os.environ, "PATH": paths}
                done = subprocess.run(
                    command, cwd=scripts, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True
                )
                if done.returncode:
                    raise SystemExit(f"{script}.py failed: {done.stderr.strip()[-500:]}")
            right = (results / "pass_id.txt").read_text().split()
            for name in texts:
                found[name].append(name in right)
    return found, f"the scorer at commit {commit}"


def write(path: Path, text: str) -> None:
    """Write a text as it is to a file whose folder may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
