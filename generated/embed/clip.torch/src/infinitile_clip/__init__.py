# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Loss `clip` and its exact gradients, for embeddings of 512 numbers in bf16: as a function, and as a module."""

from .functional import clip_loss
from .module import ClipLoss

__all__ = ["ClipLoss", "clip_loss"]
