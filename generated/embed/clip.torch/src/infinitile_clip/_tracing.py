# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Whether someone looks at operators. Where no one does, their dispatch is left out: at small sizes it costs more than the rest."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

_PLAIN = (Tensor, Parameter)
#: As PyTorch's own Python asks them; a version without one of them is always given operators.
_modes: Any = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
_transforms: Any = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


def is_traced(*tensors: Tensor) -> bool:
    """By a compiler, `torch.jit.trace`, a dispatch mode, a transform of `torch.func`, a subclass of tensors, or tensors without memory."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or _modes() > 0 or _transforms():
        return True
    return any(type(tensor) not in _PLAIN or tensor.is_meta for tensor in tensors)
