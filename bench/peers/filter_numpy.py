"""filter_case.hpp in NumPy.

usage: filter_numpy.py STATES FILE

FILE holds A, C, Px, Py, 1024 observations, and the state after all of them.
"""

import sys

from served import Numbers, check, np, serve

N, STEPS, RATE, OBSERVATIONS = int(sys.argv[1]), 5, 0.05, 1024
numbers = Numbers(sys.argv[2])
A, C, PX, PY = (numbers.take(N, N) for _ in range(4))
Y, expected = numbers.take(OBSERVATIONS, N), numbers.take(N)


def tick(t):
    global x
    y = Y[t % OBSERVATIONS]
    predicted = A @ x
    x = predicted
    for _ in range(STEPS):
        x = x + RATE * (C.T @ (PY @ (y - C @ x)) - PX @ (x - predicted))


x = np.zeros(N)
for t in range(OBSERVATIONS):
    tick(t)
check(np.abs(x - expected).max() / np.abs(expected).max(), 1e-12, f"{OBSERVATIONS} ticks")
serve(tick)
