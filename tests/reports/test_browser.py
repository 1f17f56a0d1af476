"""The report in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.reports.folders import MODELS, make_run
from tests.reports.test_feature_plots import BY_FEATURE

import codereasoner as cr
from codereasoner.reports.accuracy_by_feature import write_feature_page
from codereasoner.reports.leaderboard_table import leaderboard, leaderboard_text, size_of, write_site
from codereasoner.reports.report_page import write_report

pytest_plugins = ["tests.reports.report_fixtures"]
Open = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any) -> Open:
    """Opens a report at a place, in a width and a colour scheme, and waits until it is ready."""

    def open_it(report: Path, place: str = "", width: int = 1280, scheme: str = "light") -> Any:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        chromium.get("about:blank")
        chromium.get_log("browser"), chromium.get_log("performance")
        chromium.get(f"file://{report}{place}")
        wait_for(lambda: chromium.execute_script("return document.documentElement.dataset.ready"))
        return chromium

    return open_it


def wait_for(condition: Callable[[], Any], seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "the page did not get there"
        time.sleep(0.02)
    return value


def press(page: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def text(page: Any, selector: str) -> str:
    found: str = page.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
    return found


def count(page: Any, selector: str) -> int:
    found: int = page.execute_script("return document.querySelectorAll(arguments[0]).length", selector)
    return found


def place(page: Any) -> str:
    found: str = page.execute_script("return location.hash")
    return found


@pytest.mark.parametrize("view", ["#summary", "#questions"])
def test_the_page_opens_without_a_message_and_asks_nothing_of_the_network(
    report: Path, open_page: Open, view: str
) -> None:
    page = open_page(report, view)
    time.sleep(0.3)
    assert page.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url.partition("#")[0] for url in sent if not url.startswith(("data:", "blob:"))] == [f"file://{report}"]


@pytest.mark.slow
def test_ten_thousand_questions_open_in_two_seconds(large_report: Path, open_page: Open) -> None:
    times = []
    for _ in range(3):
        page = open_page(large_report, "#questions")
        times.append(int(page.execute_script("return document.documentElement.dataset.ready")))
    assert text(page, ".filters [role=status]") == "10,000 questions"
    assert count(page, ".row") < 40
    assert min(times) < 2000, times


@pytest.mark.slow
def test_search_goes_through_the_code_of_ten_thousand_questions(large_report: Path, open_page: Open) -> None:
    page = open_page(large_report, "#questions?q=enumerate")
    assert wait_for(lambda: text(page, ".filters [role=status]").startswith("2,500 of"))


def test_the_first_question_that_is_open_is_one_that_the_best_model_got_wrong(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions")
    wait_for(lambda: "id=" in place(page))
    told = page.execute_script("return document.querySelector('.row[aria-selected=true]').getAttribute('aria-label')")
    assert re.search(r"grpo (?!correct)", told), told


def test_where_the_best_model_made_no_mistake_that_of_the_next_is_open(
    run_folder: Path, tmp_path: Path, open_page: Open
) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    grades = next(folder.glob("evaluations/*grpo/grades.jsonl"))
    grades.write_text(re.sub(r'"outcome": ?"\w+"', '"outcome": "correct"', grades.read_text()))
    page = open_page(write_report(folder), "#questions")
    wait_for(lambda: "id=" in place(page))
    told = page.execute_script("return document.querySelector('.row[aria-selected=true]').getAttribute('aria-label')")
    assert re.search(r"grpo correct", told), told
    assert re.search(r"sft (?!correct)", told), told


def test_a_page_has_no_box_for_a_stage_that_was_not_made(run_folder: Path, tmp_path: Path, open_page: Open) -> None:
    folder = shutil.copytree(run_folder, tmp_path / "run")
    for made in folder.glob("grpo.parquet*"):
        made.unlink()
    page = open_page(write_report(folder))
    assert count(page, ".stage") == 6
    assert count(page, ".flow path") == 5
    for made in [each for name in ("programs", "runs", "chains", "sft") for each in folder.glob(f"{name}.*")]:
        made.unlink()
    page = open_page(write_report(folder))
    assert "Results" in text(page, "#summary")
    assert (count(page, ".stage"), count(page, "#flow")) == (0, 0)


def test_long_names_keep_what_tells_them_apart(report: Path, open_page: Open) -> None:
    page = open_page(report)
    elements = (files("codereasoner.reports") / "web" / "elements.js").read_text(encoding="utf-8")
    names = ["a-long-name-of-a-folder/sft", "a-long-name-of-a-folder/grpo", "short"]
    for shown, expected in (
        (names[:2], ["…sft", "…grpo"]),
        (names[2:], ["short"]),
        (
            [*(f"runs-2026-11-of-the-large-model-{stage}-reasoning" for stage in ("sft", "grpo")), "base" * 9],
            ["runs-2…sft-reasoning", "runs-2…grpo-reasoning", "basebasebas…sebasebase"],
        ),
        (["another-name-that-is-long-and-has-no-twin"], ["another-nam…as-no-twin"]),
    ):
        script = f"{elements}\nreturn arguments[0].map((name) => shortName(name, arguments[0], 22))"
        made = page.execute_script(script, shown)
        assert made == expected


def test_hostile_texts_are_shown_as_text(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions?q=script")
    wait_for(lambda: "</script>" in text(page, ".code"))
    assert page.title == "small · codereasoner"
    bold = "return [...document.querySelectorAll('.detail b')].map((each) => each.innerText)"
    assert "bold" not in page.execute_script(bold)
    page = open_page(report, "#questions")
    shown = wait_for(lambda: text(page, ".answer pre"))
    assert (
        "</script><script>document.title = 'broken'</script> <b>bold</b> \\u202e right \\u200b \\ud800 \\u0007" in shown
    )
    assert page.title == "small · codereasoner"


def test_j_and_k_walk_through_the_questions_and_the_place_survives_a_reload(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions")
    first = wait_for(lambda: place(page) if "id=" in place(page) else "")
    press(page, "j", "j", "k")
    second = wait_for(lambda: place(page) if place(page) != first else "")
    press(page, "k")
    wait_for(lambda: place(page) == first)
    press(page, "j")
    wait_for(lambda: place(page) == second)
    shown = wait_for(lambda: text(page, ".asked"))
    page.refresh()
    assert wait_for(lambda: text(page, ".asked")) == shown
    assert place(page) == second


def test_arrows_step_through_the_trace_and_mark_what_changed(report: Path, open_page: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    page = open_page(report, "#questions")
    wait_for(lambda: count(page, ".code .now"))
    press(page, Keys.ARROW_RIGHT)
    assert text(page, ".stepper output") == "step 2 of 21, line 2"
    assert text(page, ".code .now").split() == ["2", "×1", "total", "=", "0"]
    assert text(page, ".locals .changed") == "total"
    assert "step=1" in place(page)
    press(page, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert text(page, ".stepper output") == "step 1 of 21, line 1"


def test_loops_are_folded_by_iteration(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions")
    wait_for(lambda: count(page, ".all-steps"))
    page.execute_script("document.querySelector('.all-steps').open = true")
    assert "for word in words: 4 iterations" in wait_for(lambda: text(page, ".steps"))
    assert count(page, ".steps > details") == 1


def test_slash_searches_and_escape_leaves(report: Path, open_page: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    page = open_page(report, "#questions")
    press(page, "/")
    press(page, "mississippi3")
    wait_for(lambda: text(page, ".filters [role=status]").startswith("2 of"))
    press(page, Keys.ESCAPE)
    wait_for(lambda: text(page, ".filters [role=status]").startswith("96 questions"))
    press(page, Keys.ESCAPE)
    assert page.execute_script("return document.activeElement.getAttribute('role')") == "listbox"


def test_an_outcome_of_the_summary_leads_to_its_questions(report: Path, open_page: Open) -> None:
    page = open_page(report, "#summary")
    link = "document.querySelector('.outcomes .o-truncated a')"
    said = page.execute_script(f"return {link}.innerText").split()[1]
    page.execute_script(f"{link}.click()")
    wait_for(lambda: text(page, ".filters [role=status]").startswith(f"{said} of"))
    assert "model=base" in place(page)


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector
    )
    return found


def test_code_trace_and_chain_stand_side_by_side(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions")
    wait_for(lambda: count(page, ".answer .badge"))
    code, chain = box(page, ".code"), box(page, ".answer")
    assert code["right"] < chain["left"]
    assert chain["top"] < code["bottom"]
    assert chain["right"] <= 1280


def test_m_goes_from_one_model_to_the_next_and_all_stand_in_a_row(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions?model=base")
    wait_for(lambda: text(page, ".answer h4").startswith("base"))
    press(page, "m")
    wait_for(lambda: text(page, ".answer h4").startswith("sft"))
    press(page, "m", "m", "m", "m")
    wait_for(lambda: count(page, ".answer .badge") == len(MODELS))
    tops = page.execute_script(
        "return [...document.querySelectorAll('.answer')].map((card) => card.getBoundingClientRect().top)"
    )
    assert tops[0] == tops[1] == tops[2]


def test_a_class_of_mistakes_leads_to_its_questions(report: Path, open_page: Open) -> None:
    page = open_page(report, "#summary")
    link = "document.querySelector('.mistakes a')"
    said = page.execute_script(f"return {link}.innerText").split()[0]
    page.execute_script(f"{link}.click()")
    wait_for(lambda: text(page, ".filters [role=status]").startswith(f"{said} of"))
    assert "mistake=" in place(page)


def test_a_flipped_count_leads_to_the_questions_that_flipped(report: Path, open_page: Open) -> None:
    page = open_page(report, "#summary")
    link = "[...document.querySelectorAll('.differences tr:last-child a')].at(-1)"
    said = page.execute_script(f"return {link}.innerText").strip("↑↓")
    page.execute_script(f"{link}.click()")
    wait_for(lambda: text(page, ".filters [role=status]").startswith(f"{said} of"))
    titles = "[...row.querySelectorAll('.mark')].map((mark) => mark.title)"
    marks = page.execute_script(f"return [...document.querySelectorAll('.row')].map((row) => {titles})")
    assert all("sft: correct" in row and "grpo: correct" not in row for row in marks)


def test_the_line_of_a_mistake_is_shown_in_the_code(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions?model=sft&mistake=type_confusion&task=output")
    wait_for(lambda: count(page, ".to-line"))
    line = text(page, ".to-line").removeprefix("show line ")
    page.execute_script("document.querySelector('.to-line').click()")
    wait_for(lambda: text(page, ".code .now").split()[0] == line)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1600, 320])
@pytest.mark.parametrize("view", ["#summary", "#questions", "#questions?q=mississippi3&id=ID"])
def test_nothing_is_wider_than_the_window(report: Path, open_page: Open, view: str, width: int, scheme: str) -> None:
    page = open_page(report, view.replace("&id=ID", ""), width, scheme)
    if "ID" in view:
        wait_for(lambda: count(page, ".row") == 2)
        page.execute_script("document.querySelector('.row').click()")
        wait_for(lambda: text(page, ".asked"))
    time.sleep(0.1)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    dark = page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert dark == (scheme == "dark")


def test_on_a_narrow_window_a_question_has_its_own_view(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions", width=400)
    assert page.execute_script("return document.querySelector('.detail').offsetWidth") == 0
    page.execute_script("document.querySelector('.row').click()")
    wait_for(lambda: page.execute_script("return document.querySelector('.detail').offsetWidth") > 0)
    wait_for(lambda: count(page, ".back"))
    page.execute_script("document.querySelector('.back').click()")
    wait_for(lambda: page.execute_script("return document.querySelector('.detail').offsetWidth") == 0)


@pytest.mark.parametrize("view", ["#summary", "#questions"])
def test_everything_that_can_be_used_has_a_name(report: Path, open_page: Open, view: str) -> None:
    page = open_page(report, view)
    time.sleep(0.3)
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = ("button", "link", "searchbox", "combobox", "slider", "listbox", "option", "region", "image", "navigation")
    nameless = [
        n["role"]["value"]
        for n in nodes
        if not n["ignored"] and n["role"]["value"] in used and not n.get("name", {}).get("value")
    ]
    assert nameless == []


def test_samples_that_are_not_shown_are_counted(tmp_path: Path, open_page: Open) -> None:
    asked = cr.ask(cr.trace("def f(x):\n    return x + 1", "f(3)"), "output")
    cr.evaluate(asked, "scripted:gold", samples=12, out=tmp_path / "e")
    page = open_page(write_report(tmp_path / "e"), "#questions")
    assert wait_for(lambda: count(page, ".samples button")) == 4
    assert text(page, ".samples").strip().endswith("4 of 12 samples")


def test_a_run_without_questions_says_so(tmp_path: Path, open_page: Open) -> None:
    from codereasoner.reports.report_page import write_report

    (tmp_path / "config.yaml").write_text("seed: 1\n")
    page = open_page(write_report(tmp_path), "#questions")
    assert text(page, "#questions") == "This run has no questions yet."
    assert page.get_log("browser") == []


def test_a_leaderboard_and_a_score_by_feature_are_drawn_in_any_width(tmp_path: Path, open_page: Open) -> None:
    board, score = tmp_path / "board.html", tmp_path / "score.html"
    board.write_text(leaderboard_text(leaderboard([], ["cruxeval-o"]), ".html"))
    write_feature_page({"benchmark": "codeglance", "grader": "strict", "by_feature": BY_FEATURE}, score)
    for width in (320, 1600):
        page = open_page(board, "", width)
        wait_for(partial(count, page, ".leaderboard rect.value"))
        assert count(page, ".leaderboard tbody tr") == count(page, ".leaderboard rect.value") > 5
        page = open_page(score, "", width)
        wait_for(partial(count, page, "svg circle"))
        assert count(page, "svg circle") == len(BY_FEATURE["accuracy"]) + len(BY_FEATURE["logistic"])
        assert "0.250 to 1.000" in text(page, ".score table")
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert page.get_log("browser") == []


def test_the_leaderboards_choices_are_kept_in_the_address_and_its_front_has_no_dominated_result(
    tmp_path: Path, open_page: Open
) -> None:
    models = (("small-1B", 40.0, 10), ("twin-1B", 40.0, 10), ("wasteful-7B", 35.0, 500), ("large-14B", 80.0, 400))
    for name, value, answers_tokens in models:
        folder = tmp_path / f"cruxeval-o@{name}"
        folder.mkdir()
        tokens = {"completion_tokens": 800 * answers_tokens, "n_answers": 800}
        (folder / "summary.json").write_text(json.dumps({"pass@1": value, "style": "direct", **tokens}))
    page_file, *_ = write_site(leaderboard([tmp_path], ["cruxeval-o", "reval"]), tmp_path / "site")
    page = open_page(page_file, "#summary?from=own")
    wait_for(partial(count, page, ".pareto circle"))
    legend = page.execute_script("return [...document.querySelectorAll('.pareto li')].map((item) => item.innerText)")
    assert [line.endswith("(dominated)") for line in legend] == [False, False, False, True]
    assert count(page, ".leaderboard") == 1  # REval has no own result
    choose = (
        "const s = document.querySelector(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))"
    )
    page.execute_script(choose, "[data-filter=from]", "")
    page.execute_script(choose, "[data-filter=size]", "40")
    page.execute_script(choose, "[data-filter=benchmark]", "cruxeval-o")
    names = "return [...document.querySelectorAll('.leaderboard tbody th')].map((cell) => cell.innerText)"
    shown = page.execute_script(names)
    assert "large-14B" in shown
    assert all(10 < (size_of(name) or 0) <= 40 for name in shown)
    assert place(page) == "#summary?benchmark=cruxeval-o&size=40"
    page = open_page(page_file, place(page))
    assert page.execute_script(names) == shown
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in sent if not url.startswith(f"file://{page_file}")] == []
    assert page.get_log("browser") == []


def test_an_interval_stands_where_its_numbers_are(tmp_path: Path, open_page: Open) -> None:
    score = tmp_path / "score.html"
    write_feature_page({"benchmark": "codeglance", "grader": "strict", "by_feature": BY_FEATURE}, score)
    page = open_page(score, "")
    wait_for(lambda: count(page, "svg circle"))
    nodes = "[...document.querySelector('figure svg').querySelectorAll(arguments[0])]"
    at = f"{nodes}.map((node) => Number(node.getAttribute(arguments[1])))"
    low, *_, high = page.execute_script(f"return {at}", ".grid", "x1")
    [first, second] = page.execute_script(f"return {at}", "circle", "cx")
    assert [(each - low) / (high - low) for each in (first, second)] == pytest.approx([0.75, 0.5])


def test_the_axis_of_accuracies_has_room_for_every_interval(tmp_path: Path, open_page: Open) -> None:
    folder = make_run(tmp_path / "run", 3, MODELS[:1])
    (summary,) = list(folder.glob("evaluations/*/summary.json"))[:1]
    facts = json.loads(summary.read_text()) | {"by_task": {}, "baselines": {}, "pass@1": 5.0}
    drawn = """
        const [plot, x] = [document.querySelector(".panels svg"), (node, name) => Number(node.getAttribute(name))];
        const [zero, next] = [...plot?.querySelectorAll("text:not(.name)") ?? []];
        const end = zero && x(plot.querySelector(".whisker"), "x2");
        return zero && (end - x(zero, "x")) / (x(next, "x") - x(zero, "x")) * parseFloat(next.textContent);"""
    for high in (7, 26, 45, 88.6, 100):
        summary.write_text(json.dumps(facts | {"interval": [1.0, high]}))
        page = open_page(write_report(summary.parent), "#summary")
        assert wait_for(partial(page.execute_script, drawn)) == pytest.approx(high)


def test_the_baselines_of_all_tasks_share_a_row(tmp_path: Path, open_page: Open) -> None:
    folder = make_run(tmp_path / "run", 3, MODELS[:1])
    for summary in folder.glob("evaluations/*/summary.json"):
        told = {"output: always 0": 1.0, "input: always 0": 2.0, "input: always 1": 3.0}
        summary.write_text(json.dumps(json.loads(summary.read_text()) | {"baselines": told}))
    page = open_page(write_report(folder), "#summary", 390)
    cells = "row => [...row.cells].map(({innerText}) => innerText)"
    rows = page.execute_script(f"return [...document.querySelectorAll('.accuracies tfoot tr')].map({cells})")
    assert [[" ".join(cell.split()) for cell in row[:3]] for row in rows] == [
        ["without a model", "1.0 % always 0", "2.0 % always 0"],
        ["without a model", "", "3.0 % always 1"],
    ]


def test_the_open_question_is_what_is_printed(report: Path, open_page: Open) -> None:
    page = open_page(report, "#questions")
    sizes = "return ['.detail', '.side', '.push'].map(name => document.querySelector(name).offsetHeight)"
    hidden = (
        "const {scrollHeight, clientHeight} = document.querySelector('.detail'); return scrollHeight - clientHeight"
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for width in (800, 380):
            metrics = {"width": width, "height": 300, "deviceScaleFactor": 1, "mobile": False}
            page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            detail, *rest = page.execute_script(sizes)
            assert (detail > 300, rest, page.execute_script(hidden)) == (True, [0, 0], 0)
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
