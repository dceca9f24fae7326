"""The four products of matrices that any such loss comes down to, by themselves: what a library of matrix products needs for them."""

import torch

from .machine import Machine
from .outcome import Outcome
from .unable import Unable

#: Rows of a chunk are a multiple of this.
GRANULE = 1024

#: Of the memory that is free, what the two matrices N x M may take.
SHARE = 0.8


class Products:
    """Q K^T twice (forward, and again backward), G K, and G^T Q; the N x M matrices are written out and read."""

    def __init__(self, machine: Machine, q, k):
        # An fp32 product on a GPU is another kind of work; on a CPU it is what kernels for fp32 compete with.
        narrow = q.dtype == torch.float32 and machine.on_gpu
        self.machine = machine
        self.q, self.k = (q.bfloat16(), k.bfloat16()) if narrow else (q, k)
        self.notes = ["in bf16"] if narrow else []
        self.rows = self.chunk_rows()
        if self.rows < len(q):
            self.notes.append(f"{self.rows} rows at a time: the matrices do not fit in memory")

    def chunk_rows(self) -> int:
        n, m = len(self.q), len(self.k)
        fit = int(self.machine.free_bytes() * SHARE) // (2 * m * self.q.element_size())
        if fit >= n:
            return n
        if fit < GRANULE:
            raise Unable(f"not even {GRANULE} rows of the {n} x {m} matrices fit in memory")
        # Chunks of about the same size, as few as can be.
        even = -(-n // -(-n // (fit // GRANULE * GRANULE)))
        return -(-even // GRANULE) * GRANULE

    @torch.no_grad()
    def step(self, _values: dict[str, float]) -> Outcome:
        q, k = self.q, self.k
        n, m = len(q), len(k)
        like = {"device": q.device, "dtype": q.dtype}
        # Written before it is timed: the first touch of memory is no part of a product.
        logits, gradient = torch.empty(self.rows, m, **like).zero_(), torch.empty(self.rows, m, **like).normal_()
        d_queries, d_keys = torch.empty(q.shape, **like).zero_(), torch.empty(k.shape, **like).zero_()

        def each(work):
            for start in range(0, n, self.rows):
                work(slice(start, min(n, start + self.rows)), min(n, start + self.rows) - start, 0 if start == 0 else 1)

        def similarities():
            each(lambda rows, count, _: torch.mm(q[rows], k.t(), out=logits[:count]))

        def towards_queries():
            each(lambda rows, count, _: torch.mm(gradient[:count], k, out=d_queries[rows]))

        def towards_keys():
            each(lambda rows, count, kept: torch.addmm(d_keys, gradient[:count].t(), q[rows], beta=kept, out=d_keys))

        work = [("forward Q K^T", similarities), ("backward Q K^T", similarities), ("G K", towards_queries), ("G^T Q", towards_keys)]
        parts = [(name, self.machine.timed(product)[1]) for name, product in work]
        return Outcome(parts=parts, note="; ".join(self.notes) or None)
