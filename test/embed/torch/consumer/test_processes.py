"""Threads, forked processes, and processes of DistributedDataParallel."""

import os
import tempfile
import threading
import unittest

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from dense import clip, rows
from infinitile_clip import ClipLoss, clip_loss
from torch.nn.parallel import DistributedDataParallel

COUNT = 24


class Towers(torch.nn.Module):
    """As a model of open_clip gives its features and its scale."""

    def __init__(self) -> None:
        super().__init__()
        self.image = torch.nn.Linear(16, 48, bias=False)
        self.text = torch.nn.Linear(16, 48, bias=False)
        self.log_scale = torch.nn.Parameter(torch.tensor(2.0))
        with torch.no_grad():
            self.image.weight.copy_(rows(48, 16, 7))
            self.text.weight.copy_(rows(48, 16, 8))

    def forward(self, image, text):
        return self.image(image), self.text(text), self.log_scale.exp()


def train(rank: int, world: int, rendezvous: str, results) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=world)
    model = DistributedDataParallel(Towers())
    ClipLoss()(*model(rows(COUNT, 16, rank), rows(COUNT, 16, 10 + rank))).backward()
    results[rank] = [parameter.grad.tolist() for parameter in model.parameters()]
    dist.destroy_process_group()


class Processes(unittest.TestCase):
    def test_gradients_of_two_processes_are_averaged(self):
        with tempfile.TemporaryDirectory() as folder, processes.Manager() as manager:
            results = manager.dict()
            processes.spawn(train, (2, os.path.join(folder, "rendezvous"), results), nprocs=2)
            gradients = [dict(results)[rank] for rank in (0, 1)]
        model = Towers().double()
        for rank in (0, 1):
            image, text, scale = model(rows(COUNT, 16, rank).double(), rows(COUNT, 16, 10 + rank).double())
            (clip(image, text, scale.log()) / 2).backward()
        self.assertEqual(gradients[0], gradients[1])
        for parameter, gradient in zip(model.parameters(), gradients[0]):
            torch.testing.assert_close(torch.tensor(gradient, dtype=torch.float64), parameter.grad, rtol=1e-4, atol=1e-7)

    def test_threads_have_handles_of_their_own(self):
        queries, keys = rows(200, 48, 1), rows(200, 48, 2)
        expected = clip_loss(queries, keys, 2.0)
        found = [None] * 4

        def call(place: int) -> None:
            found[place] = all(torch.equal(clip_loss(queries, keys, 2.0), expected) for _ in range(5))

        threads = [threading.Thread(target=call, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [True] * 4)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_process_computes(self):
        torch.set_num_threads(2)
        expected = clip_loss(rows(200, 48, 1), rows(200, 48, 2), 2.0)
        child = processes.get_context("fork").Process(target=lambda: os._exit(0 if abs(clip_loss(rows(200, 48, 1), rows(200, 48, 2), 2.0) - expected) < 1e-5 else 1))
        child.start()
        child.join(60)
        self.assertEqual(child.exitcode, 0)
        child.close()


if __name__ == "__main__":
    unittest.main()
