# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""The loss over the rows of all ranks of a process group: each computes with its own rows, and keys go round."""

from ctypes import byref, c_double, c_int64, c_void_p
from typing import Any, Callable, List, Optional, Sequence, Tuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from . import _library
from ._handle import Handle, stream_of
from ._library import RING_DONE, RING_KEYS, RING_SHARE, RING_SUMS
from ._messages import Message, Neighbours, group_named


def is_alone(group: str) -> bool:
    """Whether the loss is of this process: no group is named, or one without others."""
    return group == "" or dist.get_world_size(group_named(group)) == 1


def shared_loss(prepare: Callable[[], Handle], device: torch.device, group: str, *, gradients: bool) -> Tuple[float, Handle]:
    """The loss of the rows of all ranks of a group, and a handle that has the gradients of learned scalars. `prepare` gives it this rank's inputs,
    and places for the gradients of its embeddings."""
    neighbours = Neighbours(group_named(group), device)

    def carried() -> Handle:
        neighbours.require(device)
        return prepare()

    handle = _agreed(neighbours, carried)
    return _agreed_ring(neighbours, handle, gradients).run(), handle


def for_averages(group: str, gradients: Tensor) -> None:
    """Gradients of a rank's own rows, so that the mean over ranks of what is made of them is the gradient of the whole loss."""
    gradients.mul_(dist.get_world_size(group_named(group)))


T = TypeVar("T")


def checked(group: str, near: Any, check: Callable[..., T], *arguments: Any) -> T:
    """What `check` makes of arguments, before operators see them. What it refuses, the other ranks of a group hear where they first agree:
    none takes a rank's next call for this one. `near`: what this rank gives to compute with."""
    if group == "":
        return check(*arguments)
    if not isinstance(group, str):
        raise TypeError(f"group is {type(group).__name__}: the name of a process group (`group.group_name`), or '' for none, is needed")
    try:
        return check(*arguments)
    except Exception:
        device = near.device if isinstance(near, Tensor) else torch.device("cpu")
        Neighbours(group_named(group), device).gather(_said(True))
        raise


def _said(failed: bool) -> Tensor:
    return torch.tensor([failed], device="cpu")


def _agreed(neighbours: Neighbours, work: Callable[[], T]) -> T:
    """What `work` gives, where it fails on no rank; else an error on all of them, so that none waits for another."""
    result, failure = None, None
    try:
        result = work()
    except Exception as error:
        failure = error
    failed = neighbours.gather(_said(failure is not None)).flatten()
    if failure is not None:
        raise failure
    if failed.any() or result is None:
        raise RuntimeError(f"rank {int(failed.nonzero()[0])} has refused what it was given: its own error says why")
    return result


def _agreed_ring(neighbours: Neighbours, handle: Handle, gradients: bool) -> "Ring":
    counts = neighbours.gather(torch.tensor(handle.rows, device="cpu")).t().tolist()
    return _agreed(neighbours, lambda: Ring(handle, counts, neighbours, gradients=gradients))


class Ring:
    """A rank's part of one loss. What fails on one rank is an error on all."""

    def __init__(self, handle: Handle, counts: Sequence[Sequence[int]], neighbours: Neighbours, *, gradients: bool) -> None:
        """`counts`: queries and keys of each rank."""
        self._neighbours = neighbours
        # The library's ring is of its handle, which stays at least as long.
        self._handle, self._device = handle, handle.device
        self._ring = c_void_p()
        self._failure: Optional[Exception] = None
        ranks = neighbours.ranks
        queries, keys = ((c_int64 * ranks)(*side) for side in counts)
        group = _library.RingGroup(neighbours.rank, ranks, queries, keys)
        wanted = byref(handle.gradients) if gradients else None
        size = _library.ring_workspace_bytes(handle.pointer, byref(group), byref(handle.inputs), wanted)
        if size == 0:
            raise ValueError(_library.last_error().decode())
        # What the ring reads and writes stays until it is gone.
        self._tensors, handle.tensors = handle.tensors, ()
        self._workspace = torch.empty(size, dtype=torch.uint8, device=self._device)
        given = (handle.pointer, byref(group), byref(handle.inputs), self._workspace.data_ptr(), size, stream_of(self._device), wanted)
        _library.check(_library.ring_begin(*given, byref(self._ring)))

    def __del__(self) -> None:
        _library.ring_destroy(self._ring)

    def run(self) -> float:
        """The loss; gradients lie where the handle's `gradients` say."""
        while (phase := _library.ring_next(self._ring)) != RING_DONE:
            if phase == RING_SHARE:
                self._share()
            else:
                self._pass()
        if self._failure is not None:
            raise self._failure
        loss = c_double()
        _library.check(_library.ring_loss(self._ring, byref(loss)))
        return loss.value

    def _share(self) -> None:
        mine = torch.empty(_library.ring_share_bytes(self._ring), dtype=torch.uint8, device="cpu")
        # What has failed here is in the share: the others wait for it.
        _library.ring_share(self._ring, mine.data_ptr())
        everyone = self._neighbours.gather(mine)
        self._note(_library.ring_agree(self._ring, everyone.data_ptr()))

    def _pass(self) -> None:
        """Keys come by, of each rank's columns in turn; their sums follow a step behind."""
        rank, ranks = self._neighbours.rank, self._neighbours.ranks
        keys, sums = self._places(RING_KEYS), self._places(RING_SUMS)
        self._note(_library.ring_keys(self._ring, keys[0].data_ptr()))
        for step in range(ranks):
            shard = (rank - step) % ranks
            messages: List[Message] = []
            if step < ranks - 1:
                messages.append((self._part(keys[step % 2], RING_KEYS, shard), self._part(keys[(step + 1) % 2], RING_KEYS, shard - 1)))
            if step > 0:
                messages.append((self._part(sums[(step - 1) % 2], RING_SUMS, shard + 1), self._part(sums[step % 2], RING_SUMS, shard)))
            exchange = self._neighbours.start(messages)
            self._note(_library.ring_step(self._ring, shard, keys[step % 2].data_ptr()))
            exchange.wait()
            self._note(_library.ring_merge(self._ring, shard, sums[step % 2].data_ptr()))
        last, home = sums[(ranks - 1) % 2], sums[ranks % 2]
        self._neighbours.start([(self._part(last, RING_SUMS, rank + 1), self._part(home, RING_SUMS, rank))]).wait()
        self._note(_library.ring_end(self._ring, home.data_ptr()))

    def _places(self, message: int) -> List[Tensor]:
        """One that is used and passed on, and one that arrives."""
        size = max(_library.ring_message_bytes(self._ring, message, shard) for shard in range(self._neighbours.ranks))
        return [torch.empty(max(size, 1), dtype=torch.uint8, device=self._device) for _ in range(2)]

    def _part(self, place: Tensor, message: int, shard: int) -> Tensor:
        return place[: _library.ring_message_bytes(self._ring, message, shard % self._neighbours.ranks)]

    def _note(self, status: int) -> None:
        """Remembers what has failed first: others wait for messages and shares until they hear of it, and the ring is done."""
        try:
            _library.check(status)
        except Exception as error:
            self._failure = self._failure or error
