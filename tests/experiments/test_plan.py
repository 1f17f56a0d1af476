"""Experiments as files: those of the package are whole, and a mistake in one is told before any work."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import pytest
import yaml

from codereasoner import configs
from codereasoner.errors import ConfigError, UnknownName
from codereasoner.experiments.plan import BASE, read_experiment
from codereasoner.experiments.run_options import names, read_facts, read_settings


@pytest.mark.parametrize("name", names())
def test_every_experiment_compares_arms_that_have_questions(name: str) -> None:
    plan = read_experiment(name)
    assert len(plan.settings.arms) >= 4
    assert all({"output", "input"} <= set(plan.asked(arm)) for arm in plan.settings.arms)
    rounds = [arm for part in plan.rounds(plan.settings.arms, 2) for arm in part]
    assert sorted(rounds) == sorted({each for arm in plan.settings.arms for each in plan.lineage(arm)})
    assert all(rounds.index(plan.arms[arm].start) < rounds.index(arm) for arm in rounds if plan.arms[arm].start != BASE)


def test_an_arm_that_is_not_compared_is_trained_where_another_starts_from_it() -> None:
    plan = read_experiment("method")
    assert list(plan.rounds(["start", "no-chains"], 2)) == [["start", "sft-direct"], ["no-chains"]]
    assert list(plan.rounds(["no-sft"], 2)) == [["no-sft"]]
    assert plan.asked("bi-level") == ("output", "input", "whitebox", "anchors")


def test_grpo_is_the_first_part_of_method_so_that_both_can_share_a_run() -> None:
    grpo, method = read_experiment("grpo"), read_experiment("method")
    assert (grpo.arms, grpo.rows, grpo.sets) == (method.arms, method.rows, method.sets)
    assert set(grpo.settings.arms) == set(method.settings.arms[:4])
    assert (grpo.settings.seeds, method.settings.seeds) == (3, 1)


def test_the_arms_after_sft_spend_equal_compute() -> None:
    plan = read_experiment("method")
    spent = {arm: sum(plan.tokens(each, plan.settings) for each in plan.lineage(arm)) for arm in plan.settings.arms}
    assert len({spent[arm] for arm in ("more-sft", "rft", "grpo", "no-chains", "no-sft", "forward-only")}) == 1
    assert len({spent[arm] for arm in ("final-answer", "white-box", "bi-level")}) == 1


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"train": "dpo"}, "trains with 'dpo', which is none of sft, rft, grpo"),
        ({"from": "nothing"}, "starts from 'nothing', which is not an arm before it"),
        ({"from": "sft"}, "starts from 'sft', which is not an arm before it"),
        ({"rows": "other"}, "reads the rows 'other', which are none of grpo, sft"),
        ({"rows": "grpo"}, "trains with sft, and 'grpo' are rows of another kind"),
        ({"budget": {}}, "has no budget"),
        ({"budget": {"rest": 1}}, "has a budget of 'rest', which is none of sft, then"),
        ({"lable": "x"}, "is not whole: TypeError"),
    ],
)
def test_an_arm_that_is_not_whole_is_one_sentence(arm: dict[str, object], words: str, tmp_path: Path) -> None:
    facts = yaml.safe_load(configs.path_of("experiments/demo").read_text(encoding="utf-8"))
    facts["arms"]["sft"] |= arm
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"the experiment .*mine") as told:
        read_experiment(str(tmp_path / "mine.yaml"))
    assert words in str(told.value)


ODD: list[object] = [None, 5, {"a": 1}, [["a"]], math.inf, [None]]


@pytest.mark.parametrize("part", ["sets", "rows", "arms", "settings"])
def test_an_experiment_with_a_value_of_another_shape_is_one_sentence(part: str, tmp_path: Path) -> None:
    whole = configs.path_of("experiments/demo").read_text(encoding="utf-8")
    for name, value in yaml.safe_load(whole)[part].items():
        fields = value.items() if isinstance(value, dict) else [("", value)]
        for field, odd in ((field, odd) for field, _ in fields for odd in ODD):
            facts = yaml.safe_load(whole)
            if field:
                facts[part][name][field] = odd
            else:
                facts[part][name] = [odd, odd] if part == "sets" else odd
            (tmp_path / "mine.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
            with contextlib.suppress(ConfigError):
                read_experiment(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("odd", ["[1]", "{a: 1}", "null", ".inf", ".nan"])
def test_a_setting_that_is_no_number_and_no_word_is_named(odd: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"extends: demo\nsettings: {{train: {odd}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the setting 'train' of an experiment is a number or a word, not "):
        read_settings(read_facts(str(tmp_path / "mine.yaml")))


@pytest.mark.parametrize("start", ["extends: demo", "title: x"])
@pytest.mark.parametrize(("settings", "shown"), [("3", "3"), ("[1]", r"\[1\]"), ("", "None")])
def test_settings_that_are_no_mapping_are_one_sentence(start: str, settings: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"{start}\nsettings: {settings}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"mine\.yaml has the settings {shown}; give options and their values"):
        read_facts(str(tmp_path / "mine.yaml"))


def test_an_experiment_that_lacks_a_part_is_told_which(tmp_path: Path) -> None:
    facts = yaml.safe_load(configs.path_of("experiments/demo").read_text(encoding="utf-8"))
    del facts["title"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"the experiment .*mine\.yaml has no 'title'"):
        read_experiment(str(tmp_path / "mine.yaml"))


def test_a_mistyped_experiment_names_those_there_are_and_no_preset() -> None:
    with pytest.raises(UnknownName, match=r"experiment 'metod' is unknown, did you mean 'method'\?; there are: demo, "):
        read_experiment("metod")
