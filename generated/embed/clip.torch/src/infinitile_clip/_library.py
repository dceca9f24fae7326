# Emitted by infinitile 0.2.0: do not edit.
# SPDX-License-Identifier: Apache-2.0
#
# loss       clip
# logit      exp(params.logScale) * dot
# inputs     bf16, depth 512
# targets    x86-64-v4, sm_90a

"""The C library of this package: its structs and functions, as native/include/infinitile_clip.h declares them."""

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

import torch

ABI_VERSION = 3

#: Numbers in an embedding, and their type.
DIM = 512
DTYPE = torch.bfloat16
_TYPE = {torch.float32: 1, torch.bfloat16: 2, torch.float16: 3}[DTYPE]
#: Types that a gradient may be rounded to, as the library has them.
PRODUCT_TYPES = {torch.float32: 1, DTYPE: _TYPE}


class Matrix(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("rows", c_int64), ("cols", c_int64), ("stride", c_int64), ("type", c_int)]


class Output(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("rows", c_int64), ("cols", c_int64), ("stride", c_int64)]


class Params(ctypes.Structure):
    _fields_ = [("log_scale", c_double)]


class ParamPlaces(ctypes.Structure):
    _fields_ = [("log_scale", c_void_p)]


class Inputs(ctypes.Structure):
    _fields_ = [
        ("queries", Matrix),
        ("keys", Matrix),
        ("params", Params),
    ]


class Gradients(ctypes.Structure):
    _fields_ = [
        ("queries", Output),
        ("keys", Output),
        ("params", Params),
    ]


class Results(ctypes.Structure):
    _fields_ = [("loss", c_void_p), ("params", ParamPlaces)]


class Product(ctypes.Structure):
    _fields_ = [("from_", c_void_p), ("to", c_void_p), ("count", c_int64), ("type", c_int)]


def new_inputs() -> Inputs:
    """A place for what calls are given; what is the same for all of them is there."""
    inputs = Inputs()
    _fix(inputs.queries, DIM)
    _fix(inputs.keys, DIM)
    return inputs


def new_gradients() -> Gradients:
    """The same for gradients."""
    gradients = Gradients()
    gradients.queries.cols = gradients.queries.stride = DIM
    gradients.keys.cols = gradients.keys.stride = DIM
    return gradients


def _fix(matrix: Matrix, depth: int) -> None:
    matrix.cols = matrix.stride = depth
    matrix.type = _TYPE


class RingGroup(ctypes.Structure):
    _fields_ = [("rank", c_int), ("ranks", c_int), ("queries", POINTER(c_int64)), ("keys", POINTER(c_int64))]


#: Phases and messages of a ring.
RING_DONE, RING_SHARE, RING_PASS = 0, 1, 2
RING_KEYS, RING_SUMS = 0, 1


def _load() -> ctypes.CDLL:
    path = Path(__file__).with_name("libinfinitile_clip.so")
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(f"the C library of infinitile_clip cannot be loaded: {error}; build a wheel of this package for this machine") from error
    if loaded.infinitile_clip_abi_version() != ABI_VERSION:
        raise ImportError(f"{path} is not the library that this package was exported with: build and install the package anew")
    return loaded


#: ctypes lets other threads run during a call.
_functions = _load()

last_error = _functions.infinitile_clip_last_error
last_error.restype = c_char_p

create_cpu = _functions.infinitile_clip_create_cpu
create_cpu.argtypes = [c_int, POINTER(c_void_p)]

create_cuda = _functions.infinitile_clip_create_cuda
create_cuda.argtypes = [c_int, POINTER(c_void_p)]

destroy = _functions.infinitile_clip_destroy
destroy.argtypes = [c_void_p]
destroy.restype = None

workspace_bytes = _functions.infinitile_clip_workspace_bytes
workspace_bytes.argtypes = [c_void_p, c_int64, c_int64]
workspace_bytes.restype = c_size_t

enqueue = _functions.infinitile_clip_enqueue
enqueue.argtypes = [c_void_p, POINTER(Inputs), POINTER(ParamPlaces), c_void_p, c_size_t, c_void_p, POINTER(Results), POINTER(Gradients)]

multiply = _functions.infinitile_clip_multiply
multiply.argtypes = [c_void_p, c_void_p, POINTER(Product), c_int, c_void_p]

_Group, _Inputs, _Gradients = POINTER(RingGroup), POINTER(Inputs), POINTER(Gradients)

ring_workspace_bytes = _functions.infinitile_clip_ring_workspace_bytes
ring_workspace_bytes.argtypes = [c_void_p, _Group, _Inputs, _Gradients]
ring_workspace_bytes.restype = c_size_t

ring_begin = _functions.infinitile_clip_ring_begin
ring_begin.argtypes = [c_void_p, _Group, _Inputs, c_void_p, c_size_t, c_void_p, _Gradients, POINTER(c_void_p)]

ring_next = _functions.infinitile_clip_ring_next
ring_next.argtypes = [c_void_p]

ring_share_bytes = _functions.infinitile_clip_ring_share_bytes
ring_share_bytes.argtypes = [c_void_p]
ring_share_bytes.restype = c_size_t

ring_share = _functions.infinitile_clip_ring_share
ring_share.argtypes = [c_void_p, c_void_p]

ring_agree = _functions.infinitile_clip_ring_agree
ring_agree.argtypes = [c_void_p, c_void_p]

ring_message_bytes = _functions.infinitile_clip_ring_message_bytes
ring_message_bytes.argtypes = [c_void_p, c_int, c_int]
ring_message_bytes.restype = c_size_t

ring_keys = _functions.infinitile_clip_ring_keys
ring_keys.argtypes = [c_void_p, c_void_p]

ring_step = _functions.infinitile_clip_ring_step
ring_step.argtypes = [c_void_p, c_int, c_void_p]

ring_merge = _functions.infinitile_clip_ring_merge
ring_merge.argtypes = [c_void_p, c_int, c_void_p]

ring_end = _functions.infinitile_clip_ring_end
ring_end.argtypes = [c_void_p, c_void_p]

ring_loss = _functions.infinitile_clip_ring_loss
ring_loss.argtypes = [c_void_p, POINTER(c_double)]

ring_destroy = _functions.infinitile_clip_ring_destroy
ring_destroy.argtypes = [c_void_p]
ring_destroy.restype = None

#: What a status is raised as; 0 is none.
_errors = {1: ValueError, 2: RuntimeError, 3: ValueError, 4: ValueError, 5: ArithmeticError, 6: RuntimeError}


def check(status: int) -> None:
    """Raises what the library's last call has refused, in its own words."""
    if status != 0:
        raise _errors.get(status, RuntimeError)(last_error().decode())
