# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Whether someone looks at operators. Where no one does, their dispatch is left out: at small sizes it costs more than the rest."""

from typing import Any, Dict, Optional, Tuple

import torch
from torch import Tensor
from torch.nn import Parameter

_PLAIN = (Tensor, Parameter)
#: As PyTorch's own Python asks them; a version without one of them is always given operators.
_modes: Any = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
_transforms: Any = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
_keys: Any = getattr(torch._C, "_dispatch_keys", None)
#: What the dispatcher knows of a tensor with nothing particular about it, by the kind of its device; and of any.
_keys_by_kind: Dict[str, int] = {}
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
    return keys in _plain_keys or keys == _plain_keys_of(tensor.device)


def _plain_keys_of(device: torch.device) -> Optional[int]:
    global _plain_keys
    if device.type not in ("cpu", "cuda"):
        return None
    if device.type not in _keys_by_kind:
        with torch.inference_mode(False):
            _keys_by_kind[device.type] = _keys(torch.empty(0, device=device)).raw_repr()
        _plain_keys = (*_plain_keys, _keys_by_kind[device.type])
    return _keys_by_kind[device.type]
