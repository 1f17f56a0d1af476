"""Muon (arXiv:2502.16982) for the matrices of a transformer, AdamW for everything else, as one optimizer.

Muon makes every update of a matrix equally large in all directions. A small transformer that is trained from scratch
learns from about a third of the tokens that AdamW needs.
"""

from __future__ import annotations

from typing import Any

from codereasoner.errors import import_extra


def make_optimizer(model: Any, config: Any) -> Any:
    """The optimizer that a config names; None leaves AdamW to the trainer."""
    return make_muon(model, config.learning_rate, config.adam_beta2) if config.optimizer == "muon" else None


def make_muon(model: Any, learning_rate: float, beta2: float = 0.999) -> Any:
    """The optimizer of a model's weights; embeddings, norms and biases get AdamW at the same learning rate."""
    torch = import_extra("torch", "train")
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    embeddings = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    matrices = [weight for _, weight in named if weight.ndim == 2 and id(weight) not in embeddings]
    chosen = {id(weight) for weight in matrices}
    rest = [weight for _, weight in named if id(weight) not in chosen]
    muon = torch.optim.Muon(matrices, lr=learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(rest, lr=learning_rate, weight_decay=0.0, betas=(0.9, beta2))
    return _both(torch.optim.Optimizer)([muon, adamw])


def _both(optimizer: type) -> type:
    class Both(optimizer):  # type: ignore[misc]
        """Two optimizers that step together; their groups are shared, so one schedule moves both."""

        def __init__(self, parts: list[Any]) -> None:
            self.parts = parts
            groups = [group for part in parts for group in part.param_groups]
            super().__init__([weight for group in groups for weight in group["params"]], {})
            self._share()

        def _share(self) -> None:
            self.param_groups = [group for part in self.parts for group in part.param_groups]

        def step(self, closure: Any = None) -> None:
            for part in self.parts:
                part.step()

        def state_dict(self) -> dict[str, Any]:
            return {"parts": [part.state_dict() for part in self.parts]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            for part, state in zip(self.parts, state_dict["parts"], strict=True):
                part.load_state_dict(state)
            self._share()

    return Both
