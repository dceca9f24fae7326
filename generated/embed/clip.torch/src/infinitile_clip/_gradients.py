# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Gradients from forward to backward: fp32 numbers in one piece of memory, of one argument behind the other. A piece for each would take
more time to make, to keep and to look at, which is what small calls spend most on."""

from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from ._library import DIM

#: Where the gradient of an argument begins, in numbers, how many it has, its shape and strides, and the argument's type and device.
Part = Tuple[int, int, Tuple[int, ...], Tuple[int, ...], torch.dtype, torch.device]

#: In numbers: where the GPU's kernels write rows.
_ALIGNMENT = 4


def laid_out(arguments: Sequence[Tensor]) -> List[int]:
    """Where the gradient of each argument begins and, behind them, where the last one ends. Learned scalars are the last arguments."""
    begins = [0]
    for argument in arguments:
        count = argument.numel()
        begins.append(begins[-1] + (count if argument.dim() == 0 else (count + _ALIGNMENT - 1) // _ALIGNMENT * _ALIGNMENT))
    return begins


def room_for(count: int, device: torch.device) -> Tensor:
    """For all gradients of a call. Where some do not follow each other at once, zeros lie between them: what is kept is the same for every call."""
    make = torch.empty if DIM % _ALIGNMENT == 0 else torch.zeros
    return make(count, dtype=torch.float32, device=device)


def parts_of(arguments: Sequence[Tensor]) -> List[Part]:
    return [
        (begin, argument.numel(), argument.shape, (DIM, 1) if argument.dim() > 0 else (), argument.dtype, argument.device)
        for begin, argument in zip(laid_out(arguments), arguments)
    ]
