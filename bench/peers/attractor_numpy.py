"""attractor_case.hpp in NumPy, served to race.hpp: a line with a number of calls is answered by nanoseconds.

usage: attractor_numpy.py float32|float64 UNITS FILE

FILE holds evidence, the uniform numbers of 20 steps, and the state and couplings they lead to.
"""

import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
except ImportError:
    sys.exit(print("NumPy is not installed"))

REAL, N, CHECKED = np.dtype(sys.argv[1]).type, int(sys.argv[2]), 20
RATE = REAL(0.005)
numbers = np.fromfile(sys.argv[3])
bias, numbers = numbers[:N].astype(REAL), numbers[N:]
uniform, numbers = numbers[: CHECKED * N].reshape(CHECKED, N).astype(REAL), numbers[CHECKED * N :]
expected_state, expected_couplings = numbers[:N], numbers[N:].reshape(N, N)


def mean(u):
    return np.where(np.abs(u) < 0.02, u / 3 - u**3 / 45, 1 / np.tanh(u) - 1 / u)


def quantile(v, u):
    a, q = np.abs(u), 2 * v - 1
    above = np.where(u > 0, v, 1 - v)
    far = 1 + np.log(above + (1 - above) * np.exp(-2 * a)) / a
    near = q + (1 - q * q) * (u / 2 - q * u * u / 3)
    return np.where(a < 0.01, near, np.where(u > 0, far, -far))


def step(s, J, v):
    u = bias + J @ s
    drawn = quantile(v, u)
    J += RATE * np.outer(drawn - mean(u), s)
    np.fill_diagonal(J, 0)
    return drawn


def start():
    return np.zeros(N, REAL), np.zeros((N, N), REAL)


s, J = start()
for v in uniform:
    s = step(s, J, v)
off = max(np.abs(s - expected_state).max(), np.abs(J - expected_couplings).max() / np.abs(expected_couplings).max())
if not off <= 1e-4:
    sys.exit(print(f"wrong: differs by {off:.1e} after {CHECKED} steps, expected at most 1e-4"))

draw = np.random.default_rng(1)
s, J = start()
print("ready", flush=True)
for line in sys.stdin:
    begin = time.thread_time_ns()
    for _ in range(int(line)):
        s = step(s, J, draw.random(N, dtype=REAL))
    print(time.thread_time_ns() - begin, flush=True)
