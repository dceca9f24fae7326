"""Threads, forked processes, and processes of DistributedDataParallel."""

import os
import tempfile
import threading
import unittest
from unittest import mock

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from dense import clip, open_clip_loss, rows
from infinitile_clip import ClipLoss, _library, clip_loss
from torch.nn.parallel import DistributedDataParallel

COUNT = 24
#: Ranks by Gloo on the CPU; where the environment asks for NCCL, on the GPUs that there are.
BACKEND = os.environ.get("INFINITILE_TEST_BACKEND", "gloo")
RANKS = 3 if BACKEND == "gloo" else 2


def device_of(rank: int) -> torch.device:
    return torch.device("cpu") if BACKEND == "gloo" else torch.device("cuda", rank % torch.cuda.device_count())


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


def inputs_of(rank: int):
    """Each rank has as many rows as open_clip's gathering takes: the same number."""
    return rows(COUNT, 16, rank), rows(COUNT, 16, 10 + rank)


def work(rank: int, rendezvous: str, results) -> None:
    torch.set_num_threads(1)
    device = device_of(rank)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(BACKEND, init_method=f"file://{rendezvous}", rank=rank, world_size=RANKS)
    found = {}
    for name, loss_of in (
        ("own rows", ClipLoss()),
        ("all rows", ClipLoss(rank=rank, world_size=RANKS)),
        ("open_clip", open_clip_loss("ClipLoss")(rank=rank, world_size=RANKS, gather_with_grad=True)),
    ):
        model = DistributedDataParallel(Towers().to(device))
        loss = loss_of(*model(*(tensor.to(device) for tensor in inputs_of(rank))))
        loss.backward()
        found[name] = [loss.item(), *(parameter.grad.tolist() for parameter in model.parameters())]
    unfit = (rows(COUNT, 7, 1), rows(COUNT, 48, 1) * torch.nan, rows(COUNT, 48, 1).to_sparse().requires_grad_())
    found["refused"] = [refusal(rank, queries) for queries in unfit]
    found["refused before its operator"] = [refusal(rank, rows(COUNT, 48, 1).double()), refusal(rank, [1]), refused_scale(rank)]
    found["failed"] = failure_in_agreement(rank)
    # What was refused is over: each rank's next call is that of the others.
    uneven = clip_loss(rows(3 + rank, 48, 1).to(device), rows(3 + rank, 48, 2).to(device), 2.0, group=dist.group.WORLD.group_name)
    found["uneven"] = uneven.item()
    alone = [dist.new_group([one]) for one in range(RANKS)][rank]
    of_one = [clip_loss(rows(5, 48, 1).to(device), rows(5, 48, 2).to(device), 2.0, group=group).item() for group in ("", alone.group_name)]
    found["of one"] = of_one[0] == of_one[1]
    results[rank] = found
    dist.destroy_process_group()


def refusal(rank: int, queries) -> str:
    """What a rank hears when rank 1 gives these queries."""
    given, keys = queries if rank == 1 else rows(COUNT, 48, 1), rows(COUNT, 48, 2).to(device_of(rank))
    placed = given.to(keys.device) if isinstance(given, torch.Tensor) else given
    return heard(lambda: clip_loss(placed, keys, 2.0, group=dist.group.WORLD.group_name))


def refused_scale(rank: int) -> str:
    loss_of = ClipLoss(rank=rank, world_size=RANKS)
    queries, keys = (rows(COUNT, 48, seed).to(device_of(rank)) for seed in (1, 2))
    return heard(lambda: loss_of(queries, keys, 0 if rank == 1 else 7.4))


def failure_in_agreement(rank: int) -> str:
    """What a rank hears when rank 1 fails in what all have agreed to do: where the others are in a pass."""
    agree = _library.ring_agree

    def agree_and_fail(ring, everyone) -> int:
        return agree(ring, everyone) or _library.ring_step(ring, -1, None)

    with mock.patch.object(_library, "ring_agree", agree_and_fail if rank == 1 else agree):
        return refusal(rank, rows(COUNT, 48, 1))


def heard(call) -> str:
    try:
        call()
    except (TypeError, ValueError, RuntimeError) as error:
        return str(error)
    return "nothing"


class Processes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder, processes.Manager() as manager:
            results = manager.dict()
            processes.spawn(work, (os.path.join(folder, "rendezvous"), results), nprocs=RANKS)
            cls.results = [dict(results)[rank] for rank in range(RANKS)]

    def assert_all_near(self, actual, expected):
        for mine, theirs in zip(actual, expected):
            mine, theirs = torch.tensor(mine, dtype=torch.float64), torch.tensor(theirs, dtype=torch.float64)
            if BACKEND == "gloo":
                torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-7)
            else:  # Products of the tensor cores, of fp32 in pieces of bf16: errors are of the largest number.
                torch.testing.assert_close(mine, theirs, rtol=0, atol=3e-5 * theirs.abs().max().item())

    def test_each_process_has_the_loss_of_its_own_rows(self):
        model = Towers().double()
        for rank in range(RANKS):
            image, text, scale = model(*(tensor.double() for tensor in inputs_of(rank)))
            (clip(image, text, scale.log()) / RANKS).backward()
        for found in self.results:
            self.assert_all_near(found["own rows"][1:], [parameter.grad.tolist() for parameter in model.parameters()])

    def test_or_that_of_all_rows_with_the_gradients_of_open_clip_that_gathers_with_grad(self):
        for found in self.results:
            self.assertEqual(found["all rows"], self.results[0]["all rows"])
            self.assert_all_near(found["all rows"], found["open_clip"])

    def test_processes_may_have_different_numbers_of_rows(self):
        exact = clip(*(torch.cat([rows(3 + rank, 48, seed) for rank in range(RANKS)]).double() for seed in (1, 2)), torch.tensor(2.0).double())
        for found in self.results:
            self.assertAlmostEqual(found["uneven"], exact.item(), places=5)

    def test_a_group_may_have_one_process(self):
        self.assertTrue(all(found["of one"] for found in self.results))

    def test_what_one_refuses_is_an_error_on_all(self):
        for rank, found in enumerate(self.results):
            shape, value, layout = found["refused"]
            self.assertIn("queries has shape [24, 7]" if rank == 1 else "rank 1 has refused what it was given", shape)
            self.assertIn("rank 1: queries holds NaN or infinity", value)
            self.assertIn("queries is torch.sparse_coo" if rank == 1 else "rank 1 has refused what it was given", layout)

    def test_and_so_is_what_one_refuses_before_its_operator_sees_it(self):
        own = ("queries is torch.float64", "queries is list", "logit_scale is 0: a finite number above 0")
        for rank, found in enumerate(self.results):
            for words, answer in zip(own, found["refused before its operator"]):
                self.assertIn(words if rank == 1 else "rank 1 has refused what it was given", answer)

    def test_and_so_is_what_fails_on_one_when_all_have_agreed(self):
        for rank, found in enumerate(self.results):
            self.assertIn("shard is -1" if rank == 1 else "rank 1: shard is -1", found["failed"])


class OneProcess(unittest.TestCase):
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
