"""Contrastive losses as others have written them, in float64 on CPU torch.

Reads cases as JSON from standard input and writes, for each, the loss and its gradients by autograd. Where a package has the
loss, it is the package's; where none has, it is the paper's formula in plain torch.
"""

import importlib.util
import json
import sys

try:
    import torch
    import torch.nn.functional as F
    from pytorch_metric_learning import distances, losses
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)


def open_clip_losses():
    """open_clip's package asks for torchvision; the file of its losses does not."""
    package = importlib.util.find_spec("open_clip")
    if package is None:
        print("No module named 'open_clip'", file=sys.stderr)
        sys.exit(3)
    spec = importlib.util.spec_from_file_location("open_clip_loss", f"{package.submodule_search_locations[0]}/loss.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


open_clip = open_clip_losses()


def own(count):
    return torch.arange(count)


def metric_loss(loss, embeddings, labels, scale):
    """A loss of pytorch-metric-learning on inner products, with a temperature that has a gradient."""
    made = loss(distance=distances.DotProductSimilarity(normalize_embeddings=False))
    made.temperature = 1 / scale
    return made(embeddings, labels)


def clip(q, k, scale, **_):
    return open_clip.ClipLoss()(q, k, scale)


def clamped_clip(q, k, scale, limit, **_):
    return open_clip.ClipLoss()(q, k, scale.clamp(max=limit))


def siglip(q, k, scale, bias, **_):
    return open_clip.SigLipLoss()(q, k, scale, bias)


def info_nce(q, k, scale, **_):
    return F.cross_entropy(scale * q @ k.T, own(len(q)))


def mapped_info_nce(q, k, scale, positives, **_):
    return F.cross_entropy(scale * q @ k.T, positives, ignore_index=-1)


def nt_xent(q, k, scale, **_):
    return metric_loss(losses.NTXentLoss, torch.cat([q, k]), own(len(q)).repeat(2), scale)


def sup_con(q, scale, labels, **_):
    return metric_loss(losses.SupConLoss, q, labels, scale)


def decoupled(q, k, scale, **_):
    def one_way(a, b):
        negatives = scale * torch.cat([a @ a.T, a @ b.T], dim=1)
        same = torch.eye(len(a), dtype=torch.bool).repeat(1, 2)
        return (negatives.masked_fill(same, -torch.inf).logsumexp(dim=1) - scale * (a * b).sum(dim=1)).mean()

    return (one_way(q, k) + one_way(k, q)) / 2


def gte(q, k, scale, **_):
    """sentence-transformers' MultipleNegativesRankingLoss with all four directions and a joint partition."""
    same = torch.eye(len(q), dtype=torch.bool)
    across, queries, keys = scale * q @ k.T, scale * q @ q.T, scale * k @ k.T
    scores = torch.cat([across, queries.masked_fill(same, -torch.inf), across.T, keys.masked_fill(same, -torch.inf)], dim=1)
    return (scores.logsumexp(dim=1) - across.diagonal()).mean()


def gist(q, k, scale, guide_q, guide_k, margin, relative, **_):
    """sentence-transformers' GISTEmbedLoss, anchors and positives contrasted."""
    same = torch.eye(len(q), dtype=torch.bool)
    guided = (guide_q * guide_k).sum(dim=1, keepdim=True)
    least = guided - (guided.abs() * margin if relative else margin)

    def masked(similarities, guide, keep):
        return (scale * similarities).masked_fill((guide > least) & ~keep, -torch.inf)

    nothing = torch.zeros_like(same)
    scores = torch.cat(
        [
            masked(q @ k.T, guide_q @ guide_k.T, same),
            masked(q @ q.T, guide_q @ guide_q.T, nothing),
            masked(k @ k.T, guide_k @ guide_k.T, nothing),
        ],
        dim=1,
    )
    return F.cross_entropy(scores, own(len(q)))


def hard_negatives(q, k, scale, group, **_):
    return F.cross_entropy(scale * q @ k.T, own(len(q)) * group)


def label_smoothing(q, k, scale, epsilon, **_):
    logits = scale * q @ k.T
    return (F.cross_entropy(logits, own(len(q)), label_smoothing=epsilon) + F.cross_entropy(logits.T, own(len(k)), label_smoothing=epsilon)) / 2


def additive_margin(q, k, scale, margin, **_):
    logits = scale * (q @ k.T - margin * torch.eye(len(q), dtype=q.dtype))
    return F.cross_entropy(logits, own(len(q))) + F.cross_entropy(logits.T, own(len(k)))


def z_loss(q, k, scale, weight, **_):
    logits = scale * q @ k.T
    return F.cross_entropy(logits, own(len(q))) + weight * (logits.logsumexp(dim=1) ** 2).mean()


def masked_false_negatives(q, k, scale, margin, relative, **_):
    similarities = q @ k.T
    positive = similarities.detach().diagonal().unsqueeze(1)
    too_close = similarities > positive + margin * (positive.abs() if relative else 1)
    too_close &= ~torch.eye(len(q), dtype=torch.bool)
    return F.cross_entropy((scale * similarities).masked_fill(too_close, -torch.inf), own(len(q)))


def hardness_weighted(q, k, scale, alpha, **_):
    similarities = q @ k.T
    penalty = alpha * similarities.detach() * (1 - torch.eye(len(q), dtype=q.dtype))
    return F.cross_entropy(scale * similarities + penalty, own(len(q)))


def softcap(q, k, scale, cap, **_):
    logits = cap * torch.tanh(scale * q @ k.T / cap)
    return (F.cross_entropy(logits, own(len(q))) + F.cross_entropy(logits.T, own(len(k)))) / 2


PEERS = {
    "clip": clip,
    "clampedClip": clamped_clip,
    "infoNCE": info_nce,
    "mappedInfoNCE": mapped_info_nce,
    "siglip": siglip,
    "ntXent": nt_xent,
    "decoupled": decoupled,
    "supCon": sup_con,
    "gte": gte,
    "gist": gist,
    "hardNegatives": hard_negatives,
    "labelSmoothing": label_smoothing,
    "additiveMargin": additive_margin,
    "zLoss": z_loss,
    "maskedFalseNegatives": masked_false_negatives,
    "hardnessWeighted": hardness_weighted,
    "softcap": softcap,
}


def matrix(rows, dim, learned=True):
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, dim).requires_grad_(learned)


def compute(case):
    embeddings = {name: matrix(case[name], case["dim"]) for name in ("q", "k") if name in case}
    guides = {f"guide_{name}": matrix(case["guide"][name], case["guide"]["dim"], learned=False) for name in ("q", "k") if "guide" in case}
    integers = {name: torch.tensor(case[name]) for name in ("positives", "labels") if name in case}
    params = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in case["params"].items()}
    scalars = {name: value for name, value in params.items() if name != "logScale"}
    loss = PEERS[case["peer"]](**embeddings, **guides, **integers, **scalars, **case.get("options", {}), scale=params["logScale"].exp())
    loss.backward()
    return {
        "loss": loss.item(),
        "gradients": {name: value.grad.flatten().tolist() for name, value in embeddings.items()},
        "params": {name: value.grad.item() for name, value in params.items()},
    }


json.dump([compute(case) for case in json.load(sys.stdin)], sys.stdout)
