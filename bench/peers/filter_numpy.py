"""filter_case.hpp in NumPy.

usage: filter_numpy.py STATES
"""

import sys

from served import np, serve

N, STEPS, RATE, OBSERVATIONS = int(sys.argv[1]), 5, 0.05, 1024
draw = np.random.default_rng(1)


def precision():
    m = draw.standard_normal((N, N))
    return m @ m.T / N + np.eye(N)


A = 0.9 * np.eye(N) + 0.05 / N * draw.standard_normal((N, N))
C = draw.standard_normal((N, N)) / np.sqrt(N)
PX, PY, Y = precision(), precision(), draw.standard_normal((OBSERVATIONS, N))


def tick(t):
    global x
    y = Y[t % OBSERVATIONS]
    predicted = A @ x
    x = predicted
    for _ in range(STEPS):
        x = x + RATE * (C.T @ (PY @ (y - C @ x)) - PX @ (x - predicted))


x = np.zeros(N)
serve(tick)
