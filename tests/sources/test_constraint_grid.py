from __future__ import annotations

import ast

import pytest

from codereasoner.errors import ConfigError
from codereasoner.sources.constraint_grid import CONFIGURATIONS, cells, constructs, is_in_cell, shuffled, targets
from codereasoner.sources.procedural import Procedural


def test_every_method_of_the_built_in_types_is_in_the_grid() -> None:
    for kind in (str, list, dict, set, tuple):
        methods = {f"{kind.__name__}.{name}" for name in dir(kind) if not name.startswith("_")}
        assert methods <= set(constructs()), methods - set(constructs())


@pytest.mark.slow
def test_every_cell_of_the_grid_is_reached() -> None:
    assert set(targets()) <= set(constructs())
    assert len(cells()) == 6 * len(targets()) > 1000
    for cell in cells():
        source = Procedural(construct=cell.construct, configuration=cell.configuration)
        drafts = (source.draft("train", index) for index in range(150))
        found = next(
            (draft for draft in drafts if is_in_cell(draft.features, cell.construct, cell.configuration)), None
        )
        assert found is not None, cell
        assert shows(found.source, cell.construct), (cell, found.source)


def shows(source: str, construct: str) -> bool:
    """Does the text show a construct? Of an operator the type of its operands is left open."""
    nodes = list(ast.walk(ast.parse(source)))
    if "." in construct:
        return f".{construct.partition('.')[2]}(" in source
    if construct.endswith("]"):
        return any(isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Slice) == (":" in construct) for n in nodes)
    if " " in construct:
        return f" {construct.partition(' ')[2]} " in source
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == construct for n in nodes)


def test_cells_can_be_asked_for_in_turn() -> None:
    found = list(Procedural(cells=True).programs("train", 60))
    for program in found:
        cell = shuffled()[int(program.origin.rpartition("/")[2])]
        assert is_in_cell(program.features, cell.construct, cell.configuration)
    assert len({program.origin for program in found}) == 60
    with pytest.raises(ConfigError, match="leave construct, configuration and difficulty out"):
        Procedural(cells=True, difficulty=3)


def test_a_configuration_says_how_deep_the_control_flow_is_and_whether_there_is_a_helper() -> None:
    for program in Procedural(configuration=6).programs("train", 5):
        assert program.source.count("def ") == 2
        assert "\n                " in program.source


def test_what_is_not_in_the_grid_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"construct 'str\.fly' is unknown"):
        Procedural(construct="str.fly")
    with pytest.raises(ConfigError, match="configuration must be 1 to 6"):
        Procedural(configuration=7)
    with pytest.raises(ConfigError, match="configuration 6 needs difficulty 3 to 5 or None, not 1"):
        Procedural(configuration=6, difficulty=1)
    with pytest.raises(ConfigError, match="no constraint grid"):
        Procedural("tiny", configuration=1)


@pytest.mark.parametrize("number", CONFIGURATIONS)
def test_a_configuration_is_reached_from_each_of_its_difficulties(number: int) -> None:
    for difficulty in CONFIGURATIONS[number].difficulties:
        assert len(list(Procedural(configuration=number, difficulty=difficulty).programs("train", 3))) == 3
