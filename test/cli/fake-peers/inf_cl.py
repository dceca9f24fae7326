"""The interface of inf_cl in plain PyTorch, for tests of the script that calls it."""

import torch


def cal_flash_loss(q, k, labels=None, scale=None, head_dim=256):
    assert q.dtype == torch.float32 and q.shape[1] % head_dim == 0
    print("what a package prints is no answer")
    labels = torch.arange(len(q)) if labels is None else labels
    logits = (1.0 if scale is None else scale) * q @ k.t()
    return logits.logsumexp(1) - logits[torch.arange(len(q)), labels]
