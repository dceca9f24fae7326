# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Functions as operators of `torch.library`, which autograd and `torch.compile` know."""

from typing import Any, Callable, List, Optional, TypeVar, cast

import torch

#: Typed here: PyTorch's own annotations leave it out.
_library: Any = torch.library
_operators = _library.Library("infinitile_clip", "DEF")

_tags: List[torch.Tag] = [torch.Tag.pt2_compliant_tag]
# A call looks at its inputs, which no CUDA graph can hold; newer versions of PyTorch are told so.
if hasattr(torch.Tag, "cudagraph_unsafe"):
    _tags.append(torch.Tag.cudagraph_unsafe)

#: Of what operators do, and a part of their names: by these alone PyTorch finds programs that it has compiled, in files that outlive a package.
_REVISION = "94cac480"

F = TypeVar("F", bound=Callable[..., Any])


def operator(schema: str, *, name: str = "", fake: Optional[Callable[..., Any]] = None) -> Callable[[F], F]:
    """Makes an operator of a function, of its name unless another is given.

    `torch.library.custom_op` would do it too, and looks through arguments and results at each call: at small sizes that is what costs most.

    Args:
        schema: arguments and results, as PyTorch's dispatcher writes them.
        fake: what gives tensors of the results' shapes and types to what traces the operator. Where there is none, the function is made of
            operators, and these are traced.
    """

    def define(function: F) -> F:
        own = f"{name or function.__name__}_{_REVISION}"
        _operators.define(f"{own}{schema}", tags=_tags)
        _operators.impl(own, function, "CompositeExplicitAutograd" if fake else "CompositeImplicitAutograd")
        if fake is not None:
            _library.register_fake(f"infinitile_clip::{own}", fake, lib=_operators)
        return cast(F, getattr(torch.ops.infinitile_clip, own).default)

    return define
