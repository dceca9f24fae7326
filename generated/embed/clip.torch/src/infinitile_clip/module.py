# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Loss `clip` as a module, called as open_clip's losses are."""

import math
from typing import Dict, Union

from torch import Tensor, nn

from .functional import clip_loss


class ClipLoss(nn.Module):
    """Loss `clip` of embeddings of 512 numbers in bf16, and its exact gradients: the matrix of similarities is never stored.

    Of one process: `world_size` is 1, and in DistributedDataParallel each process has the loss of its own rows.
    """

    def __init__(self, rank: int = 0, world_size: int = 1) -> None:
        super().__init__()
        if (rank, world_size) != (0, 1):
            raise NotImplementedError(f"rank {rank} of world_size {world_size}: this module computes the loss of one process")

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Union[Tensor, float],
        *,
        output_dict: bool = False,
    ) -> Union[Tensor, Dict[str, Tensor]]:
        """As `clip_loss`, whose log_scale is the logarithm of logit_scale. With `output_dict`, in a dict as `contrastive_loss`."""
        loss = clip_loss(image_features, text_features, _log(logit_scale))
        return {"contrastive_loss": loss} if output_dict else loss


def _log(scale: Union[Tensor, float]) -> Union[Tensor, float]:
    return scale.log() if isinstance(scale, Tensor) else math.log(scale)
