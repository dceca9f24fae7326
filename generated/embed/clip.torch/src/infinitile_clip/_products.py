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

from ._handle import handle_of
from ._library import PRODUCT_TYPES
from ._tracing import is_traced

#: Of an argument of the loss.
Argument = Tuple[torch.dtype, torch.device]


def products(kept: Sequence[Tensor], grad: Tensor, arguments: Sequence[Argument], needed: Sequence[bool]) -> List[Optional[Tensor]]:
    """In the types of the arguments, on their devices; None for those that need none.

    In one call of the library, which rounds as it writes; by operators where these are looked at, or a type is not the library's."""
    traced = is_traced(grad, *kept) or grad.dtype != torch.float32
    found: List[Optional[Tensor]] = []
    mine: List[Tuple[Tensor, Tensor]] = []
    for one, argument, wanted in zip(kept, arguments, needed):
        if not wanted:
            found.append(None)
        elif not traced and argument[0] in PRODUCT_TYPES and _lies_as_kept(one, grad):
            product = torch.empty_like(one, dtype=argument[0])
            mine.append((one, product))
            found.append(product)
        else:
            found.append(_product(one, grad, argument[0]))
    if mine:
        handle_of(grad.device).multiply(grad, mine)
    return [_placed(product, argument[1]) for product, argument in zip(found, arguments)]


def _lies_as_kept(kept: Tensor, grad: Tensor) -> bool:
    """Hooks of saved tensors may bring back another."""
    return kept.dtype == torch.float32 and kept.device == grad.device and kept.is_contiguous()


def _product(kept: Tensor, grad: Tensor, dtype: torch.dtype) -> Tensor:
    if kept.dtype == dtype:
        return kept * grad
    return torch.mul(kept, grad, out=torch.empty_like(kept, dtype=dtype))


def _placed(product: Optional[Tensor], device: torch.device) -> Optional[Tensor]:
    return product if product is None or product.device == device else product.to(device)
