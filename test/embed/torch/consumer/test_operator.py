"""What autograd, `torch.library` and `torch.compile` ask of the exported operator."""

import inspect
import re
import unittest

import torch
import torch.nn.functional as F
from dense import clip, open_clip_loss, rows, sup_con
from infinitile_clip import ClipLoss, _autograd, _ops, clip_loss
from infinitile_siglip import SigLipLoss, siglip_loss
from infinitile_sup_con import sup_con_loss
from infinitile_taken import TakenLoss, taken_loss
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

#: Of fp32 sums of some dozen products: relative, of a whole tensor.
TOLERANCE = 2e-6


def clip_inputs(count: int = 33):
    return [rows(count, 48, 1).requires_grad_(), rows(count, 48, 2).requires_grad_(), torch.tensor(2.6, requires_grad=True)]


class Case(unittest.TestCase):
    def assert_near(self, actual, expected, tolerance=TOLERANCE):
        error = (actual.double() - expected.double()).norm() / expected.double().norm()
        self.assertLessEqual(error.item(), tolerance)


class Gradients(Case):
    def test_the_loss_and_its_gradients_are_those_of_fp64(self):
        label = torch.arange(40) % 7
        for ours, theirs, given, extra in (
            (clip_loss, clip, clip_inputs(), {}),
            (sup_con_loss, sup_con, [rows(40, 32, 3).requires_grad_(), torch.tensor(2.0, requires_grad=True)], {"label": label}),
        ):
            exact = [tensor.detach().double().requires_grad_() for tensor in given]
            (3 * ours(*given, **extra)).backward()
            (3 * theirs(*exact, **extra)).backward()
            for tensor, double in zip(given, exact):
                self.assertEqual(tensor.grad.dtype, tensor.dtype)
                self.assert_near(tensor.grad, double.grad)
            self.assert_near(ours(*given, **extra), theirs(*exact, **extra))

    def test_modules_are_called_as_those_of_open_clip_and_agree_with_them(self):
        for ours, name, more in ((ClipLoss(), "ClipLoss", ()), (SigLipLoss(), "SigLipLoss", (torch.tensor(-10.0, requires_grad=True),))):
            dtype = torch.bfloat16 if more else torch.float32
            image, text = rows(32, 64 if more else 48, 4), rows(32, 64 if more else 48, 5)
            image, text = (tensor.to(dtype).requires_grad_() for tensor in (image, text))
            scale = torch.tensor(10.0, requires_grad=True)
            loss = ours(image, text, scale, *more, output_dict=True)["contrastive_loss"]
            gradients = torch.autograd.grad(loss, (image, text, scale, *more))
            exact = [tensor.detach().double().requires_grad_() for tensor in (image, text, scale, *more)]
            theirs = open_clip_loss(name)()(*exact)
            for gradient, expected in zip(gradients, torch.autograd.grad(theirs, exact)):
                # Gradients of bf16 embeddings are rounded to bf16, and so is what is summed in half of the products.
                self.assert_near(gradient, expected, 4e-3 if more else TOLERANCE)

    def test_only_what_needs_a_gradient_gets_one_and_the_graph_may_stay(self):
        queries, keys, log_scale = clip_inputs()
        loss = clip_loss(queries, keys.detach(), 2.6)
        loss.backward(retain_graph=True)
        once = queries.grad.clone()
        loss.backward()
        self.assertTrue(torch.equal(queries.grad, 2 * once))
        self.assertIsNone(keys.grad)
        with torch.no_grad():
            self.assertFalse(clip_loss(queries, keys, log_scale).requires_grad)

    def test_rows_that_lie_otherwise_are_taken(self):
        queries, keys, log_scale = clip_inputs()
        with torch.no_grad():
            apart = torch.zeros(33, 60)[:, 5:53].copy_(queries)
            across = keys.t().contiguous().t()
            self.assertEqual(clip_loss(queries, keys, log_scale), clip_loss(apart, across, log_scale))

    def test_tensors_that_are_more_than_their_memory_are_taken_for_what_they_are(self):
        queries, keys, log_scale = clip_inputs()
        with torch.no_grad():
            self.assertEqual(clip_loss(torch._neg_view(-queries), keys, log_scale), clip_loss(queries, keys, log_scale))
        loss = clip_loss(queries, keys, log_scale)
        [once] = torch.autograd.grad(loss, log_scale, retain_graph=True)
        [negated] = torch.autograd.grad(loss, log_scale, torch._neg_view(torch.tensor(1.0)), retain_graph=True)
        [zero] = torch.autograd.grad(loss, log_scale, torch._efficientzerotensor(()), retain_graph=True)
        [batched] = torch.autograd.grad(loss, log_scale, torch.tensor([1.0, 2.0]), is_grads_batched=True)
        torch.testing.assert_close(torch.stack([negated, zero, *batched]), once * torch.tensor([-1.0, 0.0, 1.0, 2.0]))

    def test_hooks_may_keep_gradients_otherwise(self):
        queries, keys, log_scale = clip_inputs()
        [exact] = torch.autograd.grad(clip_loss(queries, keys, log_scale), queries)
        for unpack in (lambda kept: kept.bfloat16(), lambda kept: torch.stack((kept, kept), 1)[:, 0]):
            with torch.autograd.graph.saved_tensors_hooks(lambda kept: kept, unpack):
                [found] = torch.autograd.grad(clip_loss(queries, keys, log_scale), queries)
            self.assert_near(found, exact, 2**-8)

    def test_a_loss_that_fp32_does_not_hold_is_told(self):
        first = torch.eye(64, dtype=torch.bfloat16)[:1].expand(512, 64)
        with self.assertRaisesRegex(ArithmeticError, "the loss is inf.*overflows fp32"):
            siglip_loss(first, first, 82.9, 0.0)

    def test_second_derivatives_are_refused(self):
        queries, keys, log_scale = clip_inputs()
        with self.assertRaisesRegex(RuntimeError, "no second derivatives.*create_graph"):
            torch.autograd.grad(clip_loss(queries, keys, log_scale), queries, create_graph=True)


