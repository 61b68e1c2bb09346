"""What every process of the benchmarks needs; the standard library alone, since the peers'
environment has no `relucones`."""

import resource
import sys
import time
from pathlib import Path

PEERS = Path(__file__).with_name(".peers")


class Stopwatch:
    """Wall-clock and processor seconds since it was made, and the peak of memory of this process so
    far."""

    def __init__(self):
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def read(self):
        wall, processor = time.perf_counter() - self.wall, time.process_time() - self.processor
        # macOS counts the peak in bytes, Linux in kilobytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024**2 if sys.platform == "darwin" else 1024
        )
        return {"wall": wall, "seconds": processor, "peak_mb": peak}
