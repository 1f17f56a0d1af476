"""Hard versions of questions: the same question about a rewritten program, with the answer of a new run.

    question ─> its call ─> rewrites, one after another ─> proof by running ─> trace of the new program ─> question

A rewrite that is not proved is not made. A question is written if at least one of the wanted rewrites was made; its
features name the original question, the rewrites, and those that were not made with the reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from codereasoner import extend
from codereasoner.curation.determinism import UNSETTLED_STEPS, second_job, second_reason
from codereasoner.errors import ConfigError
from codereasoner.evaluation.score import each_job_once
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger
from codereasoner.records import Job, Run, batches_of, content_id
from codereasoner.rewrites.input_mutation import mutate
from codereasoner.rewrites.proof import Claim, refute
from codereasoner.rewrites.rewrite_draft import Unfit
from codereasoner.rewrites.rewriting import KINDS, Rewritten, in_order, rewrite
from codereasoner.stages.progress import tell
from codereasoner.task import Question, Runner, Skip

BATCH = 64  # questions whose programs run in one batch
NO_CALL = "the question is about no call of a program"
HINT = "misleading-hint"
TELLING = f"{HINT}: the call, or whether it returns, is the answer"


@dataclass(frozen=True)
class Hardening:
    """Rewrites; each is proved by the question's call and up to `calls` more with other arguments."""

    kinds: tuple[str, ...]
    calls: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ConfigError(f"--with takes at least one of {', '.join(KINDS)}")
        object.__setattr__(self, "kinds", in_order(self.kinds))


@dataclass
class Subject:
    """A call of a program while it is rewritten."""

    source: str
    entry: str
    call: str
    asked: bool = False  # whether the call, or whether it returns, is what the questions ask: no comment may name it
    value: str = ""  # what it returns
    new: Rewritten | None = None
    refused: tuple[str, ...] = ()  # reasons by kind: "inline: no helper is called ..."
    made: tuple[str, ...] = ()


def harden_questions(
    questions: Sequence[Question],
    out: Path,
    hardening: Hardening,
    runner: Runner,
    again: Runner,
    progress: Progress = silent,
) -> None:
    """Write the hard version of each question; `again` runs programs under another hash seed.

    The manifest counts how often each rewrite was made, and how often each reason kept one from being made.
    """
    config = {"questions": content_id(*(each.id for each in questions)), **vars(hardening)}
    ledger = Ledger(out, config)
    if ledger.is_complete():
        return
    with ledger:
        done = {row["features"]["original"] for row in ledger.rows()}
        left = [each for each in questions if each.id not in done and each.id not in ledger]
        for batch in batches_of(left, BATCH):
            for question, hard in zip(batch, hardened(batch, hardening, runner, again), strict=True):
                if isinstance(hard, Skip):
                    ledger.drop(question, hard.reason)
                else:
                    ledger.append(hard)
                tell(progress, len(ledger), len(questions), "questions rewritten")
        features = [row["features"] for row in ledger.rows()]
        ledger.extra["rewrites"] = dict(Counter(kind for each in features for kind in each["rewrites"].split("+")))
        refused = Counter(reason for each in features for reason in each.get("not_rewritten", ()))
        ledger.extra["not_rewritten"] = dict(refused.most_common())
        ledger.finish()


def hardened(
    questions: Sequence[Question], hardening: Hardening, runner: Runner, again: Runner
) -> Iterator[Question | Skip]:
    """Yield the hard version of each question, in order, or the reason why there is none."""
    keys = [_subject_key(question) for question in questions]
    subjects = {key: Subject(*key) for key in keys if key is not None}
    _rewrite_all(list(subjects.values()), hardening, each_job_once(runner), each_job_once(again))
    written = [each for each in subjects.values() if each.new is not None]
    runs = runner([Job(each.new.source, each.entry, each.call, "trace") for each in written if each.new])
    proofs = again([second_job(run) for run in runs])
    found = {id(each): pair for each, pair in zip(written, zip(runs, proofs, strict=True), strict=True)}
    for question, key in zip(questions, keys, strict=True):
        if key is None:
            yield Skip(NO_CALL)
        elif (subject := subjects[key]).new is None:
            yield Skip(subject.refused[0])
        else:
            yield _asked_again(question, subject, *found[id(subject)])


