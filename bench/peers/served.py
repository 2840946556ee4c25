"""What every peer in Python does for race.hpp: one thread, numbers from a file, a check, and calls that are timed."""

import os
import sys
import time

for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[pool] = "1"
os.environ.pop("OPENBLAS_CORETYPE", None)  # let it find the kernels of this processor


def needs(module):
    """The module, or an answer that makes race.hpp skip the peer."""
    try:
        return __import__(module)
    except ImportError:
        sys.exit(print(f"the Python module {module} is not installed"))


np = needs("numpy")


def needs_torch():
    """As race.hpp times the candidates in C++: one thread, denormals as zero. No gradients unless they are asked for."""
    torch = needs("torch")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_grad_enabled(False)
    return torch


class Numbers:
    """The doubles of a numbers_file of race.hpp, taken in the order they were added."""

    def __init__(self, path):
        self.left = np.fromfile(path)

    def take(self, *shape):
        count = int(np.prod(shape))
        taken, self.left = self.left[:count].reshape(shape), self.left[count:]
        return taken


def check(off, limit, after):
    if not off <= limit:
        sys.exit(print(f"wrong: differs by {off:.1e} after {after}, expected at most {limit:.0e}"))


def serve(call):
    """Answers each line with a number n by the nanoseconds that call(0), ..., call(n - 1) took."""
    with open("/proc/self/maps", encoding="utf8") as maps:
        libraries = {line.split()[-1] for line in maps if "blas" in line or "mkl" in line}
    slow = any("/blas/" in path for path in libraries)
    print("ready" + (" on the reference BLAS: install libopenblas0-serial for a fair one" if slow else ""), flush=True)
    for line in sys.stdin:
        start = time.thread_time_ns()
        for i in range(int(line)):
            call(i)
        print(time.thread_time_ns() - start, flush=True)
