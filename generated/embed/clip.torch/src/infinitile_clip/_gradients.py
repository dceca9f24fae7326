# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Gradients from forward to backward: in fp32, one argument's behind another's in one piece of memory. A piece for each would be more to
make, to keep and to look at, on a thread of autograd that has just woken up."""

from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from ._library import DIM
from ._memory import ALIGNMENT

#: Where the gradient of an argument begins, in numbers, how many it has, its shape and strides, and the argument's type and device.
Part = Tuple[int, int, Tuple[int, ...], Tuple[int, ...], torch.dtype, torch.device]

#: In numbers: rows begin where the GPU's kernels write.
_GRANULE = ALIGNMENT // 4


def begins_of(arguments: Sequence[Tensor]) -> List[int]:
    """Where the gradient of each argument begins and, behind them, where the last one ends. Learned scalars are the last arguments."""
    begins = [0]
    for argument in arguments:
        count = argument.numel()
        begins.append(begins[-1] + (count if argument.dim() == 0 else (count + _GRANULE - 1) // _GRANULE * _GRANULE))
    return begins


def room_for(arguments: Sequence[Tensor], begins: Sequence[int], device: torch.device) -> Tensor:
    """For all gradients of a call. Gaps between them are zero, so that equal calls keep equal bytes."""
    kept = torch.empty(begins[-1], dtype=torch.float32, device=device)
    if DIM % _GRANULE != 0:
        for argument, begin, end in zip(arguments, begins, begins[1:]):
            kept[begin + argument.numel() : end].zero_()
    return kept


def parts_of(arguments: Sequence[Tensor]) -> List[Part]:
    return [
        (begin, argument.numel(), argument.shape, (DIM, 1) if argument.dim() > 0 else (), argument.dtype, argument.device)
        for begin, argument in zip(begins_of(arguments), arguments)
    ]
