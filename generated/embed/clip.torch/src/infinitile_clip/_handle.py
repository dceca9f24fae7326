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
from ctypes import byref, c_double, c_void_p
from typing import Any, Callable, Dict, Optional, Tuple

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
        #: What `inputs` points to, kept until the next call has ended.
        self.tensors: Tuple[torch.Tensor, ...] = ()
        self._loss = c_double()
        #: Bytes of workspace, of the queries and keys of the last call.
        self._workspace: Tuple[int, int, int] = (0, 0, 0)

    def __del__(self) -> None:
        # What a process has inherited belongs to its parent.
        if self._pid == os.getpid():
            self._destroy(self.pointer)

    def forward(self, queries: int, keys: int) -> float:
        """The loss of `inputs`, of so many queries and keys. Waits for the device."""
        return self._call(_library.forward, queries, keys, None)

    def forward_backward(self, queries: int, keys: int) -> float:
        """The same, with its gradients where `gradients` says."""
        return self._call(_library.forward_backward, queries, keys, byref(self.gradients))

    def _call(self, function: Callable[..., int], queries: int, keys: int, last: Any) -> float:
        tensors, self.tensors = self.tensors, ()
        size = self._workspace_bytes(queries, keys)
        stream = stream_of(self.device)
        # From PyTorch's allocator, of the current stream: given back at the end, it is there for whatever comes next on that stream.
        workspace = torch.empty(size, dtype=torch.uint8, device=self.device)
        status = function(self.pointer, byref(self.inputs), workspace.data_ptr(), size, stream, byref(self._loss), last)
        del tensors
        _library.check(status)
        return self._loss.value

    def _workspace_bytes(self, queries: int, keys: int) -> int:
        if self._workspace[1:] != (queries, keys):
            size = _library.workspace_bytes(self.pointer, queries, keys)
            if size == 0:
                raise ValueError(_library.last_error().decode())
            self._workspace = (size, queries, keys)
        return self._workspace[0]


def stream_of(device: torch.device) -> Optional[int]:
    if device.type != "cuda":
        return None
    return torch.cuda.current_stream(device).cuda_stream


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
