"""Two towers learn WordNet's terms and glosses, by the dense CLIP loss and by an exported one from the same seed, side by side.

    npx tsx examples/torch/pairs.ts 32768 > pairs.jsonl
    npx infinitile export clip --format torch --dim 256 --precision f32 --target sm_90a,x86-64-v3 --out clip-torch
    pip wheel ./clip-torch --no-deps && pip install infinitile_clip-*.whl
    python examples/torch/train.py pairs.jsonl --steps 200 --device cuda --out curves.json

A third run, dense again with its data in another order, says how far curves lie apart by chance: what the loss changes has to be small
beside that. The precision is that of the exported package; 16-bit features are rounded to it for both losses.

`--large 114688` trains some steps more at a batch of which a dense loss has no room on one GPU, and says what it lacks. That takes nearly all
of WordNet's pairs: `pairs.ts 120000`.
"""

import argparse
import json
import random
import sys
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from infinitile_clip import ClipLoss, _library

sys.path.insert(0, str(Path(__file__).parents[2] / "runtime" / "bench"))
from peers.machine import Machine  # noqa: E402
from peers.unable import Unable  # noqa: E402

#: Rows of the table of character n-grams; n-grams of a text share them by their hash.
BUCKETS = 1 << 15
#: Of fp32, batch x batch, that a dense step has at once: logits, their logarithms by row and by column, and a gradient.
DENSE_MATRICES = 4


def ngrams(text):
    padded = f" {text.lower()} "
    return [zlib.crc32(padded[i : i + n].encode()) % BUCKETS for n in (3, 4) for i in range(max(1, len(padded) - n + 1))]


class Texts:
    """Texts as lists of n-grams, one behind the other, and where each begins."""

    def __init__(self, texts, device):
        lists = [ngrams(text) for text in texts]
        self.lists, self.device = lists, device

    def batch(self, places):
        chosen = [self.lists[place] for place in places]
        starts = torch.tensor([0, *(len(one) for one in chosen[:-1])]).cumsum(0)
        return torch.tensor([gram for one in chosen for gram in one], device=self.device), starts.to(self.device)


class Towers(torch.nn.Module):
    def __init__(self, width=512):
        super().__init__()
        self.towers = torch.nn.ModuleList(torch.nn.ModuleDict({"grams": torch.nn.EmbeddingBag(BUCKETS, width), "head": torch.nn.Linear(width, _library.DIM)}) for _ in range(2))
        self.log_scale = torch.nn.Parameter(torch.tensor(2.659))

    def encode(self, side, batch):
        tower = self.towers[side]
        return F.normalize(tower["head"](F.gelu(tower["grams"](*batch))), dim=1).to(_library.DTYPE)

    def forward(self, terms, glosses):
        return self.encode(0, terms), self.encode(1, glosses), self.log_scale.exp()


def dense(images, texts, scale):
    """In fp32 from the rounded features on, as careful training code has it."""
    logits = scale * images.float() @ texts.float().t()
    labels = torch.arange(len(images), device=images.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2


@torch.no_grad()
def recall_at_10(model, terms, glosses, held):
    images, texts, _ = model(terms.batch(held), glosses.batch(held))
    found = (images.float() @ texts.float().t()).topk(10, dim=1).indices
    return (found == torch.arange(len(held), device=found.device)[:, None]).any(1).float().mean().item()


def train(loss_of, order_seed, terms, glosses, options):
    torch.manual_seed(options.seed)
    model = Towers().to(options.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    order = random.Random(order_seed)
    held, seen = range(options.held_out), range(options.held_out, len(terms.lists))
    losses = []
    for _ in range(options.steps):
        places = order.sample(seen, options.batch)
        loss = loss_of(*model(terms.batch(places), glosses.batch(places)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "recallAt10": recall_at_10(model, terms, glosses, held)}


def train_large(terms, glosses, options):
    """What becomes of both losses at a batch of `options.large`: a run with its peak of memory on a GPU, or why there is none."""
    machine = Machine(options.device)
    large = argparse.Namespace(**{**vars(options), "batch": options.large, "steps": options.large_steps})
    results = {}
    for name, loss_of, matrices in (("dense", dense, DENSE_MATRICES), ("exported", ClipLoss(), 0)):
        machine.release()
        if machine.on_gpu:
            torch.cuda.reset_peak_memory_stats()
        try:
            machine.require(matrices * 4 * options.large**2)
            results[name] = train(loss_of, 1, terms, glosses, large)
            results[name]["peakBytes"] = torch.cuda.max_memory_allocated() if machine.on_gpu else None
        except (torch.cuda.OutOfMemoryError, Unable) as error:
            results[name] = {"unable": str(error).splitlines()[0]}
    return results


def print_large(results, options):
    print(f"\n{options.large_steps} steps of {options.large} pairs")
    for name, run in results.items():
        if "unable" in run:
            print(f"{name}: {run['unable']}")
            continue
        peak = "" if run["peakBytes"] is None else f", peak memory {run['peakBytes'] / 2**20:.0f} MiB"
        print(f"{name}: recall {run['recallAt10']:.4f}{peak}, losses " + " ".join(f"{loss:.5f}" for loss in run["losses"]))


def apart(one, other):
    """The mean distance of two curves."""
    return sum(abs(a - b) for a, b in zip(one["losses"], other["losses"])) / len(one["losses"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, help="lines of JSON: [term, gloss]")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--large", type=int, metavar="BATCH", help="trains some steps more at this batch, and says what dense lacks there")
    parser.add_argument("--large-steps", type=int, default=20)
    parser.add_argument("--held-out", type=int, default=2048, help="pairs that recall is of")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="where the curves go, as JSON")
    options = parser.parse_args()
    pairs = [json.loads(line) for line in options.pairs.read_text().splitlines()]
    needed = options.held_out + max(options.batch, options.large or 0)
    if len(pairs) < needed:
        parser.error(f"{options.pairs} has {len(pairs)} pairs: {needed} are needed, of --held-out and the larger of --batch and --large")
    terms, glosses = (Texts([pair[side] for pair in pairs], options.device) for side in (0, 1))
    runs = {
        "dense": train(dense, 1, terms, glosses, options),
        "exported": train(ClipLoss(), 1, terms, glosses, options),
        "dense, other order": train(dense, 2, terms, glosses, options),
    }
    print(f"{options.steps} steps of {options.batch} pairs on {options.device}, {_library.DTYPE}, D = {_library.DIM}\n")
    print(f"{'step':>6} " + " ".join(f"{name:>20}" for name in runs))
    for step in sorted({*range(0, options.steps, max(1, options.steps // 10)), options.steps - 1}):
        print(f"{step:6} " + " ".join(f"{run['losses'][step]:20.5f}" for run in runs.values()))
    print("recall " + " ".join(f"{run['recallAt10']:20.4f}" for run in runs.values()))
    by_loss, by_order = apart(runs["dense"], runs["exported"]), apart(runs["dense"], runs["dense, other order"])
    print(f"\nmean distance from dense: {by_loss:.2e} by the exported loss, {by_order:.2e} by another order of the data")
    record = {"steps": options.steps, "batch": options.batch, "dtype": str(_library.DTYPE), "runs": runs, "apart": {"exported": by_loss, "order": by_order}}
    if options.large is not None:
        record["large"] = {"steps": options.large_steps, "batch": options.large, "runs": train_large(terms, glosses, options)}
        print_large(record["large"]["runs"], options)
    if options.out:
        options.out.write_text(json.dumps(record))


if __name__ == "__main__":
    main()
