# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""What ranks tell each other, by `torch.distributed`."""

from typing import Callable, List, Optional, Tuple

import torch
import torch.distributed as dist
from torch import Tensor

#: What goes to the next rank, and the place for what comes from the one before; their lengths are known on both sides.
Message = Tuple[Tensor, Tensor]


def group_name(group: Optional[dist.ProcessGroup], rank: int, world_size: int) -> str:
    """Of the processes that share a loss; empty for one alone."""
    if world_size < 1:
        raise ValueError(f"world_size is {world_size}: 1 at least is needed")
    if world_size == 1 and group is None:
        if rank != 0:
            raise ValueError(f"rank is {rank}: of one process it is 0")
        return ""
    own = group or (dist.group.WORLD if dist.is_available() else None)
    if own is None:
        raise RuntimeError(f"world_size is {world_size}: torch.distributed.init_process_group() comes first")
    found = (dist.get_rank(own), dist.get_world_size(own))
    if found != (rank, world_size):
        raise ValueError(f"rank is {rank} and world_size is {world_size}: in the group this is rank {found[0]} of {found[1]}")
    return str(own.group_name)


def group_named(name: str) -> dist.ProcessGroup:
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(f"group is '{name}': torch.distributed.init_process_group() comes first")
    # As PyTorch's own functional collectives find theirs: operators take names.
    resolve: Callable[[str], dist.ProcessGroup] = getattr(dist.distributed_c10d, "_resolve_process_group")
    return resolve(name)


class Neighbours:
    """A rank of a process group, its next and the one before."""

    def __init__(self, group: dist.ProcessGroup, device: torch.device) -> None:
        self._group = group
        self.rank, self.ranks = dist.get_rank(group), dist.get_world_size(group)
        self._next = dist.get_global_rank(group, (self.rank + 1) % self.ranks)
        self._before = dist.get_global_rank(group, (self.rank - 1) % self.ranks)
        backend = dist.get_backend(group)
        # Gloo carries what is in the host's memory, and NCCL what is on a GPU.
        self._carried = torch.device("cpu") if backend == "gloo" else device
        # What ranks agree on goes where all of them have a place, whatever one has been given.
        self._gathered = torch.device("cuda", torch.cuda.current_device()) if backend == "nccl" and device.type != "cuda" else self._carried

    def require(self, device: torch.device) -> None:
        """That messages of a device are carried: looked at where the others hear of it."""
        if self._gathered != self._carried:
            raise ValueError(f"embeddings are on {device}, and NCCL carries what is on a GPU: a group of Gloo is needed")

    def gather(self, mine: Tensor) -> Tensor:
        """A tensor of the host from each rank, one behind the other."""
        own = mine.to(self._gathered)
        everyone = torch.empty((self.ranks, *own.shape), dtype=own.dtype, device=self._gathered)
        dist.all_gather(list(everyone.unbind()), own, group=self._group)
        return everyone.cpu()

    def start(self, messages: List[Message]) -> "Exchange":
        """On a GPU after what the current stream has been given so far, and beside what it is given from now on."""
        return Exchange(self._group, self._carried, self._next, self._before, messages)


class Exchange:
    """Messages on their way."""

    def __init__(self, group: dist.ProcessGroup, carried: torch.device, to: int, source: int, messages: List[Message]) -> None:
        self._arriving = [(torch.empty_like(place, device=carried) if place.device != carried else place, place) for _, place in messages]
        # Kept until they have left.
        self._leaving = [sent.to(carried) for sent, _ in messages]
        operations = []
        for tag, (sent, (received, _)) in enumerate(zip(self._leaving, self._arriving)):
            if sent.numel() > 0:
                operations.append(dist.P2POp(dist.isend, sent, to, group, tag))
            if received.numel() > 0:
                operations.append(dist.P2POp(dist.irecv, received, source, group, tag))
        self._works = dist.batch_isend_irecv(operations) if operations else []

    def wait(self) -> None:
        for work in self._works:
            work.wait()
        for received, place in self._arriving:
            if received is not place:
                place.copy_(received)
