"""pcn_case.hpp in NumPy, one thread, served to race.hpp: a line with a number of calls is answered by nanoseconds.

usage: pcn_numpy.py "as written" | hoisted
"""

import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
except ImportError:
    sys.exit(print("NumPy is not installed"))

BATCH, SIZE, STEPS = 64, (784, 256, 256, 10), 20
INFER, LEARN = np.float32(0.1), np.float32(0.01 / BATCH)
draw = np.random.default_rng(1)
W = [(draw.standard_normal((o, i)) / np.sqrt(i)).astype(np.float32) for i, o in zip(SIZE, SIZE[1:])]
b = [np.full(o, 0.01, np.float32) for o in SIZE[1:]]
IMAGE = draw.random((BATCH, SIZE[0]), np.float32)
DIGIT = np.eye(SIZE[3], dtype=np.float32)[draw.integers(0, 10, BATCH)]


def learn(errors, activations):
    for w, c, e, f in zip(W, b, errors, activations):
        w += LEARN * (e.T @ f)
        c += LEARN * e.sum(0)


def as_written():
    f = np.tanh
    x1 = f(IMAGE) @ W[0].T + b[0]
    x2 = f(x1) @ W[1].T + b[1]
    for _ in range(STEPS):
        f1, f2 = f(x1), f(x2)
        e1 = x1 - (f(IMAGE) @ W[0].T + b[0])
        e2 = x2 - (f1 @ W[1].T + b[1])
        e3 = DIGIT - (f2 @ W[2].T + b[2])
        x1 = x1 + INFER * (-e1 + (1 - f1 * f1) * (e2 @ W[1]))
        x2 = x2 + INFER * (-e2 + (1 - f2 * f2) * (e3 @ W[2]))
    f0, f1, f2 = f(IMAGE), f(x1), f(x2)
    learn(
        (x1 - (f0 @ W[0].T + b[0]), x2 - (f1 @ W[1].T + b[1]), DIGIT - (f2 @ W[2].T + b[2])), (f0, f1, f2)
    )


def hoisted():
    """The first prediction once, and the elementwise work in place."""
    f = np.tanh
    f0 = f(IMAGE)
    drive = f0 @ W[0].T + b[0]
    x1 = drive.copy()
    x2 = f(x1) @ W[1].T + b[1]
    for _ in range(STEPS):
        f1, f2 = f(x1), f(x2)
        e2 = x2 - (f1 @ W[1].T + b[1])
        e3 = DIGIT - (f2 @ W[2].T + b[2])
        for x, gradient, slope, error in ((x1, e2 @ W[1], f1, x1 - drive), (x2, e3 @ W[2], f2, e2)):
            slope *= slope
            np.subtract(1, slope, out=slope)
            gradient *= slope
            gradient -= error
            gradient *= INFER
            x += gradient
    f1, f2 = f(x1), f(x2)
    learn((x1 - drive, x2 - (f1 @ W[1].T + b[1]), DIGIT - (f2 @ W[2].T + b[2])), (f0, f1, f2))


train = {"as written": as_written, "hoisted": hoisted}[sys.argv[1]]
print("ready", flush=True)
for line in sys.stdin:
    start = time.thread_time_ns()
    for _ in range(int(line)):
        train()
    print(time.thread_time_ns() - start, flush=True)
