# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Arguments as callers give them, before autograd sees them: types, and what may have a gradient."""

from numbers import Real
from typing import Union

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ._library import DTYPE

_CASTABLE = (torch.float32, torch.bfloat16, torch.float16)


def refuse_forward_mode() -> None:
    """PyTorch asks operators for no derivative in forward mode: without a word it would be zero."""
    if getattr(forward_ad, "_current_level", -1) >= 0:
        raise RuntimeError("infinitile_clip has no forward-mode derivatives: call it outside of torch.func.jvp and forward_ad.dual_level, and use backward() or grad()")


def embeddings(name: str, value: Tensor, first: Tensor) -> Tensor:
    """Of the exported type; within `torch.autocast` of any that it casts. Its gradient is of the type that is given here."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is {type(value).__name__}: a tensor is needed")
    if value.dtype != DTYPE and not (value.dtype in _CASTABLE and torch.is_autocast_enabled(value.device.type)):
        raise TypeError(f"{name} is {value.dtype}: this package was exported for {DTYPE}, and casts to it within torch.autocast alone")
    if value.is_meta != first.is_meta:
        raise _elsewhere(name, value, first)
    return value


def _elsewhere(name: str, value: Tensor, first: Tensor) -> ValueError:
    """Of a tensor on meta among others: PyTorch would take the call for one that is traced, and give what no one has computed."""
    return ValueError(f"{name} is on {value.device}: it is needed on {first.device}, where the embeddings are")


def scalar(name: str, value: Union[Tensor, float], first: Tensor) -> Tensor:
    """A learned scalar, or a number that is none."""
    if not isinstance(value, Tensor):
        if not isinstance(value, (float, int, Real)):
            raise TypeError(f"{name} is {type(value).__name__}: a number, or a tensor of one, is needed")
        return torch.full((), float(value), dtype=torch.float64, device="cpu")
    if value.is_meta and not first.is_meta:
        raise _elsewhere(name, value, first)
    if value.numel() != 1:
        raise ValueError(f"{name} has shape {list(value.shape)}: one number is needed")
    if not value.is_floating_point():
        raise TypeError(f"{name} is {value.dtype}: a floating point number is needed")
    return value if value.dim() == 0 else value.reshape(())