def _subject_key(question: Question) -> tuple[str, str, str, bool] | None:
    """Return the first fields of a question's Subject; None: it has no call that says all about it."""
    facts, task = question.facts, extend.task_of(question)
    asked = task.direction == "backward" or (task.observes == "value" and "raised" in task.outcomes)
    if {"source", "entry", "call"} <= facts.keys():
        return facts["source"], facts["entry"], facts["call"], asked
    made = task.rerun_job(question) if facts.get("source") and question.gold else None
    if made is None or made[0].harness or made[0].entry != facts.get("entry"):
        return None
    return made[0].source, made[0].entry, made[0].call, asked


def _rewrite_all(subjects: Sequence[Subject], hardening: Hardening, runner: Runner, again: Runner) -> None:
    """Make each rewrite of each subject that is proved, in place."""
    runs = runner([Job(each.source, each.entry, each.call, origin=each.source) for each in subjects])
    for subject, run in zip(subjects, runs, strict=True):
        subject.value = run.value or ""
        subject.refused = (TELLING,) if subject.asked and HINT in hardening.kinds else ()
    left = [(each, tuple(kind for kind in hardening.kinds if not each.asked or kind != HINT)) for each in subjects]
    at_once = True  # the program with all its rewrites is proved first; where that fails, each rewrite is
    while left:
        tried = [(subject, kinds, list(_tries(kinds, subject, hardening))) for subject, kinds in left]
        made = [[new for _, new in tries if isinstance(new, Rewritten)] for _, _, tries in tried]
        asked = [news[-1:] if at_once else news for news in made]
        claims = [
            Claim(each.source, new.source, each.entry, (each.call,), each.source, _more_calls(each, hardening))
            for (each, _, _), news in zip(tried, asked, strict=True)
            for new in news
        ]
        reasons = iter(refute(claims, runner, again))
        left = []
        for (subject, kinds, tries), news in zip(tried, asked, strict=True):
            found = [next(reasons) for _ in news]
            if at_once and any(found):
                left.append((subject, kinds))
            else:
                left += _settle(subject, kinds, tries, found)
        at_once = False


def _settle(
    subject: Subject, kinds: tuple[str, ...], tries: Sequence[tuple[str, Rewritten | Unfit]], found: Sequence[str]
) -> list[tuple[Subject, tuple[str, ...]]]:
    """Take the rewrites that are proved; return the kinds after one that is not, to be made without it.

    found: why each rewrite does not hold; what is missing there does.
    """
    reasons = iter(found)
    for place, (kind, new) in enumerate(tries):
        reason = str(new) if isinstance(new, Unfit) else next(reasons, "")
        if not reason and isinstance(new, Rewritten):
            subject.new, subject.made = new, (*subject.made, kind)
            continue
        subject.refused += (f"{kind}: {reason}",)
        if isinstance(new, Rewritten):
            return [(subject, kinds[place + 1 :])]
    return []


def _tries(kinds: Sequence[str], subject: Subject, hardening: Hardening) -> Iterator[tuple[str, Rewritten | Unfit]]:
    """Yield each rewrite on top of those before it, as if they were proved, or the reason why it cannot be made."""
    made = subject.new
    for kind in kinds:
        try:
            source = made.source if made else subject.source
            new = rewrite(kind, source, subject.entry, [subject.call], str(hardening.seed), subject.value)
        except Unfit as error:
            yield kind, error
        else:
            made = made.then(new) if made else new
            yield kind, made


def _more_calls(subject: Subject, hardening: Hardening) -> tuple[str, ...]:
    """Return calls with other arguments of the same types; none where an argument is not a literal."""
    random = Random(f"harden/{subject.entry}/{subject.call}")
    others = [mutate(subject.call, random) for _ in range(hardening.calls)]
    return tuple(dict.fromkeys(each for each in others if each not in (None, subject.call)))


def _asked_again(question: Question, subject: Subject, run: Run, second: Run) -> Question | Skip:
    """Ask the question about the new run."""
    assert subject.new is not None
    task = extend.task_of(question)
    unsettled = second_reason(run, second)
    if unsettled and not (unsettled == UNSETTLED_STEPS and task.observes == "value"):
        return Skip(unsettled)
    if reason := task.unfit(run):
        return Skip(reason)
    lines = {old: now[0] for old, now in subject.new.lines.items() if len(now) == 1}
    asked = task.ask_again(question, run, lines, subject.new.names)
    if isinstance(asked, Skip):
        return asked
    features: Mapping[str, object] = {
        **question.features,
        **asked.features,
        "original": question.id,
        "rewrites": "+".join(subject.made),
        **({"not_rewritten": list(subject.refused)} if subject.refused else {}),
    }
    return replace(asked, features=features, program=question.program, split=question.split, run="")
