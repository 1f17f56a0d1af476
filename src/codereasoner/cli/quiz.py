"""quiz: ask a model about one call of your own function, and see where it first goes wrong."""

from pathlib import Path

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import config_options, json_option, model_option, task_option, weak_option, with_option
from codereasoner.errors import counted
from codereasoner.stages.stage_options import ModelOptions


@click.command("quiz", cls=ConfigCommand)
@click.argument("file", type=PATH)
@click.argument("call")
@model_option
@task_option("output", "coverage", "state", "path", "whitebox")
@config_options(ModelOptions)
@with_option
@weak_option
@json_option
def quiz_command(
    file: Path,
    call: str,
    model: str,
    tasks: tuple[str, ...],
    config: ModelOptions,
    modules: tuple[str, ...],
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Ask a model about one call of your own function, and show where it first goes wrong.

    Reads a Python file. Prints the questions with the model's answers, and its first mistake next to the true trace.

    Example:

    \b
        codereasoner quiz prices.py "total([3, 4], rate=2)" --model scripted:gold
    """
    from codereasoner.cli.console import bar, console, print_json, styled
    from codereasoner.cli.pools import closing
    from codereasoner.cli.quiz_view import quiz_summary, show_replies
    from codereasoner.cli.trace_target import modules_of, split_call
    from codereasoner.evaluation.quiz_questions import questions_about, quiz, stable_tasks, trace_for_quiz
    from codereasoner.execution.pool import Pool
    from codereasoner.steps.source import read_source

    entry, arguments = split_call(call)
    answering, style, sampling = config.find(model)
    given = modules_of(modules)
    weak = allow_weak_isolation
    with closing(Pool(1, preload=given, allow_weak_isolation=weak)) as pool:
        run = trace_for_quiz(read_source(file), entry, arguments, pool.run, tasks)
        with Pool(1, preload=given, allow_weak_isolation=weak, hash_seed=1) as again:
            tasks, warning = stable_tasks(run, tasks, again.run)
        if warning:
            console.print(styled("yellow", warning))
        questions = questions_about(run, tasks, pool.run)
        with bar(counted(len(questions), "question"), f"the answers of {model}"):
            replies = quiz(run, questions, answering, style, sampling, pool.run)
    if as_json:
        facts = {"model": answering.identity, "call": run.expression, "value": run.value}
        print_json({**facts, **quiz_summary(replies, run)})
        return
    show_replies(replies, run)
