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
from ._ring import for_averages, is_alone, shared_loss


def _fake_forward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    return queries.new_empty((), dtype=torch.float32)


def loss_alone(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    """The loss; of the rows of all ranks of a process group, where one is named."""
    numbers: List[Tensor] = []

    def prepare() -> Handle:
        handle = _prepare(queries, keys, log_scale, group)
        numbers.append(_number(queries))
        handle.results.loss = numbers[0].data_ptr()
        return handle

    if is_alone(group):
        prepare().enqueue(gradients=False)
    else:
        loss, _ = shared_loss(prepare, queries.device, group, gradients=False)
        numbers[0].fill_(loss)
    return numbers[0]


forward = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> Tensor", name="forward", fake=_fake_forward)(loss_alone)


def _number(first: Tensor) -> Tensor:
    """A place for one, where the embeddings are."""
    return torch.empty((), dtype=torch.float32, device=first.device)


def _fake_forward_backward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        queries.new_empty((), dtype=torch.float32),
        queries.new_empty(queries.shape, dtype=torch.float32),
        keys.new_empty(keys.shape, dtype=torch.float32),
        queries.new_empty((), dtype=torch.float32),
    )


def loss_and_gradients(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """The loss, and its gradients, all in fp32 where the embeddings are."""
    numbers: List[Tensor] = []
    gradients: List[Tensor] = []

    def prepare() -> Handle:
        handle = _prepare(queries, keys, log_scale, group)
        gradients.append(torch.empty_like(queries, dtype=torch.float32, memory_format=torch.contiguous_format))
        _memory.set_rows(handle.gradients.queries, gradients[-1])
        gradients.append(torch.empty_like(keys, dtype=torch.float32, memory_format=torch.contiguous_format))
        _memory.set_rows(handle.gradients.keys, gradients[-1])
        numbers.append(_number(queries))
        handle.results.loss = numbers[-1].data_ptr()
        numbers.append(_number(queries))
        handle.results.params.log_scale = numbers[-1].data_ptr()
        return handle

    if is_alone(group):
        prepare().enqueue(gradients=True)
    else:
        loss, handle = shared_loss(prepare, queries.device, group, gradients=True)
        for number, value in zip(numbers, [loss, handle.gradients.params.log_scale]):
            number.fill_(value)
        for_averages(group, gradients)
    return numbers[0], gradients[0], gradients[1], numbers[1]


forward_backward = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> (Tensor, Tensor, Tensor, Tensor)", name="forward_backward", fake=_fake_forward_backward)(loss_and_gradients)


def _prepare(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Handle:
    """The thread's handle with its inputs."""
    device = _memory.device_of("queries", queries)
    queries = _memory.matrix("queries", queries, DIM, device)
    keys = _memory.matrix("keys", keys, DIM, device)
    query_count = queries.shape[0]
    key_count = keys.shape[0]

    handle = handle_of(device)
    inputs = handle.inputs
    # A number that lies on the GPU is read there with all that has to be known first; ranks tell each other.
    placed = _memory.is_placed(log_scale, device) and is_alone(group)
    handle.param_places.log_scale = log_scale.data_ptr() if placed else None
    inputs.params.log_scale = 0.0 if placed else _memory.number("log_scale", log_scale)
    _memory.set_rows(inputs.queries, queries)
    _memory.set_rows(inputs.keys, keys)
    handle.tensors = (queries, keys, log_scale)
    handle.rows = (query_count, key_count)
    return handle
