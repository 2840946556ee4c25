"""spiking_case.hpp in NumPy, float32.

usage: spiking_numpy.py NEURONS FILE

FILE holds D, the first couplings, signal and noise of 512 ticks, and voltages and couplings after all of them.
"""

import sys

from served import Numbers, check, np, serve

N, TICKS, REAL = int(sys.argv[1]), 512, np.float32
KEEP, ETA, BETA = REAL(1 - 50 * 1e-4), REAL(0.01), REAL(0.52)
numbers = Numbers(sys.argv[2])
D, W, u, xi, nu = (numbers.take(*shape).astype(REAL) for shape in ((2, N), (N, N), (TICKS, 2), (TICKS, N), (TICKS, N)))
expected_V, expected_W = numbers.take(N), numbers.take(N, N)
T = (D * D).sum(0) / 2
x, r, V = np.zeros(2, REAL), np.zeros(N, REAL), np.zeros(N, REAL)


def step(t):
    global x, r, V
    t %= TICKS
    x = KEEP * x + u[t]
    r *= KEEP
    V = KEEP * V + u[t] @ D + xi[t]
    margin = V - T - nu[t]
    k = margin.argmax()
    if margin[k] > 0:
        r[k] += 1
        before = V
        V = V + W[:, k]
        W[:, k] -= ETA * (before + BETA * W[:, k])


for t in range(TICKS):
    step(t)
check(max(np.abs(V - expected_V).max(), np.abs(W - expected_W).max()), 1e-4, f"{TICKS} ticks")
serve(step)
