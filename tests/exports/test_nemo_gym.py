"""The resources server of NeMo Gym, on stand-ins with the fields of its base classes: it is in no package index."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.exports.conftest import SOURCE
from tests.exports.rows import STYLE, write_rows

from codereasoner import configs, extend
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Pool
from codereasoner.exports.write_files import export
from codereasoner.records import Job
from codereasoner.task import Question


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Our module on models with the fields that NeMo Gym's base_resources_server.py declares."""
    pydantic = pytest.importorskip("pydantic")

    make = pydantic.create_model
    response = make("Response", output_text=(str, ...), incomplete_details=(dict[str, str] | None, None))
    request = make("Request", responses_create_params=(dict[str, Any], ...), response=(response, ...))
    answer = make("Answer", __base__=request, reward=(float, ...), mask_sample=(bool, False))
    stand_in = ModuleType("nemo_gym.base_resources_server")
    vars(stand_in).update(
        BaseResourcesServerConfig=pydantic.BaseModel,
        BaseVerifyRequest=request,
        BaseVerifyResponse=answer,
        SimpleResourcesServer=object,
    )
    monkeypatch.setitem(sys.modules, "nemo_gym", ModuleType("nemo_gym"))
    monkeypatch.setitem(sys.modules, "nemo_gym.base_resources_server", stand_in)
    monkeypatch.setenv("CODEREASONER_WORKERS", "1")
    monkeypatch.setenv("CODEREASONER_ALLOW_WEAK_ISOLATION", "1")
    monkeypatch.delitem(sys.modules, "codereasoner.exports.nemo_gym", raising=False)
    import codereasoner.exports.nemo_gym as found

    yield found
    sys.modules.pop("codereasoner.exports.nemo_gym")


@pytest.fixture
def of_whitebox(pool: Pool) -> list[Question]:
    """A question whose right answer our own trainers reward with 2."""
    [run] = pool.run([Job(SOURCE, "f", "'abc', 2", record="trace")])
    return extend.task("whitebox").collect(run).questions


@pytest.mark.parametrize("fixture", ["questions", "of_whitebox"])
def test_the_folder_of_an_export_is_a_server_that_grades_its_rows_with_a_reward_from_0_to_1(
    server: Any, fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    questions = request.getfixturevalue(fixture)
    files = export(write_rows(tmp_path, questions)[1], "nemo-gym", tmp_path / "server")
    assert [each.name for each in files] == ["grpo.jsonl", "app.py", "requirements.txt", "codereasoner.yaml"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/app.py").write_text("precious")
    with pytest.raises(ConfigError, match=r"app\.py is there and is not the file that --to nemo-gym writes"):
        export(tmp_path / "grpo.parquet", "nemo-gym", tmp_path / "mine")
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["app.py"]
    config = configs.read_yaml(files[3].read_text())
    assert isinstance(config, dict)
    [data] = config["codereasoner_simple_agent"]["responses_api_agents"]["simple_agent"]["datasets"]
    assert data["jsonl_fpath"].endswith("/grpo.jsonl")
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    found = []
    for row, question in zip(rows, questions, strict=True):
        right = extend.task(question.task).render(question, STYLE, "Step by step.")
        for text, cut_off in ((right, None), (right[:-3], {"reason": "max_output_tokens"}), ("no", None)):
            asked = {**row, "response": {"output_text": text, "incomplete_details": cut_off}}
            graded = asyncio.run(server.GradingServer().verify(server.LabelledRequest(**asked)))
            found.append((graded.reward, graded.outcome, graded.mask_sample))
    expected = [(1.0, "correct", False), (0.0, "truncated", False), (0.0, "no_answer", False)]
    assert found == expected * len(questions)
