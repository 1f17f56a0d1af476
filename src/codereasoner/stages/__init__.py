"""The stages that build data: programs -> runs -> questions -> chains -> rows. Each reads one file and writes the next.

A stage is a function of its input file, its output file and plain options. It appends as it goes, continues where a
killed one stopped, and does nothing when its output is there, made from the same input with the same options.
"""

from codereasoner.stages.ask import ask_questions
from codereasoner.stages.audit import audit_texts, keep_true
from codereasoner.stages.audit import summarize as summarize_audit
from codereasoner.stages.balance import choose_questions
from codereasoner.stages.build import BuildConfig, Watch, build
from codereasoner.stages.chain import narrate_chains, projected, teach_chains
from codereasoner.stages.engine import Engine, make_engine
from codereasoner.stages.programs import Part, source_for, write_programs
from codereasoner.stages.progress import counts
from codereasoner.stages.rows import write_grpo_rows, write_sft_rows
from codereasoner.stages.select import Choice, rate_questions, select_questions
from codereasoner.stages.spread import spread
from codereasoner.stages.trace import Keep, judged, own_programs, trace_programs

__all__ = [
    "BuildConfig",
    "Choice",
    "Engine",
    "Keep",
    "Part",
    "Watch",
    "ask_questions",
    "audit_texts",
    "build",
    "choose_questions",
    "counts",
    "judged",
    "keep_true",
    "make_engine",
    "narrate_chains",
    "own_programs",
    "projected",
    "rate_questions",
    "select_questions",
    "source_for",
    "spread",
    "summarize_audit",
    "teach_chains",
    "trace_programs",
    "write_grpo_rows",
    "write_programs",
    "write_sft_rows",
]