class Names(unittest.TestCase):
    def test_arguments_may_be_called_as_the_package_calls_its_own(self):
        image, text = rows(20, 16, 1), rows(20, 16, 2)
        # By place, the scale first: the module is given what multiplies.
        scale, *others = [torch.tensor(place / 50, requires_grad=True) for place in range(len(inspect.signature(taken_loss).parameters) - 3)]
        expected = taken_loss(image, text, scale, *others)
        loss = TakenLoss()(image, text, scale.exp(), *others)
        torch.testing.assert_close(loss, expected)
        for gradients in zip(torch.autograd.grad(loss, others), torch.autograd.grad(expected, others)):
            torch.testing.assert_close(*gradients)


class Operators(Case):
    def test_names_tell_what_operators_do(self):
        # PyTorch keeps what it has compiled by their names: another version's is not taken for this one's.
        names = [operator.name() for operator in (_autograd.loss, _ops.forward, _ops.forward_backward)]
        revisions = {re.fullmatch(r"infinitile_clip::[a-z_]+_([0-9a-f]{8})", name).group(1) for name in names}
        self.assertEqual(len(revisions), 1)

    def test_opcheck(self):
        queries, keys, log_scale = clip_inputs()
        constants = queries.detach(), keys.detach(), log_scale.detach()
        torch.library.opcheck(_autograd.loss, (queries, keys, log_scale, ""))
        for operator in (_autograd.loss, _ops.forward, _ops.forward_backward):
            torch.library.opcheck(operator, (*constants, ""))

    def test_compiled_without_a_graph_break(self):
        def step(queries, keys, log_scale):
            return 2 * ClipLoss()(F.normalize(queries, dim=1), keys, log_scale.exp())

        # What runs between operators is no concern here, and takes a compiler.
        compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
        for count in (33, 20):
            results = []
            for function in (step, compiled):
                given = clip_inputs(count)
                loss = function(*given)
                loss.backward()
                results.append([loss.detach(), *(tensor.grad for tensor in given)])
            for eager, traced in zip(*results):
                self.assert_near(traced, eager)

    def test_who_looks_at_operators_sees_them(self):
        given = clip_inputs()
        constants = [tensor.detach() for tensor in given]

        def step(queries, keys, log_scale):
            return clip_loss(queries, keys, log_scale)

        self.assertIn("infinitile_clip.forward", make_fx(step)(*constants).code)
        self.assertIn("infinitile_clip::forward", str(torch.jit.trace(step, tuple(constants), check_trace=False).inlined_graph))
        with FakeTensorMode() as mode:
            fakes = [mode.from_tensor(tensor) for tensor in given]
            loss = clip_loss(*fakes)
            loss.backward()
        self.assertIsInstance(loss, FakeTensor)
        self.assertEqual(fakes[0].grad.shape, given[0].shape)

    def test_gradients_come_in_the_types_that_arguments_have(self):
        queries, keys, _ = clip_inputs()
        log_scale = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            (3 * clip_loss(queries.to(torch.float16), keys, log_scale)).backward()
        exact = [tensor.detach().double().requires_grad_() for tensor in (queries, keys, log_scale)]
        (3 * clip(*exact)).backward()
        self.assertEqual((queries.grad.dtype, log_scale.grad.dtype), (torch.float32, torch.float64))
        torch.testing.assert_close(queries.grad.double(), exact[0].grad, rtol=1e-2, atol=1e-4)
        torch.testing.assert_close(log_scale.grad, exact[2].grad, rtol=1e-2, atol=1e-4)

    def test_autocast_takes_what_it_makes_and_gives_gradients_of_what_it_was_given(self):
        queries, keys, log_scale = clip_inputs()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            halves = queries @ torch.eye(48)
            self.assertEqual(halves.dtype, torch.bfloat16)
            clip_loss(halves, keys, log_scale).backward()
        self.assertEqual((queries.grad.dtype, keys.grad.dtype), (torch.float32, torch.float32))
        exact = [tensor.detach().double().requires_grad_() for tensor in (halves, keys, log_scale)]
        clip(*exact).backward()
        self.assert_near(keys.grad, exact[1].grad)


if __name__ == "__main__":
    unittest.main()
