"""filter_case.hpp in NumPy, served to race.hpp: a line with a number of calls is answered by nanoseconds.

usage: filter_numpy.py STATES
"""

import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
except ImportError:
    sys.exit(print("NumPy is not installed"))

N, STEPS, RATE, OBSERVATIONS = int(sys.argv[1]), 5, 0.05, 1024
draw = np.random.default_rng(1)


def precision():
    m = draw.standard_normal((N, N))
    return m @ m.T / N + np.eye(N)


A = 0.9 * np.eye(N) + 0.05 / N * draw.standard_normal((N, N))
C = draw.standard_normal((N, N)) / np.sqrt(N)
PX, PY, Y = precision(), precision(), draw.standard_normal((OBSERVATIONS, N))


def tick(x, y):
    predicted = A @ x
    x = predicted
    for _ in range(STEPS):
        x = x + RATE * (C.T @ (PY @ (y - C @ x)) - PX @ (x - predicted))
    return x


state = np.zeros(N)
print("ready", flush=True)
for line in sys.stdin:
    start = time.thread_time_ns()
    for call in range(int(line)):
        state = tick(state, Y[call % OBSERVATIONS])
    print(time.thread_time_ns() - start, flush=True)
