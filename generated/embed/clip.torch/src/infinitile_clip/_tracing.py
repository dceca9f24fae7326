# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Whether someone looks at operators. Where no one does, their dispatch is left out: at small sizes it costs more than the rest."""

from typing import Any, Tuple

import torch
from torch import Tensor
from torch.nn import Parameter

_PLAIN = (Tensor, Parameter)
#: As PyTorch's own Python asks them; a version without one of them is always given operators.
_modes: Any = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
_transforms: Any = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
_keys: Any = getattr(torch._C, "_dispatch_keys", None)
#: What the dispatcher knows of tensors with nothing particular about them, on the devices that were met.
_plain_keys: Tuple[int, ...] = ()


def is_traced(*tensors: Tensor) -> bool:
    """By a compiler, `torch.jit.trace`, a dispatch mode, a transform of `torch.func`; or a tensor is more than its memory: a subclass, negated
    in place, batched, zero, sparse, without any."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or _modes() > 0 or _transforms() or _keys is None:
        return True
    for tensor in tensors:
        if type(tensor) not in _PLAIN or not _is_plain(tensor):
            return True
    return False


def _is_plain(tensor: Tensor) -> bool:
    keys = _keys(tensor).raw_repr()
    return keys in _plain_keys or keys == _keys_of_plain(tensor.device)


def _keys_of_plain(device: torch.device) -> int:
    """0 on devices that the library does not compute on."""
    global _plain_keys
    if device.type not in ("cpu", "cuda"):
        return 0
    with torch.inference_mode(False):
        keys: int = _keys(torch.empty(0, device=device)).raw_repr()
    if keys not in _plain_keys:
        _plain_keys = (*_plain_keys, keys)
    return keys
