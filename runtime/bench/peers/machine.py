import time

import torch

from .unable import Unable

REST_SECONDS = 0.03


class Machine:
    """The device that a peer runs on: its clock and its memory."""

    def __init__(self, kind: str):
        if kind == "cuda" and not torch.cuda.is_available():
            raise Unable("this PyTorch has no GPU")
        self.device = torch.device(kind)
        self.on_gpu = kind == "cuda"

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name() if self.on_gpu else "cpu"

    def timed(self, work):
        """What `work` returns, and its milliseconds: between two events on a GPU."""
        if not self.on_gpu:
            start = time.perf_counter()
            result = work()
            return result, (time.perf_counter() - start) * 1000
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        result = work()
        end.record()
        end.synchronize()
        return result, begin.elapsed_time(end)

    def peak_of(self, work) -> int:
        """The bytes of the GPU that `work` needs beyond what is held before it."""
        self.release()
        held = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - held

    def release(self) -> None:
        """Gives back what is not in use: on one GPU, processes share its memory."""
        if self.on_gpu:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()

    def rest(self) -> None:
        """Between two turns: all that is timed begins on a device that has cooled alike, as `infinitile bench` begins."""
        if self.on_gpu:
            torch.cuda.synchronize()
        time.sleep(REST_SECONDS)

    def free_bytes(self) -> int:
        if self.on_gpu:
            return torch.cuda.mem_get_info(self.device)[0]
        with open("/proc/meminfo") as lines:
            kib = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        try:
            with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
                return min(kib * 1024, int(limit.read()) - int(used.read()))
        except (OSError, ValueError):
            return kib * 1024

    def require(self, needed: int) -> None:
        """A GPU says itself when its memory is short; a host may end the process instead of saying it."""
        free = self.free_bytes()
        if not self.on_gpu and needed > free:
            raise Unable(f"it needs about {needed / 2**30:.1f} GiB beyond its inputs; {free / 2**30:.1f} GiB are free")
