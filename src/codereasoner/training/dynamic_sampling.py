"""Dynamic sampling (arXiv:2503.14476): prompts whose completions all get the same reward are replaced by others.

Such a group teaches nothing, because its completions are compared with one another alone. All groups of a step are
sampled first; those without a difference are then replaced by groups of other prompts, in a limited number of further
rounds. A budget counts every token that was sampled; those that were thrown away cost no learning. The other metrics of
the step are those of its first round, in which no prompt was chosen by its rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra
from codereasoner.training.budget import LEARN, Budget
from codereasoner.training.reward import Reward

if TYPE_CHECKING:
    from torch import Tensor

REPLACED, THROWN = "replaced_groups", "thrown_tokens"
"""The metrics of the groups of a step that were replaced, and of the tokens that were sampled and not learnt."""

EQUAL = 1e-6  # advantages below this are the rounding of a mean of equal rewards


def dynamic_sampling(trainer: type, reward: Reward, budget: Budget, rounds: int) -> type:
    """Return the trainer class, GRPOTrainer or one made from it, that replaces groups without a difference."""
    torch = import_extra("torch", "train")

    class DynamicSampling(trainer):  # type: ignore[misc]
        """Only the prompts of a step differ."""

        def _generate(self, prompts: list[object]) -> object:
            found = super()._generate(prompts)
            self.lengths = [len(prompt) + len(completion) for prompt, completion in zip(*found[:2], strict=True)]
            return found

        def _generate_and_score_completions(self, inputs: list[dict[str, object]]) -> dict[str, object]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            if not self.model.training:
                return output
            metrics, size = self._metrics["train"], self.num_generations
            known = {name: len(values) for name, values in metrics.items()}
            kept = [*zip(reward.grades, self.lengths, strict=True)]
            replaced, sampled = 0, sum(self.lengths)
            for number in range(rounds):
                flat = flat_groups(output["advantages"].tolist(), size)
                most = self._over_all(len(flat), max)
                if not most:  # every process samples as often as every other, because their rewards are gathered
                    break
                fresh = super()._generate_and_score_completions(self._other_prompts(inputs, most, number))
                useless = flat_groups(fresh["advantages"].tolist(), size)
                useful = [group for group in range(most) if group not in useless]
                order = [*range(len(kept))]
                for old, new in zip(flat, useful, strict=False):
                    order[old * size : (old + 1) * size] = range(len(kept) + new * size, len(kept) + (new + 1) * size)
                both = [*kept, *zip(reward.grades, self.lengths, strict=True)]
                output = rows_of_both(output, fresh, order, self.processing_class.pad_token_id)
                kept, sampled = [both[index] for index in order], sampled + sum(self.lengths)
                replaced += min(len(flat), len(useful))
            for name, values in metrics.items():
                del values[known.get(name, len(values)) :]
            thrown = self._over_all(sampled - sum(length for _, length in kept), sum)
            budget.operations -= LEARN * budget.parameters * thrown
            metrics[REPLACED].append(float(self._over_all(replaced, sum)))
            metrics[THROWN].append(float(thrown))
            reward.grades = [grade for grade, _ in kept]
            output["num_items_in_batch"] = self.accelerator.gather(output["completion_mask"].sum()).sum()
            return output

        def _over_all(self, number: int, together: Callable[[list[int]], int]) -> int:
            """Return the sum or the maximum of a number over all processes."""
            counts = self.accelerator.gather(torch.tensor([number], device=self.accelerator.device))
            return int(together(counts.tolist()))

        def _other_prompts(self, inputs: list[dict[str, object]], groups: int, number: int) -> list[dict[str, object]]:
            """Return the rows of other prompts of the data set, drawn by seed, step, round and process."""
            asked = {row["question"] for row in inputs}
            known = self.train_dataset["question"]
            others = [index for index, question in enumerate(known) if question not in asked] or [*range(len(known))]
            key = (self.args.seed, self.state.global_step, number, self.accelerator.process_index)
            chosen = Random(f"dynamic sampling/{key}").choices(others, k=groups)
            return [self.train_dataset[index] for index in chosen for _ in range(self.num_generations)]

    return DynamicSampling


def flat_groups(advantages: Sequence[float], size: int) -> list[int]:
    """Return the numbers of the groups of `size` completions in which none is better than another."""
    groups = range(len(advantages) // size)
    return [each for each in groups if all(abs(value) < EQUAL for value in advantages[each * size : (each + 1) * size])]


def rows_of_both(first: Mapping[str, Any], second: Mapping[str, Any], order: Sequence[int], pad: int) -> dict[str, Any]:
    """Return the rows of two batches of a trainer in a given order, those of the second behind those of the first.

    Shapes: tensors are (rows, ...) with as many rows as `prompt_ids`; prompts are padded on the left, all else on the
    right. Values without rows are those of the first batch.
    """
    torch = import_extra("torch", "train")
    rows = len(first["prompt_ids"])

    def joined(name: str, one: Tensor, other: Tensor) -> Tensor:
        if one.ndim > 1 and one.shape[1] != other.shape[1]:
            one, other = (widened(name, each, max(one.shape[1], other.shape[1])) for each in (one, other))
        return torch.cat([one, other])[list(order)]

    def widened(name: str, one: Tensor, width: int) -> Tensor:
        missing, value = width - one.shape[1], pad if name.endswith("_ids") else 0
        sides = (missing, 0) if name.startswith("prompt") else (0, missing)
        return torch.nn.functional.pad(one, sides, value=value)

    return {
        name: joined(name, value, second[name]) if getattr(value, "ndim", 0) and len(value) == rows else value
        for name, value in first.items()
    }
