"""The interface of siglip_kernel in plain PyTorch, for tests of the script that calls it. FAKE_SIGLIP makes it go wrong."""

import os

import torch
import torch.nn.functional as F


def fused_siglip_loss(image, text, log_temperature, bias):
    wrong = os.environ.get("FAKE_SIGLIP")
    if wrong == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 TiB.\nmore")
    if wrong == "dies":
        os._exit(9)
    signs = 2 * torch.eye(len(image)) - 1
    logits = log_temperature.exp() * (image.float() @ text.float().t()) + bias
    scale = 2 if wrong == "loss" else 1
    return -scale * F.logsigmoid(signs * logits).sum() / len(image)
