"""PyTorch's versions of the symmetric CLIP loss, timed on request.

Reads commands from standard input, one JSON object a line, and answers each with one JSON object a line:

    {"command": "open", "device": "cpu"|"cuda", "threads": 2, "precision": "f32"|"bf16"|"f16"}
        -> {"torch": "2.13.0", "device": "..."}
    {"command": "load", "name": "q"|"k", "rows": N, "dim": D, "bytes": B}, then B bytes       -> {}
    {"command": "step", "version": "torch-dense"|"torch-chunks", "logScale": 3.9}
        -> {"ms": ..., "loss": ..., "logScaleGradient": ...}

What cannot be done is answered with {"unable": reason}. The end of the input ends the process.
"""

import json
import signal
import sys
import time

import torch
import torch.nn.functional as F

# Where more rows make no difference to the matrix products: 128 MiB of logits at 16,384 keys.
CHUNK_ROWS = 2048

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class Unable(Exception):
    """What was asked for cannot be done here, and why."""


def dense(q, k, log_scale):
    """As it is written in training code: the matrix of logits, cross entropy both ways, autograd."""
    q, k = q.detach().requires_grad_(), k.detach().requires_grad_()
    log_scale = torch.tensor(log_scale, device=q.device, requires_grad=True)
    # In fp32: a scale rounded to sixteen bits would be another loss.
    logits = ((log_scale.exp() * q.float()).to(q.dtype) @ k.t()).float()
    labels = torch.arange(len(q), device=q.device)
    loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
    # Sixteen-bit gradients of a mean are too small for f16: the sum is what is differentiated.
    (loss * len(q)).backward()
    return loss.detach(), log_scale.grad / len(q)


@torch.no_grad()
def chunks(q, k, log_scale):
    """Two passes over chunks of rows: the second needs the columns' log sum exps, which are known after the last row."""
    n, scale = len(q), torch.tensor(log_scale).exp().item()
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
    return loss, (q * d_queries).sum()


VERSIONS = {"torch-dense": dense, "torch-chunks": chunks}


def available_bytes(device):
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    with open("/proc/meminfo") as lines:
        kib = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    try:
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
            return min(kib * 1024, int(limit.read()) - int(used.read()))
    except (OSError, ValueError):
        return kib * 1024


def require_memory(version, q, k):
    """Logits, their two log softmaxes and the gradients of these: about five matrices in fp32 at once."""
    rows = len(q) if version == "torch-dense" else min(len(q), CHUNK_ROWS)
    needed, available = 5 * 4 * rows * len(k), available_bytes(q.device)
    if needed > available:
        raise Unable(f"it needs about {needed / 2**30:.1f} GiB beyond its inputs; {available / 2**30:.1f} GiB are free")


class Peer:
    def __init__(self):
        self.device = torch.device("cpu")
        self.precision = "f32"
        self.inputs = {}

    def open(self, device, threads, precision):
        if device == "cuda" and not torch.cuda.is_available():
            raise Unable("this PyTorch has no GPU")
        torch.set_num_threads(threads)
        self.device, self.precision = torch.device(device), precision
        return {"torch": torch.__version__, "device": torch.cuda.get_device_name() if device == "cuda" else "cpu"}

    def load(self, name, rows, dim, bytes):
        data = bytearray(bytes)
        view = memoryview(data)
        while len(view) > 0:
            view = view[sys.stdin.buffer.readinto(view) or sys.exit(1) :]
        self.inputs[name] = torch.frombuffer(data, dtype=DTYPES[self.precision]).view(rows, dim).to(self.device)
        return {}

    def step(self, version, logScale):
        q, k = self.inputs["q"], self.inputs["k"]
        require_memory(version, q, k)
        self.synchronize()
        start = time.perf_counter()
        try:
            loss, gradient = VERSIONS[version](q, k, float(logScale))
            self.synchronize()
        except RuntimeError as error:
            if "memory" in str(error).lower():
                raise Unable(f"it ran out of memory: {str(error).splitlines()[0]}") from None
            raise
        elapsed = time.perf_counter() - start
        return {"ms": elapsed * 1000, "loss": loss.item(), "logScaleGradient": gradient.item()}

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main():
    # Ctrl-C reaches every process of the terminal; this one ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    peer = Peer()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        command = {"open": peer.open, "load": peer.load, "step": peer.step}[request.pop("command")]
        try:
            answer = command(**request)
        except Unable as error:
            answer = {"unable": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
