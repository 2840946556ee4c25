"""attractor_case.hpp in NumPy.

usage: attractor_numpy.py float32|float64 UNITS STEPS FILE

FILE holds evidence, the uniform numbers of STEPS steps, and the state and couplings they lead to.
"""

import sys

from served import Numbers, check, np, serve

REAL, N, CHECKED = np.dtype(sys.argv[1]).type, int(sys.argv[2]), int(sys.argv[3])
RATE = REAL(0.005)
numbers = Numbers(sys.argv[4])
bias, uniform = numbers.take(N).astype(REAL), numbers.take(CHECKED, N).astype(REAL)
expected_state, expected_couplings = numbers.take(N), numbers.take(N, N)


def mean(u):
    return np.where(np.abs(u) < 0.02, u / 3 - u**3 / 45, 1 / np.tanh(u) - 1 / u)


def quantile(v, u):
    a, q = np.abs(u), 2 * v - 1
    above = np.where(u > 0, v, 1 - v)
    far = 1 + np.log(above + (1 - above) * np.exp(-2 * a)) / a
    near = q + (1 - q * q) * (u / 2 - q * u * u / 3)
    return np.where(a < 0.01, near, np.where(u > 0, far, -far))


def step(v):
    global s
    u = bias + J @ s
    drawn = quantile(v, u)
    J[...] += RATE * np.outer(drawn - mean(u), s)
    np.fill_diagonal(J, 0)
    s = drawn


s, J = np.zeros(N, REAL), np.zeros((N, N), REAL)
for v in uniform:
    step(v)
largest = np.abs(expected_couplings).max()
check(max(np.abs(s - expected_state).max(), np.abs(J - expected_couplings).max() / largest), 1e-4, f"{CHECKED} steps")

draw = np.random.default_rng(1)
serve(lambda _: step(draw.random(N, dtype=REAL)))
