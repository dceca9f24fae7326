"""The interface of liger_kernel in plain PyTorch, for tests of the script that calls it."""

import torch


class LigerFusedLinearCrossEntropyFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, weight, target):
        logits = (inputs @ weight.t()).float()
        lse = logits.logsumexp(1)
        ctx.save_for_backward(inputs, weight, target, logits, lse)
        return (lse - logits.gather(1, target[:, None])[:, 0]).mean(), None

    @staticmethod
    def backward(ctx, gradient, _):
        inputs, weight, target, logits, lse = ctx.saved_tensors
        p = (logits - lse[:, None]).exp()
        p[torch.arange(len(target)), target] -= 1
        p = (gradient * p / len(target)).to(inputs.dtype)
        return p @ weight, p.t() @ inputs, None
