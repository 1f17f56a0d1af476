from __future__ import annotations

import pytest

from codereasoner.errors import ConfigError
from codereasoner.programs.grid import CONFIGURATIONS, constructs, is_in_cell
from codereasoner.programs.procedural import Procedural


def test_every_method_of_the_built_in_types_is_in_the_grid() -> None:
    for kind in (str, list, dict, set, tuple):
        methods = {f"{kind.__name__}.{name}" for name in dir(kind) if not name.startswith("_")}
        assert methods <= set(constructs()), methods - set(constructs())


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("construct", ["str.zfill", "list.pop", "dict.get", "set.union", "tuple.count", "enumerate"])
def test_a_cell_is_reached(construct: str, configuration: int) -> None:
    found = list(Procedural(construct=construct, configuration=configuration).programs("train", 2))
    assert len(found) == 2
    assert all(is_in_cell(program.features, construct, configuration) for program in found)
    assert all(construct.partition(".")[2] in program.source for program in found)


def test_a_configuration_says_how_deep_the_control_flow_is_and_whether_there_is_a_helper() -> None:
    for program in Procedural(configuration=6).programs("train", 5):
        assert program.source.count("def ") == 2
        assert "\n                " in program.source


def test_what_is_not_in_the_grid_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"construct 'str\.fly' is unknown"):
        Procedural(construct="str.fly")
    with pytest.raises(ConfigError, match="configuration must be 1 to 6"):
        Procedural(configuration=7)
    with pytest.raises(ConfigError, match="no constraint grid"):
        Procedural("tiny", configuration=1)
