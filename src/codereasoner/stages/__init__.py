"""The stages that build data: programs -> runs -> questions -> chains -> rows. Each reads one file and writes the next.

A stage is a function of its input file, its output file and plain options. It appends as it goes, continues where a
killed one stopped, and does nothing when its output is there, made from the same input with the same options.
"""

from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.audit_chains import audit_texts, keep_true
from codereasoner.stages.audit_chains import summarize as summarize_audit
from codereasoner.stages.balance_sets import choose_questions
from codereasoner.stages.build_dataset import BuildConfig, Watch, build
from codereasoner.stages.distribute import spread
from codereasoner.stages.engine import Engine, make_engine
from codereasoner.stages.make_programs import Part, source_for, write_programs
from codereasoner.stages.progress import counts
from codereasoner.stages.rate_difficulty import Choice, rate_questions, select_questions
from codereasoner.stages.trace_calls import Keep, judged, own_programs, trace_programs
from codereasoner.stages.write_chains import narrate_chains, projected, teach_chains
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows

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
