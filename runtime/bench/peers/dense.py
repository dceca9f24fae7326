"""The losses as they are written in training code: the matrix of logits, autograd."""

import torch
import torch.nn.functional as F

from .machine import Machine
from .outcome import Outcome


def products(q, k, params):
    # Scaled in fp32: a scale rounded to sixteen bits would be another loss.
    return ((params["logScale"].exp() * q.float()).to(q.dtype) @ k.t()).float()


def clip(q, k, params):
    logits = products(q, k, params)
    labels = torch.arange(len(q), device=q.device)
    return (F.cross_entropy(logits, labels, reduction="sum") + F.cross_entropy(logits.t(), labels, reduction="sum")) / 2


def siglip(q, k, params):
    # softplus(-s) = softplus(s) - s for the positives.
    logits = products(q, k, params) + params["bias"]
    return F.softplus(logits).sum() - logits.diagonal().sum()


LOSSES = {"clip": clip, "siglip": siglip}


class Dense:
    def __init__(self, machine: Machine, q, k, loss: str, compiled=False):
        self.machine, self.q, self.k = machine, q, k
        self.loss = torch.compile(LOSSES[loss], dynamic=False) if compiled else LOSSES[loss]

    def step(self, values: dict[str, float]) -> Outcome:
        rows = len(self.q)
        # Logits, their two log softmaxes and the gradients of these: about five matrices in fp32 at once.
        self.machine.require(5 * 4 * rows * len(self.k))
        q, k = self.q.detach().requires_grad_(), self.k.detach().requires_grad_()
        params = leaves(values, q.device)
        # Sixteen-bit gradients of a mean are too small for f16: the sum is what is differentiated.
        total = self.loss(q, k, params)
        total.backward()
        return Outcome(total.detach() / rows, {name: value.grad / rows for name, value in params.items()})


def leaves(values: dict[str, float], device) -> dict[str, torch.Tensor]:
    """Learned scalars, ready for autograd."""
    return {name: torch.tensor(float(value), device=device, requires_grad=True) for name, value in values.items()}
