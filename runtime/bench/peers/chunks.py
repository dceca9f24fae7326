"""The symmetric CLIP loss as a careful user writes it by hand, without the whole matrix of logits."""

import torch

from .machine import Machine
from .outcome import Outcome

# Where more rows make no difference to the matrix products: 128 MiB of logits at 16,384 keys.
CHUNK_ROWS = 2048


class Chunks:
    """Two passes over chunks of rows: the second needs the columns' log sum exps, which are known after the last row."""

    def __init__(self, machine: Machine, q, k):
        self.machine, self.q, self.k = machine, q, k

    @torch.no_grad()
    def step(self, values: dict[str, float]) -> Outcome:
        q, k = self.q, self.k
        n, scale = len(q), torch.tensor(values["logScale"]).exp().item()
        self.machine.require(5 * 4 * min(n, CHUNK_ROWS) * len(k))
        logits = torch.empty(min(n, CHUNK_ROWS), n, device=q.device, dtype=q.dtype)
        by_column = torch.empty(logits.shape, device=q.device)
        row_lse = torch.empty(n, device=q.device)
        column_lse = torch.full((n,), -torch.inf, device=q.device)
        positive = torch.empty(n, device=q.device)
        for start in range(0, n, CHUNK_ROWS):
            rows = q[start : start + CHUNK_ROWS]
            s = torch.addmm(logits[: len(rows)], rows, k.t(), beta=0, alpha=scale, out=logits[: len(rows)]).float()
            row_lse[start : start + len(rows)] = s.logsumexp(1)
            column_lse = torch.logaddexp(column_lse, s.logsumexp(0))
            positive[start : start + len(rows)] = s.diagonal(start)
        loss = ((row_lse - positive).mean() + (column_lse - positive).mean()) / 2

        d_queries = torch.empty(q.shape, device=q.device)
        d_keys = torch.zeros(k.shape, device=q.device)
        weight = scale / (2 * n)
        for start in range(0, n, CHUNK_ROWS):
            rows = q[start : start + CHUNK_ROWS]
            s = torch.addmm(logits[: len(rows)], rows, k.t(), beta=0, alpha=scale, out=logits[: len(rows)]).float()
            p = torch.sub(s, column_lse, out=by_column[: len(rows)]).exp_()
            p.add_(s.sub_(row_lse[start : start + len(rows), None]).exp_())
            p.diagonal(start).sub_(2)
            if q.dtype == torch.float32:
                torch.addmm(d_queries[start : start + len(rows)], p, k, beta=0, alpha=weight, out=d_queries[start : start + len(rows)])
                d_keys.addmm_(p.t(), rows, alpha=weight)
            else:
                p = p.to(q.dtype)
                torch.mul(p @ k, weight, out=d_queries[start : start + len(rows)])
                d_keys.add_(p.t() @ rows, alpha=weight)
        # The sum of G times the logit, by way of the gradient: N D products instead of N N.
        return Outcome(loss, {"logScale": (q * d_queries).sum()})
