# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""What autograd asks for: the gradients that were kept, times what comes in."""

from typing import List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ._gradients import Part
from ._handle import handle_of
from ._library import PRODUCT_TYPES
from ._tracing import is_traced


def products(kept: Tensor, grad: Tensor, parts: Sequence[Part], needed: Sequence[bool]) -> List[Optional[Tensor]]:
    """In the types of the arguments, on their devices; None for those that need none.

    In one call of the library, which rounds as it writes; by operators where these are looked at, or a type is not the library's."""
    device = grad.device
    plain = grad.dtype == torch.float32 and not is_traced(grad, kept) and _lies_as_kept(kept, parts, device)
    address = kept.data_ptr() if plain else 0
    found: List[Optional[Tensor]] = []
    mine: List[Tuple[int, Tensor]] = []
    for (begin, count, shape, strides, dtype, place), wanted in zip(parts, needed):
        if not wanted:
            found.append(None)
        elif plain and place == device and dtype in PRODUCT_TYPES:
            product = torch.empty_strided(shape, strides, dtype=dtype, device=device)
            mine.append((address + 4 * begin, product))
            found.append(product)
        else:
            found.append(_product(kept[begin : begin + count].view(shape), grad, dtype).to(place))
    if mine:
        handle_of(device).multiply(grad, mine)
    return found


def _lies_as_kept(kept: Tensor, parts: Sequence[Part], device: torch.device) -> bool:
    """Hooks of saved tensors may bring back another. The last part is the one that ends last."""
    begin, count, *_ = parts[-1]
    return kept.dtype == torch.float32 and kept.device == device and kept.numel() >= begin + count and kept.is_contiguous()


def _product(kept: Tensor, grad: Tensor, dtype: torch.dtype) -> Tensor:
    if kept.dtype == dtype:
        return kept * grad
    return torch.mul(kept, grad, out=torch.empty_like(kept, dtype=dtype))
