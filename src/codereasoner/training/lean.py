"""SFTTrainer without what costs a small model on a CPU a fifth of its time.

A step of such a model takes 30 ms, so that what is nothing beside a large model on a GPU counts. `make bench-training`
measures what is left.
"""

from __future__ import annotations

from typing import Any


def lean(trainer: Any) -> Any:
    """The trainer class, SFTTrainer or one made from it, for a model on a CPU; what it learns is the same."""

    class Lean(trainer):  # type: ignore[misc]
        """The loss is computed from the logits, and operations are not counted."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            """The model's own loss. TRL's saves the memory of the logits and computes them twice for that."""
            inputs["use_cache"] = False
            loss, outputs = super(trainer, self).compute_loss(model, inputs, True, num_items_in_batch)
            self._count(inputs, outputs.logits.detach())
            return (loss, outputs) if return_outputs else loss

        def _count(self, inputs: Any, logits: Any) -> None:
            labels = inputs["labels"][:, 1:]
            learnt = labels >= 0
            right = (logits[:, :-1].argmax(-1) == labels) & learnt
            counts = inputs["input_ids"].new_tensor([[right.sum(), learnt.sum(), inputs["attention_mask"].sum()]])
            right_sum, learnt_sum, tokens = self.accelerator.gather(counts).sum(0).tolist()
            self._total_train_tokens += tokens
            metrics = self._metrics["train"]
            metrics["mean_token_accuracy"].append(right_sum / max(1, learnt_sum))
            metrics["num_tokens"] = [self._total_train_tokens]

        def floating_point_ops(self, inputs: Any) -> int:
            """Nobody reads it, and the weights would be counted at every step."""
            return 0

    return Lean


def in_one_order(trainer: Any) -> Any:
    """The trainer class, with an order of rows that does not depend on how many processes share a batch.

    Rows of like length stand together in groups of whole updates; the lengths lie in a list, because a column of a
    dataset is decoded anew for each one that is looked up.
    """

    class InOneOrder(trainer):  # type: ignore[misc]
        """Only the sampler differs."""

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            sampler = super()._get_train_sampler(train_dataset)
            sampler.lengths = list(sampler.lengths)
            sampler.batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
            sampler.batch_size *= self.args.world_size
            return sampler

    return InOneOrder
