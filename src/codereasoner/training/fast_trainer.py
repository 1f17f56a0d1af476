"""SFTTrainer without the overhead that costs a small model on a CPU a fifth of its time, and GRPOTrainer without half.

A step of such a model takes 30 ms, so work that is negligible on a GPU counts. `make bench-training` measures the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from codereasoner.errors import import_extra
from codereasoner.training.tokens import IGNORED

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedModel

SMALL_VOCABULARY = 8192  # tokens whose logits are no burden for the memory of a GPU

ROOM = 2**28  # logits of one batch, a gigabyte in fp32: more are left to TRL's fused head, which keeps none


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
            inputs: dict[str, object],
            return_outputs: bool = False,
            num_items_in_batch: Tensor | None = None,
        ) -> Tensor | tuple[Tensor, object]:
            """Return the model's own loss. TRL's saves the memory of the logits and computes them twice for that.

            Rows are padded behind their end, where a causal model does not look: without a mask attention takes its
            fast way. On a CPU only the logits of tokens that are learnt are computed; their number differs from batch
            to batch, for which a GPU would wait and a compiler begin anew.
            """
            inputs = {**inputs, "use_cache": False}
            mask = inputs.pop("attention_mask")
            labels = torch.nn.functional.pad(inputs["labels"], (0, 1), value=IGNORED)[:, 1:]
            with ExitStack() as stack:
                if labels.device.type == "cpu" and not self.args.torch_compile:
                    learnt = labels != IGNORED
                    inputs["shift_labels"] = labels = labels[learnt]
                    head = self.accelerator.unwrap_model(model).get_output_embeddings()
                    stack.enter_context(head.register_forward_pre_hook(lambda _, given: given[0][learnt]))
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

        def floating_point_ops(self, inputs: object) -> int:
            """Return 0: the number is not used, and counting the weights at every step costs time."""
            return 0

    return Fast


def completions_only(trainer: type) -> type:
    """Return the trainer class, GRPOTrainer or one made from it, that projects hidden states of completions only.

    TRL's fused head saves the memory of the logits. Without Triton, as on a CPU, it also projects the tokens of the
    prompts, and all of them twice, with gradients in fp32: half of the learning of a model of a large vocabulary.
    """
    torch = import_extra("torch", "train")

    class CompletionsOnly(trainer):  # type: ignore[misc]
        """Only how log-probabilities and entropies are computed differs."""

        def _get_per_token_logps_and_entropies(
            self,
            model: PreTrainedModel,
            input_ids: Tensor,
            attention_mask: Tensor,
            logits_to_keep: int,
            batch_size: int | None = None,
            compute_entropy: bool = False,
            compute_aux_loss: bool = False,
            **others: object,
        ) -> tuple[Tensor, Tensor | None, Tensor | None]:
            size = min(batch_size or len(input_ids), len(input_ids))
            vocabulary = int(self.accelerator.unwrap_model(model).config.get_text_config().vocab_size)
            if compute_aux_loss or size * logits_to_keep * vocabulary > ROOM:
                given = (input_ids, attention_mask, logits_to_keep, batch_size, compute_entropy, compute_aux_loss)
                return super()._get_per_token_logps_and_entropies(model, *given, **others)  # type: ignore[no-any-return]
            batches = zip(input_ids.split(size), attention_mask.split(size), strict=True)
            found = [self._score(model, *each, logits_to_keep) for each in batches]
            logps, entropies = (torch.cat(parts) for parts in zip(*found, strict=True))
            return logps, entropies if compute_entropy else None, None

        def _score(self, model: PreTrainedModel, ids: Tensor, mask: Tensor, kept: int) -> tuple[Tensor, Tensor]:
            with self.accelerator.autocast():
                outputs = model(input_ids=ids, attention_mask=mask, logits_to_keep=kept + 1, use_cache=False)
            every = (outputs.logits[:, :-1].float() / self.temperature).log_softmax(-1)
            unread = mask[:, -kept:] == 0
            with torch.no_grad():
                entropies = -(every.exp() * every).sum(-1)
            logps = every.gather(-1, ids[:, -kept:].unsqueeze(-1)).squeeze(-1)
            return logps.masked_fill(unread, 0.0), entropies.masked_fill(unread, 0.0)

    return CompletionsOnly


def in_one_order(trainer: type) -> type:
    """Return the trainer class with an order of rows that does not depend on how many processes share a batch.

    Rows of like length form whole updates, and the updates in random order but for the first, which holds
    the longest row: memory is short at once or never. transformers leaves them sorted, fifty at a time, so that
    lengths fall and jump back.
    """
    torch = import_extra("torch", "train")
    grouped = import_extra("transformers.trainer_pt_utils", "train").LengthGroupedSampler

    class Updates(grouped):  # type: ignore[misc, valid-type]
        """Only the order of whole updates differs; the rows that are left over stay last."""

        def __iter__(self) -> Iterator[int]:
            rows = list(super().__iter__())
            starts = range(self.batch_size, len(rows) - self.batch_size + 1, self.batch_size)
            order = torch.randperm(len(starts), generator=self.generator).tolist()
            yield from rows[: self.batch_size]
            for place in order:
                yield from rows[starts[place] : starts[place] + self.batch_size]
            yield from rows[self.batch_size * (len(starts) + 1) :]

    class InOneOrder(trainer):  # type: ignore[misc]
        """Only the sampler differs."""

        def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Updates:
            lengths = (self.train_dataset if train_dataset is None else train_dataset)["length"]
            rows = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
            return Updates(rows, lengths=list(lengths))  # a column of a dataset is decoded at each access

    return InOneOrder
