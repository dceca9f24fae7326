"""Liger's fused linear cross entropy (Triton), https://github.com/linkedin/Liger-Kernel: each side is the other's weight."""

import torch
from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction

from .dense import leaves
from .machine import Machine
from .outcome import Outcome


class Liger:
    def __init__(self, _machine: Machine, q, k):
        self.q, self.k = q, k
        self.labels = torch.arange(len(q), device=q.device)

    def step(self, values: dict[str, float]) -> Outcome:
        q, k = self.q.detach().requires_grad_(), self.k.detach().requires_grad_()
        params = leaves(values, q.device)
        scaled = (params["logScale"].exp() * q.float()).to(q.dtype)
        # A tuple, longer from version to version: the loss is its first.
        by_row = LigerFusedLinearCrossEntropyFunction.apply(scaled, k, self.labels)[0]
        by_column = LigerFusedLinearCrossEntropyFunction.apply(k, scaled, self.labels)[0]
        # Not the mean: a gradient of 1 saves it a pass over each of its own.
        total = by_row + by_column
        total.backward()
        return Outcome(total.detach() / 2, {"logScale": params["logScale"].grad / 2})
