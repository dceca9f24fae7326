"""One implementation in a process of its own.

Reads commands from standard input, one JSON object a line, and answers each with one JSON object a line:

    {"command": "open", "version": "torch-dense", "loss": "clip", "device": "cpu"|"cuda", "threads": 2, "precision": "f32"|"bf16"|"f16"}
        -> {"torch": "2.13.0", "device": "..."}
    {"command": "load", "name": "q"|"k", "rows": N, "dim": D, "bytes": B}, then B bytes       -> {}
    {"command": "step", "params": {"logScale": 3.9}}
        -> {"ms": ..., "loss": ...|null, "gradients": {"logScale": ...}, "peakBeyondInputsBytes": ...|null, "parts": [{"name": ..., "ms": ...}], "note": ...|null}

What cannot be done is answered with {"unable": reason}. The end of the input ends the process.
"""

import json
import os
import signal
import sys

import torch

from .machine import Machine
from .registry import find
from .unable import Unable

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class Peer:
    def __init__(self):
        self.machine = None
        self.make = None
        self.implementation = None
        self.dtype = torch.float32
        self.inputs = {}

    def open(self, version, loss, device, threads, precision):
        torch.set_num_threads(threads)
        self.machine, self.dtype = Machine(device), DTYPES[precision]
        self.make = find(version, loss)
        return {"torch": torch.__version__, "device": self.machine.name}

    def load(self, name, rows, dim, bytes):
        data = bytearray(bytes)
        view = memoryview(data)
        while len(view) > 0:
            view = view[sys.stdin.buffer.readinto(view) or sys.exit(1) :]
        self.inputs[name] = torch.frombuffer(data, dtype=self.dtype).view(rows, dim).to(self.machine.device)
        return {}

    def step(self, params):
        try:
            if self.implementation is None:
                self.implementation = self.make(self.machine, self.inputs["q"], self.inputs["k"])
            # On a GPU the first of two steps fetches memory from the driver, and compiles what is not compiled yet.
            peak = self.machine.peak_of(lambda: self.implementation.step(params)) if self.machine.on_gpu else None
            outcome, ms = self.machine.timed(lambda: self.implementation.step(params))
            return answer_of(outcome, ms, peak)
        except Unable:
            raise
        except Exception as error:
            raise Unable(reason_of(error)) from None
        finally:
            self.machine.release()


def answer_of(outcome, ms, peak):
    return {
        "ms": sum(part for _, part in outcome.parts) if outcome.parts else ms,
        "loss": None if outcome.loss is None else outcome.loss.item(),
        "gradients": {name: value.item() for name, value in outcome.gradients.items()},
        "peakBeyondInputsBytes": peak,
        "parts": [{"name": name, "ms": part} for name, part in outcome.parts],
        "note": outcome.note,
    }


def reason_of(error):
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if "memory" in said.lower():
        return f"it ran out of memory: {said}"
    return f"it failed: {type(error).__name__}: {said}"


def main():
    # Ctrl-C reaches every process of the terminal; this one ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Answers have the standard output for themselves: what packages print goes to the standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = Peer()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        command = {"open": peer.open, "load": peer.load, "step": peer.step}[request.pop("command")]
        try:
            answer = command(**request)
        except Unable as error:
            answer = {"unable": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
