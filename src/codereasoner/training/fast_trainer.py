"""SFTTrainer without the overhead that costs a small model on a CPU a fifth of its time.

A step of such a model takes 30 ms, so work that is negligible on a GPU counts. `make bench-training` measures the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra
from codereasoner.training.tokens import IGNORED

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

SMALL_VOCABULARY = 8192  # tokens whose logits are no burden for the memory of a GPU


def is_small(model: PreTrainedModel) -> bool:
    """Return whether the logits of this model are small compared with its other activations."""
    return int(model.config.get_text_config().vocab_size) <= SMALL_VOCABULARY


def fast_trainer(trainer: type) -> type:
    """Return the trainer class, SFTTrainer or one made from it, for a small model or a CPU; it learns the same."""
    torch = import_extra("torch", "train")
    plain = import_extra("transformers", "train").Trainer.compute_loss

    class Fast(trainer):  # type: ignore[misc]
        """The loss is computed from the logits, without a mask, and operations are not counted."""

        def compute_loss(
            self,
            model: PreTrainedModel,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Tensor | None = None,
        ) -> Tensor | tuple[Tensor, Any]:
            """The model's own loss. TRL's saves the memory of the logits and computes them twice for that.

            Rows are padded behind their end, where a causal model does not look: without a mask attention takes its
            fast way. The logits of a large vocabulary are computed from the first token on that any row learns.
            """
            inputs = {**inputs, "use_cache": False}
            mask = inputs.pop("attention_mask")
            labels = torch.nn.functional.pad(inputs["labels"], (0, 1), value=IGNORED)[:, 1:]
            if not is_small(self.accelerator.unwrap_model(model)):
                first = int((labels != IGNORED).any(0).byte().argmax())
                labels = labels[:, first:].contiguous()
                inputs |= {"logits_to_keep": labels.shape[1], "shift_labels": labels}
            loss, outputs = plain(self, model, inputs, True, num_items_in_batch)
            self._count(labels, mask, outputs.logits.detach())
            return (loss, outputs) if return_outputs else loss

        def _count(self, labels: Tensor, mask: Tensor, logits: Tensor) -> None:
            learnt = labels != IGNORED
            right = (logits.argmax(-1) == labels) & learnt
            counts = torch.stack([right.sum(), learnt.sum(), mask.sum()]).unsqueeze(0)
            right_sum, learnt_sum, tokens = self.accelerator.gather(counts).sum(0).tolist()
            self._total_train_tokens += tokens
            metrics = self._metrics["train"]
            metrics["mean_token_accuracy"].append(right_sum / max(1, learnt_sum))
            metrics["num_tokens"] = [self._total_train_tokens]

        def floating_point_ops(self, inputs: Any) -> int:
            """Nobody reads it, and the weights would be counted at every step."""
            return 0

    return Fast


def in_one_order(trainer: type) -> type:
    """Return the trainer class with an order of rows that does not depend on how many processes share a batch.

    Rows of like length stand together in groups of whole updates; the lengths are in a list, because a column of a
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
