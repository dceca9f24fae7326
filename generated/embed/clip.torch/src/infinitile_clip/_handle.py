# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Devices of the C library. A handle serves one call at a time: each thread has its own."""

import os
import threading
from ctypes import byref, c_void_p
from typing import Any, Dict, Optional, Sequence, Tuple

import torch

from . import _library


class Handle:
    """A device, and the structs that calls on it are given."""

    def __init__(self, device: torch.device, threads: int) -> None:
        self._pid = os.getpid()
        self._destroy = _library.destroy
        self.pointer = c_void_p()
        if device.type == "cuda":
            _library.check(_library.create_cuda(device.index, byref(self.pointer)))
        else:
            _library.check(_library.create_cpu(threads, byref(self.pointer)))
        self.device = device
        self.inputs = _library.new_inputs()
        self.gradients = _library.new_gradients()
        #: Learned scalars that lie on the device.
        self.param_places = _library.ParamPlaces()
        self.results = _library.Results()
        self._products = (_library.Product * 3)()
        #: What each call is given anew, at the same addresses.
        self._given = (self.pointer, byref(self.inputs), byref(self.param_places))
        self._results, self._gradients = byref(self.results), byref(self.gradients)
        #: Queries and keys of `inputs`.
        self.rows: Tuple[int, int] = (0, 0)
        #: What `inputs` points to, kept until the next call has ended.
        self.tensors: Tuple[torch.Tensor, ...] = ()
        #: Bytes of workspace, and the rows of the call that they were asked for.
        self._workspace: Tuple[int, Tuple[int, int]] = (0, (0, 0))

    def __del__(self) -> None:
        # What a process has inherited belongs to its parent.
        if self._pid == os.getpid():
            self._destroy(self.pointer)

    def enqueue(self, *, gradients: bool) -> None:
        """The loss of `inputs` where `results` says, and its gradients where `gradients` says. A GPU may still be at work when this returns:
        what it reads and writes is of the current stream."""
        tensors, self.tensors = self.tensors, ()
        size = self._workspace_bytes()
        # From PyTorch's allocator, of the current stream: given back at the end, it is there for whatever comes next on that stream.
        workspace = torch.empty(size, dtype=torch.uint8, device=self.device)
        status = _library.enqueue(*self._given, workspace.data_ptr(), size, stream_of(self.device), self._results, self._gradients if gradients else None)
        del tensors
        _library.check(status)

    def multiply(self, factor: torch.Tensor, products: Sequence[Tuple[int, torch.Tensor]]) -> None:
        """Each tensor becomes the fp32 numbers at its address, times `factor`."""
        for i, (address, to) in enumerate(products):
            self._products[i] = (address, to.data_ptr(), to.numel(), _library.PRODUCT_TYPES[to.dtype])
        _library.check(_library.multiply(self.pointer, factor.data_ptr(), self._products, len(products), stream_of(self.device)))

    def _workspace_bytes(self) -> int:
        size, rows = self._workspace
        if rows != self.rows:
            size = _library.workspace_bytes(self.pointer, *self.rows)
            if size == 0:
                raise ValueError(_library.last_error().decode())
            self._workspace = (size, self.rows)
        return size


#: As PyTorch's own compiled code asks for it: without an object of the stream.
_raw_stream: Any = getattr(torch._C, "_cuda_getCurrentRawStream", None)


def stream_of(device: torch.device) -> Optional[int]:
    if device.type != "cuda":
        return None
    return torch.cuda.current_stream(device).cuda_stream if _raw_stream is None else _raw_stream(device.index)


class _Handles(threading.local):
    def __init__(self) -> None:
        self.by_device: Dict[Tuple[str, Optional[int], int], Handle] = {}


_handles = _Handles()
_forked = False


def _forget() -> None:
    """In a forked process: handles, and the threads of OpenMP, are those of the parent."""
    global _handles, _forked
    _handles, _forked = _Handles(), True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def handle_of(device: torch.device) -> Handle:
    """The thread's handle of a device. On the CPU it computes with `torch.get_num_threads()` threads; with one in a forked process."""
    threads = 0 if device.type == "cuda" else 1 if _forked else torch.get_num_threads()
    key = (device.type, device.index, threads)
    handle = _handles.by_device.get(key)
    if handle is None:
        handle = _handles.by_device[key] = Handle(device, threads)
    return handle
