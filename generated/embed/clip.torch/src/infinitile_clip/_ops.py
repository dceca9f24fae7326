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
from ._gradients import begins_of, room_for
from ._handle import Handle, handle_of
from ._library import DIM
from ._operator import operator
from ._ring import for_averages, is_alone, shared_loss


def _fake_forward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    return queries.new_empty((), dtype=torch.float32)


def loss_alone(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tensor:
    """The loss; of the rows of all ranks of a process group, where one is named."""
    results: List[Tensor] = []

    def prepare() -> Handle:
        handle = _prepare(queries, keys, log_scale, group)
        results.append(_number(queries))
        handle.results.loss = results[0].data_ptr()
        return handle

    if is_alone(group):
        prepare().enqueue(gradients=False)
    else:
        value, _ = shared_loss(prepare, queries.device, group, gradients=False)
        results[0].fill_(value)
    return results[0]


forward = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> Tensor", name="forward", fake=_fake_forward)(loss_alone)


def _number(first: Tensor) -> Tensor:
    """A place for one, where the embeddings are; made with strides, which takes PyTorch less time."""
    return torch.empty_strided((), (), dtype=torch.float32, device=first.device)


def _fake_forward_backward(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor]:
    end = begins_of((queries, keys, log_scale))[-1]
    return queries.new_empty((), dtype=torch.float32), queries.new_empty((end,), dtype=torch.float32)


def loss_and_gradients(queries: Tensor, keys: Tensor, log_scale: Tensor, group: str) -> Tuple[Tensor, Tensor]:
    """The loss, and its gradients as `_gradients` lays them out, all in fp32 where the embeddings are."""
    results: List[Tensor] = []
    arguments = (queries, keys, log_scale)
    begins = begins_of(arguments)

    def prepare() -> Handle:
        handle = _prepare(queries, keys, log_scale, group)
        results.append(_number(queries))
        results.append(room_for(arguments, begins, queries.device))
        handle.results.loss, address = results[0].data_ptr(), results[1].data_ptr()
        _memory.set_gradient(handle.gradients.queries, address + 4 * begins[0], queries)
        _memory.set_gradient(handle.gradients.keys, address + 4 * begins[1], keys)
        handle.results.params.log_scale = address + 4 * begins[2]
        return handle

    if is_alone(group):
        prepare().enqueue(gradients=True)
    else:
        value, handle = shared_loss(prepare, queries.device, group, gradients=True)
        results[0].fill_(value)
        # Behind the embeddings' lie those of learned scalars, which are the whole loss's already.
        for_averages(group, results[1][: begins[2]])
        results[1][begins[2]] = handle.gradients.params.log_scale
    return results[0], results[1]


forward_backward = operator("(Tensor queries, Tensor keys, Tensor log_scale, str group) -> (Tensor, Tensor)", name="forward_backward", fake=_fake_forward_backward)(loss_and_gradients)


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
