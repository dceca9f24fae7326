"""Each mistake is an error that names the argument and what is needed."""

import unittest

import numpy as np
import torch
from dense import rows
from infinitile_clip import ClipLoss, clip_loss
from infinitile_clip._handle import Handle
from infinitile_clip._ops import _prepare
from infinitile_gist import gist_loss
from infinitile_own import OwnLoss, own_loss
from infinitile_sup_con import sup_con_loss
from torch.autograd import forward_ad

queries, keys = rows(6, 48, 1), rows(6, 48, 2)
label = torch.arange(6) % 2


class Mistakes(unittest.TestCase):
    def refuses(self, error, words, function, *args, **keywords):
        with self.assertRaisesRegex(error, words):
            function(*args, **keywords)

    def test_embeddings(self):
        self.refuses(TypeError, "queries is list: a tensor is needed", clip_loss, [1], keys, 1.0)
        self.refuses(TypeError, "queries is torch.float64: .* exported for torch.float32", clip_loss, queries.double(), keys, 1.0)
        self.refuses(TypeError, "keys is torch.bfloat16: .* torch.autocast", clip_loss, queries, keys.bfloat16(), 1.0)
        self.refuses(ValueError, r"queries has shape \[6, 7\]: \[N, 48\] is needed", clip_loss, queries[:, :7], keys, 1.0)
        self.refuses(ValueError, r"keys has shape \[48\]", clip_loss, queries, keys[0], 1.0)
        self.refuses(ValueError, "queries is empty", clip_loss, queries[:0], keys, 1.0)
        self.refuses(ValueError, "2 rows without a positive, row 4 the first", clip_loss, queries, keys[:4], 1.0)
        self.refuses(ValueError, "queries holds NaN or infinity: row 0", clip_loss, queries / 0 * torch.nan, keys, 1.0)
        self.refuses(TypeError, "queries is torch.sparse_coo: a dense tensor", clip_loss, queries.to_sparse(), keys, 1.0)
        self.refuses(ValueError, r"guide_queries has shape \[2, 5\] and guide_keys has shape \[2, 4\]", gist_loss, rows(2, 24, 1), rows(2, 24, 2), 1.0, guide_queries=rows(2, 5, 3), guide_keys=rows(2, 4, 3))
        self.refuses(ValueError, r"guides has shape \[4, 5\]: \[N, 24\]", gist_loss, rows(2, 25, 1), rows(2, 25, 2), 1.0, guide_queries=rows(2, 5, 3), guide_keys=rows(2, 5, 3))

    def test_learned_scalars(self):
        self.refuses(ValueError, "log_scale is nan: a finite number", clip_loss, queries, keys, float("nan"))
        self.refuses(ValueError, r"log_scale has shape \[2\]: one number", clip_loss, queries, keys, torch.ones(2))
        self.refuses(TypeError, "log_scale is torch.int64: a floating point number", clip_loss, queries, keys, torch.tensor(2))
        self.refuses(TypeError, "log_scale is str: a number", clip_loss, queries, keys, "2")

    def test_scales_as_modules_are_given_them(self):
        loss = ClipLoss()
        for scale in (0, -1.0, float("nan"), float("inf")):
            self.refuses(ValueError, f"logit_scale is {scale}: a finite number above 0 is needed", loss, queries, keys, scale)
        self.refuses(TypeError, "logit_scale is str: a number", loss, queries, keys, "7")
        self.refuses(TypeError, "logit_scale is NoneType: a number", loss, queries, keys, None)
        self.refuses(ValueError, r"logit_scale has shape \[2\]: one number", loss, queries, keys, torch.ones(2))
        self.assertEqual(loss(queries, keys, np.float32(7)), loss(queries, keys, 7.0))
        self.assertEqual(clip_loss(queries, keys, np.float32(2)), clip_loss(queries, keys, 2.0))

    def test_attributes_guides_and_positives(self):
        embeddings = rows(6, 32, 1)
        self.refuses(ValueError, r"label has shape \[5\]: \[6\] is needed", sup_con_loss, embeddings, 1.0, label=label[:5])
        self.refuses(TypeError, "label is torch.float32: torch.int32 or torch.int64 is needed", sup_con_loss, embeddings, 1.0, label=label.float())
        for dtype in (torch.uint16, torch.uint32, torch.uint64):
            self.refuses(TypeError, f"label is {dtype}: torch.int32 or torch.int64 is needed", sup_con_loss, embeddings, 1.0, label=label.to(dtype))
        self.refuses(ValueError, "label has numbers beyond 32 bits", sup_con_loss, embeddings, 1.0, label=label + 2**32)
        self.refuses(TypeError, "label is list", sup_con_loss, embeddings, 1.0, label=[1])
        guide = rows(2, 24, 3)
        self.refuses(ValueError, r"guide_keys requires grad.*guide_keys.detach\(\)", gist_loss, rows(2, 24, 1), rows(2, 24, 2), 1.0, guide_queries=guide, guide_keys=guide.clone().requires_grad_())
        own = {"row_weight": torch.ones(3), "positives": torch.tensor([0, 1, 9])}
        self.refuses(ValueError, r"positives\[2\] is 9: a column from 0 to 4, or -1 for none", own_loss, rows(3, 40, 1), rows(5, 40, 2), 1.0, **own)
        self.refuses(TypeError, "row_weight is torch.int64: torch.float32 is needed", own_loss, rows(3, 40, 1), rows(5, 40, 2), 1.0, **{**own, "row_weight": torch.ones(3).long()})

    def test_devices(self):
        self.refuses(ValueError, "keys is on meta: it is needed on cpu", _prepare, queries, keys.to("meta"), torch.tensor(1.0), "")
        for given, name in (((queries, keys.to("meta"), 1.0), "keys"), ((queries, keys, torch.tensor(1.0, device="meta")), "log_scale")):
            self.refuses(ValueError, f"{name} is on meta: it is needed on cpu, where the embeddings are", clip_loss, *given)
        self.refuses(ValueError, "keys is on cpu: it is needed on meta", clip_loss, queries.to("meta"), keys, 1.0)
        self.refuses(ValueError, "label is on meta", sup_con_loss, rows(6, 32, 1), 1.0, label=label.to("meta"))
        self.assertTrue(clip_loss(queries.to("meta"), keys.to("meta"), 1.0).is_meta)

    def test_a_default_device_is_that_of_callers_alone(self):
        expected = clip_loss(queries, keys, 1.0)
        with torch.device("meta"):
            self.assertEqual(clip_loss(queries, keys, 1.0), expected)
            self.assertEqual(ClipLoss()(queries, keys, np.e), expected)

    def test_forward_mode(self):
        refused = "infinitile_clip has no forward-mode derivatives"
        self.refuses(RuntimeError, refused, torch.func.jvp, lambda given: clip_loss(given, keys, 1.0), (queries,), (queries,))
        with forward_ad.dual_level():
            self.refuses(RuntimeError, refused, clip_loss, forward_ad.make_dual(queries, queries), keys, 1.0)
        self.assertTrue(clip_loss(queries, keys, 1.0).isfinite())

    @unittest.skipIf(torch.cuda.is_available(), "the driver is here")
    def test_without_a_driver_all_but_cuda_works(self):
        self.assertTrue(clip_loss(queries, keys, 1.0).isfinite())
        self.refuses(RuntimeError, "libcuda", Handle, torch.device("cuda", 0), 0)

    def test_processes_that_are_not_there(self):
        self.refuses(RuntimeError, "world_size is 2: .*init_process_group", ClipLoss, rank=0, world_size=2)
        self.refuses(RuntimeError, "group is 'nobody': .*init_process_group", clip_loss, queries, keys, 1.0, group="nobody")
        self.refuses(TypeError, "group is NoneType: the name of a process group", clip_loss, queries, keys, 1.0, group=None)
        self.refuses(ValueError, "world_size is 0: 1 at least", ClipLoss, world_size=0)
        self.refuses(ValueError, "rank is 1: of one process it is 0", OwnLoss, rank=1, world_size=1)
        self.refuses(ValueError, "gather_with_grad is False", ClipLoss, world_size=2, gather_with_grad=False)
        self.refuses(ValueError, "local_loss is True", ClipLoss, world_size=2, local_loss=True)
        self.refuses(ValueError, "use_horovod", ClipLoss, use_horovod=True)


if __name__ == "__main__":
    unittest.main()
