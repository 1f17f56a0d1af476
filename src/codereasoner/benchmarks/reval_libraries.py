"""Gives REval's programs the numpy and gensim that they were written for, in the process that runs one.

The text of this file is put in front of a program, or of the probe that runs it; nothing of the library imports it.
How a program is traced depends on the words of its source, of which this is then a part: no tracing belongs here.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any


def prepare(code: str) -> None:
    """Restore old names and prints of numpy, and replace the two functions of gensim that REval's programs call."""
    if "gensim" in code:
        stand_in_for_gensim()
    if "numpy" in code:
        numpy: Any = importlib.import_module("numpy")
        if not hasattr(numpy, "mat"):
            numpy.mat = numpy.asmatrix  # what np.mat was before numpy 2
        if "__float__" not in vars(numpy.matrix):
            numpy.matrix.__float__ = lambda matrix: float(matrix.item())  # which numpy 2.4 refuses
        if int(numpy.__version__.split(".")[0]) >= 2:
            numpy.set_printoptions(legacy="1.25")  # 2.0, not np.float64(2.0)


def stand_in_for_gensim() -> None:
    try:
        importlib.import_module("gensim")
    except ImportError:
        gensim, matutils, utils = (types.ModuleType(name) for name in ("gensim", "gensim.matutils", "gensim.utils"))
        vars(matutils)["unitvec"] = unit_vector
        vars(utils)["decode_htmlentities"] = importlib.import_module("html").unescape
        vars(gensim).update(matutils=matutils, utils=utils)
        sys.modules.update({"gensim": gensim, "gensim.matutils": matutils, "gensim.utils": utils})


def unit_vector(vector: object) -> object:
    """Scale a dense vector to the Euclidean length 1; a vector of zeros stays."""
    length = importlib.import_module("numpy").linalg.norm(vector)
    return vector * (1.0 / length) if length > 0 else vector
