# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""The loss as autograd sees it: one operator, whose gradients are kept from forward to backward."""

from typing import Any, Callable, Optional, Tuple

import torch
from torch import Tensor

from ._gradients import parts_of
from ._operator import operator
from ._ops import forward, forward_backward, loss_alone, loss_and_gradients
from ._products import products
from ._tracing import is_traced

#: The loss and its gradients of what is differentiated, and of a group.
Compute = Callable[..., Tuple[Tensor, Tensor]]


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, log_scale: Tensor, group: str, compute: Compute) -> Tensor:
        loss, kept = compute(queries, keys, log_scale, group)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(kept)
        ctx.parts = parts_of((queries, keys, log_scale))
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Optional[Tensor]) -> Tuple[Optional[Tensor], ...]:
        """The loss is one number: its gradients are those that were kept, times what comes in."""
        if torch.is_grad_enabled():
            raise RuntimeError("infinitile_clip has no second derivatives: call backward() or grad() without create_graph=True")
        if grad is None:
            return (None,) * 5
        gradients = products(ctx.saved_tensors[0], grad, ctx.parts, ctx.needs_input_grad)
        return (*gradients, None, None)


#: `_Loss.apply` without what it does for wrappers of `torch.func`, which are looked for here already.
_apply_plain: Callable[..., Tensor] = super(torch.autograd.Function, _Loss).apply


def apply(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    """The loss, with its gradients where an argument needs one."""
    traced = is_traced(queries, keys, log_scale)
    if not (torch.is_grad_enabled() and (queries.requires_grad or keys.requires_grad or log_scale.requires_grad)):
        return (forward if traced else loss_alone)(queries, keys, log_scale, group)
    if not traced:
        return _apply_plain(queries, keys, log_scale, group, loss_and_gradients)
    differentiated: Callable[..., Tensor] = _Loss.apply
    return differentiated(queries, keys, log_scale, group, forward_backward)


#: The same for what compiles a program, which sees one operator; else its dispatch would cost time for nothing.
loss = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> Tensor", name="loss")(apply)
