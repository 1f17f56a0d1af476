"""The materials of an experiment: the model that it starts from, and its programs."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.errors import ConfigError, import_extra
from codereasoner.evaluation.perplexity import read_texts
from codereasoner.experiments.plan import BASE, SPLITS, TINY_SOURCE, Experiment, Programs
from codereasoner.experiments.run_options import Settings
from codereasoner.models.checkpoint import NO_CODE, loading
from codereasoner.models.gguf_files import folder_of
from codereasoner.stages.make_programs import Part
from codereasoner.training.scratch import check_size, make_scratch_model

LONGER = 5  # statements of the programs that GRPO practises on without being shown an answer
SHORT_SHARE = 3  # longer programs to practise on for each short one
TINY: Mapping[str, object] = {"breadth": "tiny", "types": ["list"]}
"""The programs of an experiment that names none: what a model made from nothing can learn in minutes."""


def check_materials(plan: Experiment, settings: Settings, data: Path | None) -> None:
    """Refuse a model, a source, a text or benchmark data that is not there, before any work."""
    check_size(settings.size)
    if settings.model:
        scheme, colon, _ = settings.model.partition(":")
        if colon and scheme != "gguf":
            raise ConfigError(
                f"model '{settings.model}' is not one to train: give a path, a Hub name, gguf:FILE or smollm2"
            )
        extend.check_model_folder(folder_of(settings.model))
    parts(plan, settings)
    read_texts(plan.text)
    if data is not None:
        for name in plan.benchmarks or {}:
            locate(extend.find("benchmark", name), data)


def make_base(place: Path, seed: int, settings: Settings) -> str:
    """Return the folder or name of the weights that a seed begins with; those from nothing are made in `place`."""
    return folder_of(settings.model) if settings.model else str(make_scratch_model(place / BASE, seed, settings.size))


@cache
def parameters_of(model: str) -> int:
    """Return the number of parameters of a model, without loading its weights.

    Raises:
        ConfigError: it is none, or one with code of its own.
    """
    torch, transformers = import_extra("torch", "train"), import_extra("transformers", "train")
    with loading(model), torch.device("meta"):
        config = transformers.AutoConfig.from_pretrained(model, **NO_CODE)
        made = transformers.AutoModelForCausalLM.from_config(config, **NO_CODE)
    return int(made.num_parameters())


def parts(plan: Experiment, settings: Settings) -> tuple[list[Part], dict[str, object]]:
    """Return the parts of the programs, and what identifies their sources."""
    if plan.programs:
        facts = [[each.source, each.share, list(each.splits), dict(each.settings or {})] for each in plan.programs]
        sizes = {"train": settings.train, "rl": settings.rl, "test": settings.test}
        made = [part for split in SPLITS for part in _shared(plan.programs, split, sizes[split])]
        return made, {"sources": facts}
    short = extend.find("source", TINY_SOURCE, **TINY)
    longer = extend.find("source", TINY_SOURCE, **TINY, difficulty=LONGER)
    return [
        ("train", settings.train, short),
        ("rl", settings.rl, longer),
        ("rl", settings.rl // SHORT_SHARE, short),
        ("test", settings.test, short),
        ("test", settings.test, longer),
    ], {"source": TINY_SOURCE, **TINY}


def _shared(programs: Sequence[Programs], split: str, count: int) -> list[Part]:
    """Divide the programs of a split among the sources that fill it."""
    sources = [each for each in programs if split in each.splits]
    whole = math.fsum(each.share for each in sources)  # `sum` would divide otherwise from Python 3.12 on
    counts = [round(count * each.share / whole) for each in sources]
    return [
        (split, number, extend.find("source", each.source, **(each.settings or {})))
        for each, number in zip(sources, counts, strict=True)
        if number
    ]
