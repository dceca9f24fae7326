# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Whether someone looks at operators. Where no one does, their dispatch is left out: at small sizes it costs more than the rest."""

from typing import Any, Dict

import torch
from torch import Tensor
from torch.nn import Parameter

_PLAIN = (Tensor, Parameter)
#: As PyTorch's own Python asks them; a version without one of them is always given operators.
_modes: Any = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
_transforms: Any = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
_keys: Any = getattr(torch._C, "_dispatch_keys", None)
#: What the dispatcher knows of a tensor with nothing particular about it, by the kind of its device.
_plain_keys: Dict[str, int] = {}


def is_traced(*tensors: Tensor) -> bool:
    """By a compiler, `torch.jit.trace`, a dispatch mode, a transform of `torch.func`; or a tensor is more than its memory: a subclass, negated
    in place, batched, zero, sparse, without any."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or _modes() > 0 or _transforms() or _keys is None:
        return True
    return not all(type(tensor) in _PLAIN and _is_plain(tensor) for tensor in tensors)


def _is_plain(tensor: Tensor) -> bool:
    kind = tensor.device.type
    if kind not in ("cpu", "cuda"):
        return False
    if kind not in _plain_keys:
        with torch.inference_mode(False):
            _plain_keys[kind] = _keys(torch.empty(0, device=tensor.device)).raw_repr()
    return bool(_keys(tensor).raw_repr() == _plain_keys[kind])
