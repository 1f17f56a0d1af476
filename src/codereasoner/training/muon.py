"""Muon (arXiv:2502.16982) for the matrices of a transformer and AdamW for everything else, as one optimizer.

Muon makes every update of a matrix equally large in all directions. A small transformer that is trained from scratch
learns from about a third of the tokens that AdamW needs.

`torch.optim.Muon` multiplies in bf16, one matrix after another. Many processors emulate bf16, and a step then takes six
times as long as the gradients it uses. Here matrices of one shape, or of its transpose, are multiplied together, and in
fp32 unless the device is a GPU with bf16 units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codereasoner.errors import import_extra
from codereasoner.training.training_config import TrainingConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import PreTrainedModel

MOMENTUM = 0.95
STEPS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Newton-Schulz steps and their quintic polynomial, as the paper and torch.optim.Muon have them: after five steps
every singular value lies between about 0.7 and 1.2, which is near enough to 1 for an update."""

MATCH_ADAMW = 0.2
"""The update's root mean square, like AdamW's (section 2.2 of the paper), so that both share one learning rate."""


def make_optimizer(model: PreTrainedModel, config: TrainingConfig) -> Optimizer | None:
    """Return the optimizer that a config names; None leaves AdamW to the trainer."""
    if config.optimizer != "muon":
        return None
    return make_muon(model, config.learning_rate, config.adam_beta2, config.weight_decay)


def make_muon(
    model: PreTrainedModel, learning_rate: float, beta2: float = 0.999, weight_decay: float = 0.0
) -> Optimizer:
    """Return the optimizer of a model's weights.

    Embeddings, norms and biases get AdamW at the same learning rate. Weight decay is for matrices and embeddings, as
    transformers has it.
    """
    torch = import_extra("torch", "train")
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    embeddings = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    matrices = [weight for _, weight in named if weight.ndim == 2 and id(weight) not in embeddings]
    chosen = {id(weight) for weight in matrices}
    rest = [weight for _, weight in named if id(weight) not in chosen]
    decayed = {"params": [weight for weight in rest if weight.ndim >= 2], "weight_decay": weight_decay}
    kept = {"params": [weight for weight in rest if weight.ndim < 2], "weight_decay": 0.0}
    groups = [group for group in (decayed, kept) if group["params"]]
    optimizer = torch.optim.Optimizer
    muon = _muon(optimizer)(matrices, {"lr": learning_rate, "weight_decay": weight_decay})
    adamw = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, beta2), fused=True)
    return _both(optimizer)([muon, adamw])


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """Return matrices with all their singular values near 1, by one batched Newton-Schulz iteration.

    They have one shape, which some may have transposed.
    """
    torch = import_extra("torch", "train")
    tall = [matrix.size(0) > matrix.size(1) for matrix in matrices]
    stack = torch.stack([matrix.mT if high else matrix for matrix, high in zip(matrices, tall, strict=True)])
    x = stack.to(_product_dtype(stack.device))
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    x = _narrow(x) if x.size(2) < 2 * x.size(1) or x.dtype == torch.bfloat16 else _wide(x)
    return [made.mT if high else made for made, high in zip(x.to(stack.dtype).unbind(), tall, strict=True)]


def _narrow(x: Tensor) -> Tensor:
    """Iterate on the matrices themselves."""
    for _ in range(STEPS):
        x = _polynomial(x @ x.mT) @ x
    return x


def _wide(x: Tensor) -> Tensor:
    """Iterate on the products of rows alone, a third fewer operations: every factor is a polynomial in them.

    It squares the singular values, which takes the precision of fp32.
    """
    gram = x @ x.mT
    whole = factor = _polynomial(gram)
    for _ in range(STEPS - 1):
        gram = factor @ (gram @ factor)
        factor = _polynomial(gram)
        whole = factor @ whole
    return whole @ x


def _polynomial(gram: Tensor) -> Tensor:
    torch = import_extra("torch", "train")
    linear, cubic, quintic = COEFFICIENTS
    found = torch.baddbmm(gram, gram, gram, beta=cubic, alpha=quintic)
    found.diagonal(dim1=1, dim2=2).add_(linear)
    return found


def _product_dtype(device: torch.device) -> torch.dtype:
    torch = import_extra("torch", "train")
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float32


def _muon(optimizer: type) -> type:
    torch = import_extra("torch", "train")

    class Muon(optimizer):  # type: ignore[misc]
        """Nesterov momentum, made orthogonal, and decoupled weight decay."""

        @torch.no_grad()  # type: ignore[untyped-decorator]
        def step(self, closure: object = None) -> None:
            for group in self.param_groups:
                shapes = defaultdict(list)
                for weight in group["params"]:
                    if weight.grad is not None:
                        shapes[tuple(sorted(weight.shape))].append(weight)
                for shape, weights in shapes.items():
                    if group["weight_decay"]:
                        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                    scale = -group["lr"] * MATCH_ADAMW * shape[-1] ** 0.5
                    torch._foreach_add_(weights, orthogonal(self._momentum(weights)), alpha=scale)

        def _momentum(self, weights: Sequence[Tensor]) -> Sequence[Tensor]:
            for weight in weights:
                self.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight))
            buffers = [self.state[weight]["momentum_buffer"] for weight in weights]
            gradients = [weight.grad for weight in weights]
            torch._foreach_lerp_(buffers, gradients, 1 - MOMENTUM)
            return torch._foreach_lerp(gradients, buffers, MOMENTUM)  # type: ignore[no-any-return]

    return Muon


def _both(optimizer: type) -> type:
    class Both(optimizer):  # type: ignore[misc]
        """Two optimizers that step together; their groups are shared, so one schedule moves both."""

        def __init__(self, parts: Sequence[Optimizer]) -> None:
            self.parts = parts
            groups = [group for part in parts for group in part.param_groups]
            super().__init__([weight for group in groups for weight in group["params"]], {})
            self._share()

        def _share(self) -> None:
            self.param_groups = [group for part in self.parts for group in part.param_groups]

        def step(self, closure: object = None) -> None:
            for part in self.parts:
                part.step()

        def state_dict(self) -> dict[str, object]:
            return {"parts": [part.state_dict() for part in self.parts]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            for part, state in zip(self.parts, state_dict["parts"], strict=True):
                part.load_state_dict(state)
            self._share()

    return Both
