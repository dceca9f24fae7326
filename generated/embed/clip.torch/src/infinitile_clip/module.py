# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Loss `clip` as a module, called as open_clip's losses are."""

import math
from numbers import Real
from typing import Dict, Optional, Union

import torch.distributed as dist
from torch import Tensor, nn

from ._messages import group_name
from ._ring import checked
from .functional import clip_loss


class ClipLoss(nn.Module):
    """Loss `clip` of embeddings of 512 numbers in bf16, and its exact gradients: the matrix of similarities is never stored.

    With `world_size` processes the loss is of the rows of all of them, in rounds between neighbours, and its gradients are those that
    DistributedDataParallel averages to the gradient of the whole loss: open_clip's with `gather_with_grad`.

    Args:
        rank, world_size: of this process in `group`.
        group: the processes; by default all of them.
        gather_with_grad: whether gradients reach the rows of other processes; here they always do.
        local_loss: whether several processes each get the loss of their own rows, among those of all; here each gets the loss of all rows.
        cache_labels: whether open_clip keeps its labels from step to step. There are none here, so that results are the same either way.
        use_horovod: messages go by `torch.distributed` alone.

    Raises:
        ValueError: an option that is not there, or a rank or size that the group does not have.
        RuntimeError: several processes, and `torch.distributed.init_process_group()` has not been called.
    """

    def __init__(
        self,
        *,
        local_loss: bool = False,
        gather_with_grad: bool = True,
        cache_labels: bool = False,
        rank: int = 0,
        world_size: int = 1,
        use_horovod: bool = False,
        group: Optional[dist.ProcessGroup] = None,
    ) -> None:
        super().__init__()
        if use_horovod:
            raise ValueError("use_horovod is True: processes reach each other by torch.distributed alone")
        if world_size > 1 and local_loss:
            raise ValueError("local_loss is True: every process gets the loss of all rows, and the gradients that local_loss gives; leave it out")
        if world_size > 1 and not gather_with_grad:
            raise ValueError("gather_with_grad is False: the gradients are exact here, of the rows of all processes; give True")
        self._group = group_name(group, rank, world_size)

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Union[Tensor, float],
        *,
        output_dict: bool = False,
    ) -> Union[Tensor, Dict[str, Tensor]]:
        """As `clip_loss`, whose log_scale is the logarithm of logit_scale. With `output_dict`, in a dict as `contrastive_loss`."""
        loss = clip_loss(image_features, text_features, checked(self._group, image_features, _log, logit_scale), group=self._group)
        return {"contrastive_loss": loss} if output_dict else loss


def _log(scale: Union[Tensor, float]) -> Union[Tensor, float]:
    if isinstance(scale, Tensor):
        if scale.numel() != 1:
            raise ValueError(f"logit_scale has shape {list(scale.shape)}: one number is needed")
        return scale.log()
    if not isinstance(scale, (float, int, Real)):
        raise TypeError(f"logit_scale is {type(scale).__name__}: a number, or a tensor of one, is needed")
    if not 0 < scale < math.inf:
        raise ValueError(f"logit_scale is {scale}: a finite number above 0 is needed")
    return math.log(scale)
