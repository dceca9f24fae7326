from dataclasses import dataclass, field

import torch


@dataclass
class Outcome:
    """What one forward and backward gave. Bare products of matrices have no loss."""

    loss: torch.Tensor | None = None
    #: Of each learned scalar.
    gradients: dict[str, torch.Tensor] = field(default_factory=dict)
    #: Names and milliseconds of what was timed on its own; the step then took their sum.
    parts: list[tuple[str, float]] = field(default_factory=list)
    note: str | None = None
