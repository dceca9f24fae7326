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

from ._operator import operator
from ._ops import forward, forward_backward, loss_alone, loss_and_gradients
from ._products import products
from ._tracing import is_traced


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
        of = forward_backward if is_traced(queries, keys, log_scale) else loss_and_gradients
        loss, *gradients = of(queries, keys, log_scale, group)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*gradients)
        ctx.arguments = [(argument.dtype, argument.device) for argument in (queries, keys, log_scale)]
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Optional[Tensor]) -> Tuple[Optional[Tensor], ...]:
        """The loss is one number: its gradients are those that were kept, times what comes in."""
        if torch.is_grad_enabled():
            raise RuntimeError("infinitile_clip has no second derivatives: call backward() or grad() without create_graph=True")
        if grad is None:
            return (None,) * 4
        gradients = products(ctx.saved_tensors, grad, ctx.arguments, ctx.needs_input_grad)
        return (*gradients, None)


def apply(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    """The loss, with its gradients where an argument needs one."""
    if torch.is_grad_enabled() and (queries.requires_grad or keys.requires_grad or log_scale.requires_grad):
        differentiated: Callable[..., Tensor] = _Loss.apply
        return differentiated(queries, keys, log_scale, group)
    return (forward if is_traced(queries, keys, log_scale) else loss_alone)(queries, keys, log_scale, group)


#: The same for what compiles a program, which sees one operator; else its dispatch would cost time for nothing.
loss = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> Tensor", name="loss")(apply)
