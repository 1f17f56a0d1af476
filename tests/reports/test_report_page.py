"""The report as a file: what it says, what it holds, and what it refuses."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from tests.reports.folders import blocks

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.ledger import commit, write_records
from codereasoner.records import Run, Step
from codereasoner.reports.page import SCRIPTS, pack
from codereasoner.reports.question_browser import prompt_without_program
from codereasoner.reports.report_page import write_report
from codereasoner.task import Question

pytest_plugins = ["tests.reports.report_fixtures"]


def test_a_missing_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nothing"):
        write_report(tmp_path / "nothing")


def test_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file; give the folder of a run"):
        write_report(tmp_path / "file")


def test_a_folder_that_is_no_run_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"is not a run folder: it holds none of config\.yaml, programs\.jsonl"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_run_of_programs_alone_shows_the_programs(tmp_path: Path) -> None:
    write_records(tmp_path / "programs.jsonl", [{"id": "a"}, {"id": "b"}], {})
    summary = blocks(write_report(tmp_path))["summary"]
    assert [(node["id"], node["state"], node["kept"]) for node in summary["flow"][:2]] == [
        ("programs.jsonl", "done", 2),
        ("runs.parquet", "missing", None),
    ]
    assert summary["results"] == summary["curves"] == []


def test_a_stage_that_is_still_running_shows_its_rows_so_far(tmp_path: Path) -> None:
    (tmp_path / "programs.jsonl.part").write_text('{"id": "a"}\n{"id": "b"}\n')
    node = blocks(write_report(tmp_path))["summary"]["flow"][0]
    assert (node["state"], node["kept"]) == ("running", 2)


def test_drop_reasons_are_counted_from_the_manifests(report: Path) -> None:
    programs = blocks(report)["summary"]["flow"][0]
    assert programs["drops"] == [["duplicate of another program", 9], ["no call returned", 2]]
    assert (programs["kept"], programs["dropped"]) == (48, 11)


def test_the_header_tells_command_seed_version_commit_host_and_wall_time(report: Path) -> None:
    facts = dict(blocks(report)["summary"]["facts"])
    assert facts["command"] == "codereasoner demo --seed 7"
    assert {"seed", "version", "host", "wall time"} <= set(facts)
    assert ("commit" in facts) == bool(commit())


def test_the_seconds_of_stages_json_are_preferred(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    (folder / "stages.json").write_text('{"programs": 2.5, "grpo and control": 100.0}')
    stages = blocks(write_report(folder))["summary"]["stages"]
    assert stages == [{"stage": "programs", "seconds": 2.5}, {"stage": "grpo and control", "seconds": 100.0}]


def test_a_torn_last_line_of_a_history_is_left_out(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    with (folder / "grpo" / "history.jsonl").open("a") as file:
        file.write('{"step": 121, "rew')
    curves = {curve["model"]: curve["rows"] for curve in blocks(write_report(folder))["summary"]["curves"]}
    assert curves == {"sft": 240, "control": 160, "grpo": 120}


def test_a_broken_line_is_named(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    with (folder / "questions.jsonl").open("a") as file:
        file.write("not json\n")
    with pytest.raises(DataError, match=r"questions.jsonl, line 97: not JSON"):
        write_report(folder)


def test_many_truncated_answers_are_warned_of(report: Path) -> None:
    warnings = blocks(report)["summary"]["warnings"]
    assert any(re.match(r"base on test: \d+\.\d % of the answers were cut off", text) for text in warnings)


def test_evaluated_questions_come_first_and_stay_within_the_limit(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    index = blocks(write_report(folder, limit=40))["index"]
    assert len(index["id"]) == 40
    assert index["total"] == 96
    assert index["split"][:32] == ["test"] * 32


def test_the_first_false_claim_of_a_wrong_chain_is_marked(report: Path) -> None:
    claims = [
        answer["text"][answer["false"]["start"] : answer["false"]["end"]]
        for detail in blocks(report)["details-0"]
        for answer in detail["answers"]
        if answer["false"]
    ]
    assert claims
    assert all(re.fullmatch(r"\w+ = .+|f\(.+\)", claim, re.DOTALL) for claim in claims)


def test_a_true_chain_has_no_false_claim_but_a_call_from_nowhere(report: Path) -> None:
    answers = [a for detail in blocks(report)["details-0"] for a in detail["answers"] if a["outcome"] == "correct"]
    marked = [answer["false"] for answer in answers if answer["false"]]
    assert len(marked) < len(answers)
    assert all("to which nothing leads" in each["why"] for each in marked)


def test_texts_of_programs_and_models_are_nowhere_in_the_page_as_markup(report: Path) -> None:
    page = report.read_text()
    assert "document.title = 'broken'" not in page
    assert page.count("</script>") == page.count("<script")


def test_the_page_names_no_address_but_the_svg_namespace(report: Path) -> None:
    addresses = set(
        re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./-]*", re.sub(r">[A-Za-z0-9+/=]{40,}<", "><", report.read_text()))
    )
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_the_scripts_can_not_end_their_own_element() -> None:
    for name in SCRIPTS:
        text = files("codereasoner.reports").joinpath("web", f"{name}.js").read_text()
        assert "</script" not in text
        assert "<!--" not in text


def test_the_scripts_never_write_html() -> None:
    for name in SCRIPTS:
        text = files("codereasoner.reports").joinpath("web", f"{name}.js").read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name


def test_numbers_that_json_does_not_have_become_null() -> None:
    assert pack({"a": [float("nan"), float("inf"), 1.5]}) == pack({"a": [None, None, 1.5]})


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(
        r":root \{(.*?)\n\s*\}", files("codereasoner.reports").joinpath("web", "page.css").read_text(), re.DOTALL
    )[:2]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_text_has_enough_contrast(scheme: str) -> None:
    palette = colours(scheme)
    texts = ["ink", "soft", "accent", "changed", "odd", "keyword", "string", "number", "comment"]
    texts += [name for name in palette if name.endswith("-text")]
    for text in texts:
        for ground in ("paper", "card", "sunk"):
            low, high = sorted((luminance(palette[text]), luminance(palette[ground])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text} on {ground}"
    assert set(palette) == set(colours("light"))


def test_questions_of_a_benchmark_are_shown_under_its_name(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    for benchmark in ("cruxeval-o", "cruxeval-i"):
        evaluation = folder / "evaluations" / f"{benchmark}@grpo"
        question = Question(
            "output", {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}, ("1",), id="sample_0"
        )
        write_records(evaluation / "questions.jsonl", [question], {})
        grade = {"id": "a", "question": "sample_0", "task": "output", "sample": 0, "outcome": "correct"}
        write_records(evaluation / "grades.jsonl", [grade], {})
    index = blocks(write_report(folder))["index"]
    for benchmark in ("cruxeval-o", "cruxeval-i"):
        number = index["id"].index(f"{benchmark}/sample_0")
        assert index["split"][number] == benchmark
        assert index["outcomes"]["grpo"][number] == "c"
        assert index["lists"][benchmark] == [benchmark]


def test_the_folder_of_one_evaluation_has_a_report_of_its_own(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder / "evaluations" / "test@grpo", tmp_path / "test@grpo")
    shutil.copy(run_folder / "questions.jsonl", folder)
    found = blocks(write_report(folder))
    assert [row["model"] for row in found["summary"]["results"]] == ["grpo"]
    assert (
        "".join(found["index"]["outcomes"]["grpo"]).count("c") == found["summary"]["results"][0]["outcomes"]["correct"]
    )


def test_accuracy_by_feature_counts_every_graded_question_once(report: Path) -> None:
    features = blocks(report)["summary"]["features"]
    lines = [row for row in features if row["feature"] == "lines of the program" and row["task"] == "output"]
    assert [sum(part["questions"] for part in row["bins"]) for row in lines] == [16]
    share, low, high = lines[0]["bins"][0]["models"]["grpo"]
    assert 0 <= low <= share <= high <= 100
    assert {row["feature"] for row in features} >= {"executed lines", "level"}


def test_the_question_does_not_repeat_the_program_that_is_shown_beside_it() -> None:
    source = "def f(x):\n    y = 2\n    return x"
    run = Run(
        source, "f", "1", "ok", "1", steps=(Step("call", 0, 1, {"x": "1"}, value="f"), Step("line", 0, 2, {"y": "2"}))
    )
    questions = [question for name in ("output", "state") for question in extend.task(name).collect(run).questions]
    assert questions
    assert not any("return x" in prompt_without_program(question) for question in questions)


def test_a_row_that_is_no_grade_is_named(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    (folder / "evaluations" / "test@grpo" / "grades.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(DataError, match=r"grades.jsonl, row 1: a grade needs the text 'question'; it has: id"):
        write_report(folder)


def test_a_row_that_is_no_chain_is_named(run_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    (folder / "chains.jsonl").write_text('{"question": "a"}\n')
    with pytest.raises(DataError, match=r"chains.jsonl, row 1: Chain lacks the field 'text'"):
        write_report(folder)


def test_a_folder_of_evaluations_is_reported_as_its_run_is(run_folder: Path, report: Path) -> None:
    shown = blocks(write_report(run_folder / "evaluations"))["summary"]["results"]
    assert [row["model"] for row in shown] == [row["model"] for row in blocks(report)["summary"]["results"]] != []
