# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""The loss as operators of `torch.library`: what computes it, with gradients in the same walk and without any."""

from typing import List, Tuple

import torch
from torch import Tensor

from . import _memory
from ._handle import Handle, handle_of
from ._library import DIM
from ._operator import operator
from ._ring import for_averages, loss_of


def _fake_forward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    return queries.new_empty((), dtype=torch.float32)


@operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> Tensor", fake=_fake_forward)
def forward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    """The loss; of the rows of all ranks of a process group, where one is named."""
    loss, _ = loss_of(lambda: _prepare(queries, keys, log_scale), queries.device, group, gradients=False)
    return torch.full((), loss, dtype=torch.float32, device=queries.device)


def _kept(param: Tensor) -> torch.dtype:
    """The type that a gradient is kept in: its parameter's own where that is fp32, so that backward has nothing to convert."""
    return torch.float32 if param.dtype == torch.float32 else torch.float64


def _fake_forward_backward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        queries.new_empty((), dtype=torch.float32),
        queries.new_empty(queries.shape, dtype=torch.float32),
        keys.new_empty(keys.shape, dtype=torch.float32),
        torch.empty((), dtype=_kept(log_scale), device="cpu"),
    )


@operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> (Tensor, Tensor, Tensor, Tensor)", fake=_fake_forward_backward)
def forward_backward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """The loss, and its gradients: of embeddings in fp32, of learned scalars on the host, where the library has them."""
    gradients: List[Tensor] = []

    def prepare() -> Tuple[Handle, int, int]:
        prepared = _prepare(queries, keys, log_scale)
        gradients.append(torch.empty_like(queries, dtype=torch.float32, memory_format=torch.contiguous_format))
        _memory.set_rows(prepared[0].gradients.queries, gradients[-1])
        gradients.append(torch.empty_like(keys, dtype=torch.float32, memory_format=torch.contiguous_format))
        _memory.set_rows(prepared[0].gradients.keys, gradients[-1])
        return prepared

    loss, handle = loss_of(prepare, queries.device, group, gradients=True)
    for_averages(group, gradients)
    [d_queries, d_keys] = gradients
    return (
        torch.full((), loss, dtype=torch.float32, device=queries.device),
        d_queries,
        d_keys,
        torch.full((), handle.gradients.params.log_scale, dtype=_kept(log_scale), device="cpu"),
    )


def _prepare(queries: Tensor, keys: Tensor, log_scale: Tensor) -> Tuple[Handle, int, int]:
    """The thread's handle with its inputs, and how many queries and keys there are."""
    device = _memory.device_of("queries", queries)
    queries = _memory.matrix("queries", queries, DIM, device)
    keys = _memory.matrix("keys", keys, DIM, device)
    query_count = len(queries)
    key_count = len(keys)

    handle = handle_of(device)
    inputs = handle.inputs
    inputs.params.log_scale = _memory.number("log_scale", log_scale)
    _memory.set_rows(inputs.queries, queries)
    _memory.set_rows(inputs.keys, keys)
    handle.tensors = (queries, keys)
    return handle, query_count, key_count
