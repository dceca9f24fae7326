"""The implementations by name. What a package of others is needed for is imported when it is asked for."""

from .unable import Unable


def dense(loss):
    from .dense import Dense

    return lambda machine, q, k: Dense(machine, q, k, loss)


def compiled(loss):
    from .dense import Dense

    return lambda machine, q, k: Dense(machine, q, k, loss, compiled=True)


def chunks(_loss):
    from .chunks import Chunks

    return Chunks


def products(_loss):
    from .products import Products

    return Products


def inf_cl(_loss):
    from .inf_cl_peer import InfCl

    return InfCl


def liger(_loss):
    from .liger_peer import Liger

    return Liger


def siglip_kernel(_loss):
    from .siglip_kernel_peer import SiglipKernel

    return SiglipKernel


VERSIONS = {
    "torch-dense": dense,
    "torch-compiled": compiled,
    "torch-chunks": chunks,
    "cublas": products,
    "inf-cl": inf_cl,
    "liger": liger,
    "siglip-kernel": siglip_kernel,
}


def find(version: str, loss: str):
    """What makes the implementation of a version, given a machine, Q and K."""
    try:
        return VERSIONS[version](loss)
    except ImportError as error:
        raise Unable(f"{type(error).__name__}: {error}") from None
