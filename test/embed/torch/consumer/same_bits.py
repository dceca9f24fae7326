"""Calls installed packages as the `request.json` of each given folder says, and writes there what they give."""

import importlib
import json
import sys
from pathlib import Path

import torch

STORED = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "i32": torch.int32}


def parameter(value: float, device: str) -> torch.Tensor:
    """On a GPU where fp32 holds it, as in training; else as it is, on the host."""
    as_trained = torch.tensor(value, dtype=torch.float32, device=device)
    held = device != "cpu" and as_trained.item() == value
    return (as_trained if held else torch.tensor(value, dtype=torch.float64)).requires_grad_()


def answer(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())

    device = request["device"]

    def load(file: str, stored: str) -> torch.Tensor:
        return torch.frombuffer(bytearray((folder / f"{file}.bin").read_bytes()), dtype=STORED[stored]).to(device)

    def save(name: str, tensor: torch.Tensor) -> None:
        (folder / f"{name}.bin").write_bytes(tensor.contiguous().cpu().numpy().tobytes())

    precision = request["precision"]
    torch.set_num_threads(request["threads"])
    loss_of = getattr(importlib.import_module(request["module"]), request["function"])
    # Of fp32, which holds every number of 16 bits: their gradients come back unrounded.
    tensors = [load(one["file"], precision).view(one["shape"]).float().requires_grad_() for one in request["tensors"]]
    params = [parameter(value, device) for value in request["params"]]
    keywords = {one["name"]: load(one["file"], precision).view(one["shape"]) for one in request["guides"]}
    keywords.update({one["name"]: load(one["file"], one["type"]) for one in request["vectors"]})
    with torch.autocast(device, dtype=torch.bfloat16):
        loss = loss_of(*tensors, *params, **keywords)
    loss.backward()
    save("loss", loss.detach())
    save("params", torch.stack([param.grad.double().cpu() for param in params]))
    for place, tensor in enumerate(tensors):
        save(f"gradient.{place}", tensor.grad)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        answer(Path(name))
