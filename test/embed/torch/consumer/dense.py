"""The losses as they are written with the whole matrix, in the precision of what is given."""

import importlib.util

import torch
import torch.nn.functional as F
from torch import Tensor


def clip(queries: Tensor, keys: Tensor, log_scale: Tensor) -> Tensor:
    logits = log_scale.exp() * queries @ keys.t()
    labels = torch.arange(len(queries))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2


def sup_con(embeddings: Tensor, log_scale: Tensor, label: Tensor) -> Tensor:
    logits = log_scale.exp() * embeddings @ embeddings.t()
    others = ~torch.eye(len(embeddings), dtype=torch.bool)
    positive = (label[:, None] == label[None, :]) & others
    normaliser = logits.masked_fill(~others, -torch.inf).logsumexp(1)
    return (normaliser - (logits * positive).sum(1) / positive.sum(1)).mean()


def open_clip_loss(name: str):
    """open_clip's package asks for torchvision; the file of its losses does not."""
    package = importlib.util.find_spec("open_clip")
    spec = importlib.util.spec_from_file_location("open_clip_loss", f"{package.submodule_search_locations[0]}/loss.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def rows(count: int, dim: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)), dim=1)
