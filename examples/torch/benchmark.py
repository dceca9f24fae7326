"""Times an exported CLIP package beside open_clip's loss, dense and compiled, Inf-CL and Liger, and says what its operator costs by itself.

    npx infinitile export clip --format torch --dim 512 --precision bf16 --target sm_90a,x86-64-v4 --out clip-torch
    pip wheel ./clip-torch --no-deps && pip install infinitile_clip-*.whl
    python examples/torch/benchmark.py --n 65536 --device cuda [--json]

All take their turns in one process: a round is a forward and a backward of each. What is not installed, or does not fit, is said.
"""

import argparse
import importlib.util
import json
import math
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from infinitile_clip import ClipLoss, _library, clip_loss

sys.path.insert(0, str(Path(__file__).parents[2] / "runtime" / "bench"))
from peers.machine import Machine  # noqa: E402
from peers.outcome import Outcome  # noqa: E402
from peers.registry import find  # noqa: E402
from peers.unable import Unable  # noqa: E402

LOG_SCALE = math.log(1 / 0.07)


class Module:
    """A loss that is called as open_clip's, with a scale as models keep it: a parameter on the device, the logarithm of what the loss is given."""

    def __init__(self, loss, q, k):
        self.loss, self.q, self.k = loss, q, k
        self.log_scale = torch.tensor(LOG_SCALE, device=q.device, requires_grad=True)

    def step(self, _values):
        q, k = self.q.detach().requires_grad_(), self.k.detach().requires_grad_()
        self.log_scale.grad = None
        loss = self.loss(q, k, self.log_scale.exp())
        loss.backward()
        return Outcome(loss.detach(), {"logScale": self.log_scale.grad})


def open_clip_loss():
    """open_clip's package asks for torchvision; the file of its losses does not."""
    package = importlib.util.find_spec("open_clip")
    if package is None or not package.submodule_search_locations:
        raise Unable("open_clip is not installed")
    spec = importlib.util.spec_from_file_location("open_clip_loss", Path(package.submodule_search_locations[0]) / "loss.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ClipLoss()


CONTENDERS = {
    "exported": lambda machine, q, k: Module(ClipLoss(), q, k),
    "open_clip": lambda machine, q, k: Module(open_clip_loss(), q, k),
    "open_clip, compiled": lambda machine, q, k: Module(torch.compile(open_clip_loss(), dynamic=False), q, k),
    "torch, dense in fp32 logits": lambda machine, q, k: find("torch-dense", "clip")(machine, q, k),
    "torch, row chunks": lambda machine, q, k: find("torch-chunks", "clip")(machine, q, k),
    "inf_cl": lambda machine, q, k: find("inf-cl", "clip")(machine, q, k),
    "liger_kernel": lambda machine, q, k: find("liger", "clip")(machine, q, k),
}


def compare(machine, n, rounds):
    generator = torch.Generator().manual_seed(1)
    q, k = (F.normalize(torch.randn(n, _library.DIM, generator=generator), dim=1).to(machine.device, _library.DTYPE) for _ in range(2))
    results, running = {}, {}
    for name, make in CONTENDERS.items():
        try:
            contender = make(machine, q, k)
            contender.step({"logScale": LOG_SCALE})
            peak = machine.peak_of(lambda: contender.step({"logScale": LOG_SCALE})) if machine.on_gpu else None
            running[name], results[name] = contender, {"peakBytes": peak, "ms": []}
        except Exception as error:  # Out of memory, not installed, not compiled: the others go on.
            results[name] = {"unable": (str(error).splitlines() or [type(error).__name__])[0][:120]}
        machine.release()
    for _ in range(rounds):
        for name, contender in running.items():
            # As in training, the allocator has what a step needs: the others' turns have given it back.
            contender.step({"logScale": LOG_SCALE})
            machine.rest()
            outcome, ms = machine.timed(lambda: contender.step({"logScale": LOG_SCALE}))
            results[name].update(loss=outcome.loss.item(), dLogScale=outcome.gradients["logScale"].item())
            results[name]["ms"].append(ms)
            machine.release()
    for name in running:
        results[name]["ms"] = statistics.median(results[name]["ms"])
    return results


@torch.library.custom_op("benchmark::empty", mutates_args=())
def empty(q: torch.Tensor, k: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    return q.new_empty((), dtype=torch.float32)


def keep(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def no_gradients(ctx, grad):
    """As many as the loss has, of the same shapes, with nothing written to them."""
    return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors)


empty.register_fake(lambda q, k, log_scale: q.new_empty((), dtype=torch.float32))
empty.register_autograd(no_gradients, setup_context=keep)


def overhead(machine, n=256, repeats=1000):
    """Microseconds of a forward and a backward: an operator that does nothing, the exported one, and the C library's calls in that.

    Gradients are cleared before each, so that none is added to another."""
    q, k = (torch.randn(n, _library.DIM, device=machine.device, dtype=_library.DTYPE, requires_grad=True) for _ in range(2))
    log_scale = torch.tensor(LOG_SCALE, device=machine.device, requires_grad=True)
    inside = []

    def timed(call):
        def timed_call(*arguments):
            start = time.perf_counter()
            status = call(*arguments)
            inside.append(time.perf_counter() - start)
            return status

        return timed_call

    def timed_step(loss):
        q.grad = k.grad = log_scale.grad = None
        inside.clear()
        if machine.on_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        loss(q, k, log_scale).backward()
        return time.perf_counter() - start, sum(inside)

    with mock.patch.multiple(_library, enqueue=timed(_library.enqueue), multiply=timed(_library.multiply)):
        # In turns: what slows the machine down slows both.
        times = [timed_step(empty) + timed_step(clip_loss) for _ in range(repeats)]
    warm = slice(repeats // 10, None)
    nothing, _, exported, library = (1e6 * statistics.median(column) for column in zip(*times[warm]))
    return {"n": n, "empty": nothing, "exported": exported, "library": library, "beyond": exported - library - nothing}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[4096], help="pairs of embeddings")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object in the place of tables")
    options = parser.parse_args()
    machine = Machine(options.device)
    cases = [{"n": n, "results": compare(machine, n, options.rounds)} for n in options.n]
    record = {"device": machine.name, "torch": torch.__version__, "dim": _library.DIM, "dtype": str(_library.DTYPE), "cases": cases, "overhead": overhead(machine)}
    if options.json:
        print(json.dumps(record, indent=2))
        return
    print(f"{record['device']}, torch {record['torch']}, D = {record['dim']}, {record['dtype']}: forward and backward, medians")
    for case in cases:
        print(f"\nN = {case['n']}\n{'':28} {'ms':>10} {'peak MiB':>10} {'loss':>10}")
        for name, found in case["results"].items():
            if "unable" in found:
                print(f"{name:28} {found['unable']}")
            else:
                peak = "" if found["peakBytes"] is None else f"{found['peakBytes'] / 2**20:.0f}"
                print(f"{name:28} {found['ms']:10.2f} {peak:>10} {found['loss']:10.4f}")
    cost = record["overhead"]
    print(f"\noverhead at N = {cost['n']}: {cost['beyond']:.0f} us beyond an empty operator ({cost['empty']:.0f} us) and the library ({cost['library']:.0f} us)")


if __name__ == "__main__":
    main()
