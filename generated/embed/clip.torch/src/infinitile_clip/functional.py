# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Loss `clip` as a function."""

from typing import Tuple, Union

import torch
from torch import Tensor

from . import _arguments, _autograd
from ._ring import checked


def clip_loss(queries: Tensor, keys: Tensor, log_scale: Union[Tensor, float], *, group: str = "") -> Tensor:
    """Loss `clip` of embeddings of 512 numbers in bf16, and its exact gradients: the matrix of similarities is never stored.

    Args:
        queries: embeddings [N, 512].
        keys: embeddings [M, 512].
        log_scale: the learned scalar `logScale`.
        group: the name of a process group (`group.group_name`), whose ranks have parts of the rows: the loss is then of all rows together.
            Gradients of a rank's embeddings come times the number of ranks, as DistributedDataParallel averages what is made of them;
            those of learned scalars are of the whole loss on every rank.

    Returns:
        The loss, fp32, of no dimension, on the device of the embeddings. Gradients are exact, and made in the same walk where one is
        needed; they are of the types that the arguments have.

    Raises:
        TypeError, ValueError: an argument is not what is needed.
        RuntimeError: no exported target runs on the device, or there is no driver; a derivative of a gradient, or one in
            forward mode, is asked for; another rank has refused what it was given.
    """
    of = _autograd.loss if torch.compiler.is_compiling() else _autograd.apply
    return of(*checked(group, queries, _taken, queries, keys, log_scale), group)


def _taken(queries: Tensor, keys: Tensor, log_scale: Union[Tensor, float]) -> Tuple[Tensor, Tensor, Tensor]:
    """What the operator is given."""
    _arguments.refuse_forward_mode()
    queries = _arguments.embeddings("queries", queries, queries)
    keys = _arguments.embeddings("keys", keys, queries)
    log_scale = _arguments.scalar("log_scale", log_scale, queries)
    return (queries, keys, log_scale)
