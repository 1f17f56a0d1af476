"""score, evaluate and the reward read one completion the same way, whatever a model writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest

from codereasoner import extend
from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import grade_strictly
from codereasoner.extend import Completion
from codereasoner.sampling import grade_completions
from codereasoner.styles import STYLES, find_style
from codereasoner.task import Question
from codereasoner.thoughts import FAMILIES, split_thoughts
from codereasoner.training.reward import Reward
from codereasoner.training.training_rows import question_text

STATEMENT = "assert f(3) == ??"
QUESTION = Question("output", {"source": "def f(x):\n    return x + 1", "entry": "f", "call": "3"}, ("4",), id="q")
TASK = extend.task("output")
Readings = Callable[[str, str, str], list[tuple[str, str | None]]]

COMPLETIONS: dict[str, tuple[str, str]] = {
    "plain": ("RIGHT", "correct"),
    "a thought": ("<think>\nWRONG\n</think>\n\nRIGHT", "correct"),
    "a thought that the prompt opened": ("WRONG, no.\n</think>\n\nRIGHT", "correct"),
    "a thought alone": ("<think>\nRIGHT\n</think>\n", "no_answer"),
    "a thought that was cut off": ("<think>\nRIGHT\nNo, wait", "truncated"),
    "a thought behind the answer": ("RIGHT\n<think>\nlet me check: WRONG\n</think>\n", "no_answer"),
    "a thought behind the answer, cut off": ("RIGHT\n<think>\nno: WRONG", "truncated"),
    "a thought right behind another tag": ("<think>a</think><think>no, WRONG", "truncated"),
    "two thoughts": ("<think>\na</think>\nWRONG\n<think>\nno</think>\nRIGHT", "correct"),
    "a thought inside a thought": ("<think>\na\n<think>\nWRONG</think>\nWRONG\nc</think>\nRIGHT", "correct"),
    "closed twice": ("<think>a</think>\nWRONG</think>\nRIGHT", "correct"),
    "upper case": ("<THINK>\nWRONG\n</THINK>\nRIGHT", "correct"),
    "attributes": ('<think type="deep" n=3>\nWRONG\n</think  >\nRIGHT', "correct"),
    "attributes, cut off": ('<think type="deep">\nRIGHT', "truncated"),
    "a tag that closes itself": ("<think/>\nRIGHT", "correct"),
    "opened and closed by different families": ("<think>\nWRONG\n</thinking>\nRIGHT", "correct"),
    "invisible characters before it": ("\ufeff\u200b\0 <think>\nRIGHT", "truncated"),
    "a quotation": ("> <think>\n> hm\n> </think>\n\nRIGHT", "correct"),
    "windows lines": ("<think>\r\nWRONG\r\n</think>\r\n\r\nRIGHT", "correct"),
    "gpt-oss": (
        "<|channel|>analysis<|message|>WRONG<|end|><|start|>assistant<|channel|>final<|message|>RIGHT<|return|>",
        "correct",
    ),
    "gpt-oss without special tokens": ("analysisSo WRONGassistantfinalRIGHT", "correct"),
    "gpt-oss, cut off": ("<|channel|>analysis<|message|>RIGHT", "truncated"),
    "a thought in the last channel": (
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|><think>WRONG</think>RIGHT",
        "correct",
    ),
    "a word that begins like a channel": ("analysis_result is 4.\nRIGHT", "correct"),
    "a channel that is mentioned": ("It prints '<|channel|>final<|message|>'.\nRIGHT", "correct"),
    "a fence that shows a thought": ("It prints:\n```\n<think>\nhm\n</think>\n```\nRIGHT", "correct"),
    "a fence that shows an opening tag": ("```html\n<think>\n```\nRIGHT", "correct"),
    "a fence of tildes": ("~~~\n<think>\n~~~\nRIGHT", "correct"),
    "a fence in a fence": ("````\n```\n<think>\n```\n````\nRIGHT", "correct"),
    "a fence behind a thought": ("<think>WRONG</think>\n```\n<think>\n</think>\n```\nRIGHT", "correct"),
    "a fence that a thought never closed": ("<think>\nWRONG\n```python\nx = 1\n</think>\n\nRIGHT", "correct"),
    "fences on both sides of a tag": ("<think>WRONG</think>RIGHT", "correct"),
    "a tag right behind a fence": ("<think>\n```\nx\n```</think>\nRIGHT", "correct"),
    "a string of the program": ('Line 3 is `return f"<think>{x}</think>"`.\nRIGHT', "correct"),
    "a string behind a thought": ('<think>WRONG</think>\nIt returns "a</think>b" + x.\nRIGHT', "correct"),
    "typographic quotes": ("<think>\nWRONG\n</think>\nThe “</think>” ended it.\nRIGHT", "correct"),
    "apostrophes": ("<think>it's 3, isn't it? The dogs' 'a' + 'b</think>\nRIGHT", "correct"),
    "a wrong answer before the right one": ("WRONG\nNo, it is:\nRIGHT", "correct"),
    "bold": ("<think>\nWRONG\n</think>\n**Answer:**\nRIGHT", "correct"),
    "escaped for a page": ("&lt;think&gt;WRONG&lt;/think&gt;\nRIGHT", "correct"),
    "nothing": ("", "no_answer"),
    "blanks": (" \n\t\n", "no_answer"),
}


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    """Outcome and answer of one completion by each way: evaluate, the reward, score."""
    path = tmp_path_factory.mktemp("rows") / "answers.jsonl"

    def found(text: str, name: str, finish: str) -> list[tuple[str, str | None]]:
        style, asked = find_style(name), question_text(QUESTION)
        grades = grade_completions([QUESTION], [Completion(text, finish).split()], style)
        trainer = Reward(style, None, frozenset([9]))
        trainer([], [text], [asked], completion_ids=[[9 if finish == "stop" else 1]])
        path.write_text(json.dumps({"question": "q", "style": name, "text": text, "finish": finish}) + "\n")
        scored = read_generations(CruxevalOutput(), path, [QUESTION])
        grades += [*trainer.grades, *grade_strictly(CruxevalOutput(), [QUESTION], scored, None)["q"]]
        return [(each.outcome, each.answer) for each in grades]

    return found


def written(template: str, style: str) -> str:
    right, wrong = (find_style(style).render(STATEMENT, answer) for answer in "45")
    return template.replace("RIGHT", right).replace("WRONG", wrong)


@pytest.mark.parametrize("case", COMPLETIONS)
def test_every_reader_gives_a_completion_the_same_grade_in_every_style(case: str, readings: Readings) -> None:
    template, outcome = COMPLETIONS[case]
    for name, style in STYLES.items():
        text = written(template, name)
        [found, *others] = readings(text, name, "stop")
        assert others == [found] * 2, name
        assert found[0] == outcome or (style.format.is_whole and outcome == "correct"), name
        [cut, *others] = readings(text, name, "length")
        assert others == [cut] * 2, name
        assert cut[0] in ({found[0], "truncated"} - {"no_answer"}), name


def test_every_reader_gives_texts_drawn_at_random_the_same_grade(readings: Readings) -> None:
    tags = [tag for tags in FAMILIES[:2] + FAMILIES[4:5] for tag in tags]
    channels = [
        "<|channel|>analysis<|message|>",
        "<|channel|>final<|message|>",
        "<|end|>",
        "assistantfinal",
        "analysis",
    ]
    marks = ["<answer>", "</answer>", "[ANSWER]", "\\boxed{", "}", "=", "```", "```python\n", "\n```\n", "~~~\n"]
    pieces = [*tags, *channels, *marks, "RIGHT", "WRONG", "\n", "\r\n", "'", '"', "`", "\\", "it's ", " ", "a", ">"]
    draw = Random("one reading")
    for _ in range(500):
        name = draw.choice([*STYLES])
        text = written("".join(draw.choices(pieces, k=draw.randint(1, 14))), name)
        [found, *others] = readings(text, name, draw.choice(["stop", "length"]))
        assert others == [found] * 2, (name, text)
        reading = split_thoughts(text)
        assert split_thoughts(reading.text) == ("", reading.text, False)


TAGS = [tag for tags in FAMILIES for tag in tags] + ["<think x=1>", "</Think >", "assistantfinal", "<|channel|>final"]
ANALYSIS = "<|channel|>analysis<|message|>So<|end|><|start|>assistant<|channel|>final<|message|>"


@pytest.mark.parametrize("tag", TAGS)
def test_a_right_answer_that_holds_a_tag_unescaped_is_right(tag: str) -> None:
    for value in (tag, f"a{tag}b", f"it's {tag}", f'it\'s "{tag}"', [tag, f"x{tag}"], {tag: (tag, 1)}, tag.encode()):
        gold = repr(value)
        question = Question("output", {"source": "def f():\n    return 1", "entry": "f", "call": ""}, (gold,))
        for name, style in STYLES.items():
            answer = style.format.render("assert f() == ??", gold)
            for thoughts in ("", "<think>\nso\n</think>\n\n", "so</think>\n", ANALYSIS):
                assert TASK.grade(question, thoughts + answer, style).outcome == "correct", (name, thoughts + answer)
