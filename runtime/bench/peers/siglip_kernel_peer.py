"""siglip-kernel (Triton), https://pypi.org/project/siglip-kernel."""

from siglip_kernel import fused_siglip_loss

from .dense import leaves
from .machine import Machine
from .outcome import Outcome


class SiglipKernel:
    def __init__(self, _machine: Machine, q, k):
        self.q, self.k = q, k

    def step(self, values: dict[str, float]) -> Outcome:
        q, k = self.q.detach().requires_grad_(), self.k.detach().requires_grad_()
        params = leaves(values, q.device)
        loss = fused_siglip_loss(q, k, params["logScale"], params["bias"])
        loss.backward()
        return Outcome(loss.detach(), {name: value.grad for name, value in params.items()})
