"""Inf-CL's own kernels (Triton, TF32), https://github.com/DAMO-NLP-SG/Inf-CLIP."""

from inf_cl import cal_flash_loss

from .dense import leaves
from .machine import Machine
from .outcome import Outcome
from .unable import Unable


class InfCl:
    """Both directions. One process has no other to reduce with: `cal_flash_loss` is what `cal_inf_loss` calls there."""

    def __init__(self, _machine: Machine, q, k):
        depth = q.shape[1]
        self.head_dim = next((size for size in (256, 128, 64, 32, 16) if depth % size == 0), 0)
        if self.head_dim == 0:
            raise Unable(f"it takes depths that 16 divides, not {depth}")
        # It computes in fp32 (TF32) whatever it is given: converted once, not in every step.
        self.q, self.k = q.float(), k.float()

    def step(self, values: dict[str, float]) -> Outcome:
        q, k = self.q.detach().requires_grad_(), self.k.detach().requires_grad_()
        params = leaves(values, q.device)
        scale = params["logScale"].exp()
        by_row = cal_flash_loss(q, k, scale=scale, head_dim=self.head_dim)
        by_column = cal_flash_loss(k, q, scale=scale, head_dim=self.head_dim)
        loss = (by_row.mean() + by_column.mean()) / 2
        loss.backward()
        return Outcome(loss.detach(), {"logScale": params["logScale"].grad})
