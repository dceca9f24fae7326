# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""Tensors as the C library takes them: of one device, of the exported type, row behind row, aligned."""

import math

import torch
from torch import Tensor

from ._library import DTYPE, Matrix, Output

#: In bytes: how the GPU's kernels read and write rows.
ALIGNMENT = 16


def device_of(name: str, tensor: Tensor) -> torch.device:
    device = tensor.device
    if not (tensor.is_cuda or tensor.is_cpu):
        raise ValueError(f"{name} is on {device}: the loss is for cpu and cuda")
    if tensor.is_cuda and torch.cuda.is_current_stream_capturing():
        raise RuntimeError("a CUDA graph is being captured: the loss looks at its inputs before it chooses kernels, and has to stay outside of graphs")
    return device


def matrix(name: str, tensor: Tensor, depth: int, device: torch.device) -> Tensor:
    """A tensor [N, depth] as it is stored; a copy where it lies otherwise."""
    shape = tensor.shape
    if len(shape) != 2 or shape[1] != depth:
        raise ValueError(f"{name} has shape {list(shape)}: [N, {depth}] is needed, as the package was exported")
    if shape[0] == 0:
        raise ValueError(f"{name} is empty: one row at least is needed")
    return _laid_out(name, tensor, DTYPE, device)


def _laid_out(name: str, tensor: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    if tensor.device != device:
        raise ValueError(f"{name} is on {tensor.device}: it is needed on {device}, where the embeddings are")
    if tensor.layout != torch.strided:
        raise TypeError(f"{name} is {tensor.layout}: a dense tensor is needed")
    stored = tensor if tensor.dtype == dtype and tensor.is_contiguous() else tensor.to(dtype).contiguous()
    return stored if stored.data_ptr() % ALIGNMENT == 0 or stored.is_cpu else stored.clone()


def is_placed(tensor: Tensor, device: torch.device) -> bool:
    """Whether the library reads a learned scalar where it lies."""
    return tensor.is_cuda and tensor.device == device and tensor.dtype == torch.float32


def number(name: str, tensor: Tensor) -> float:
    value = float(tensor.item())
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: a finite number is needed")
    return value


def set_rows(to: Matrix, tensor: Tensor) -> None:
    to.data, to.rows = tensor.data_ptr(), tensor.shape[0]


def set_gradient(to: Output, address: int, of: Tensor) -> None:
    to.data, to.rows = address, of.shape[0]
