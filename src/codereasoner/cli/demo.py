"""demo: the whole method on this machine, from nothing, in minutes.

It is the experiment `demo`: a transformer of a third of a million parameters learns the narrowest programs, forward
with chains of true states, backward with a direct answer. GRPO and its control, which is more SFT, start from the same
checkpoint and spend the same operations, generation included. Budgets are tokens, so the result does not depend on the
machine's speed.
"""

from dataclasses import asdict, dataclass, replace

import click

from codereasoner.cli.config_command import ConfigCommand, words_of
from codereasoner.cli.experiment import run_experiment, run_options
from codereasoner.cli.options import config_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.config_fields import option
from codereasoner.experiments.run_options import Size


@dataclass(frozen=True)
class DemoConfig(Size):
    """The options of the demo; every default is that of the experiment."""

    grpo_tokens: int = option(
        1_200_000, "Tokens of GRPO, prompts and completions; the control spends its operations on more SFT."
    )


@click.command("demo", cls=ConfigCommand)
@run_options("demo")
@config_options(DemoConfig)
def demo_command(name: str, fresh: bool, pools: PoolOptions, config: DemoConfig) -> None:
    """Run the whole method on this machine: data, SFT, GRPO, evaluation, report.

    Writes everything into runs/NAME, and prints a table of accuracies with intervals.

    Example:

    \b
        codereasoner demo --minutes 5
    """
    from codereasoner.cli.experiment_tables import show_demo
    from codereasoner.experiments.plan import read_experiment
    from codereasoner.training.budget import LEARN
    from codereasoner.training.grpo import cost_of_token
    from codereasoner.training.presets import preset
    from codereasoner.training.training_config import GrpoConfig

    plan = read_experiment("demo")
    given = asdict(config)
    given["then_tokens"] = round(given.pop("grpo_tokens") * cost_of_token(preset("grpo-scratch", GrpoConfig)) / LEARN)
    ran = run_experiment(plan, replace(plan.settings, **given), name, fresh, pools, words_of(DemoConfig))
    show_demo(ran.folder, plan, ran.summaries, ran.share)
    click.echo(f"report: {ran.page}")
