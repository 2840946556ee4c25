"""pcn_case.hpp in NumPy.

usage: pcn_numpy.py "as written" | hoisted FILE

FILE holds W and b of the start, 12 samples, and W and b after the first 10 of them.
"""

import sys

from served import Numbers, check, np, serve

SAMPLES, BATCH, SIZE, STEPS, CHECKED = 12, 64, (784, 256, 256, 10), 20, 10
INFER, LEARN = np.float32(0.1), np.float32(0.01 / BATCH)
numbers = Numbers(sys.argv[2])


def parameters():
    return [numbers.take(o, i) for i, o in zip(SIZE, SIZE[1:])] + [numbers.take(o) for o in SIZE[1:]]


start = parameters()
W, b = [p.astype(np.float32) for p in start[:3]], [p.astype(np.float32) for p in start[3:]]
samples = [[numbers.take(BATCH, n).astype(np.float32) for n in (SIZE[0], SIZE[3])] for _ in range(SAMPLES)]
expected = parameters()


def learn(errors, activations):
    for w, c, e, f in zip(W, b, errors, activations):
        w += LEARN * (e.T @ f)
        c += LEARN * e.sum(0)


def as_written(image, digit):
    f = np.tanh
    x1 = f(image) @ W[0].T + b[0]
    x2 = f(x1) @ W[1].T + b[1]
    for _ in range(STEPS):
        f1, f2 = f(x1), f(x2)
        e1 = x1 - (f(image) @ W[0].T + b[0])
        e2 = x2 - (f1 @ W[1].T + b[1])
        e3 = digit - (f2 @ W[2].T + b[2])
        x1 = x1 + INFER * (-e1 + (1 - f1 * f1) * (e2 @ W[1]))
        x2 = x2 + INFER * (-e2 + (1 - f2 * f2) * (e3 @ W[2]))
    f0, f1, f2 = f(image), f(x1), f(x2)
    learn(
        (x1 - (f0 @ W[0].T + b[0]), x2 - (f1 @ W[1].T + b[1]), digit - (f2 @ W[2].T + b[2])), (f0, f1, f2)
    )


def hoisted(image, digit):
    """The first prediction once, and the elementwise work in place."""
    f = np.tanh
    f0 = f(image)
    drive = f0 @ W[0].T + b[0]
    x1 = drive.copy()
    x2 = f(x1) @ W[1].T + b[1]
    for _ in range(STEPS):
        f1, f2 = f(x1), f(x2)
        e2 = x2 - (f1 @ W[1].T + b[1])
        e3 = digit - (f2 @ W[2].T + b[2])
        for x, gradient, slope, error in ((x1, e2 @ W[1], f1, x1 - drive), (x2, e3 @ W[2], f2, e2)):
            slope *= slope
            np.subtract(1, slope, out=slope)
            gradient *= slope
            gradient -= error
            gradient *= INFER
            x += gradient
    f1, f2 = f(x1), f(x2)
    learn((x1 - drive, x2 - (f1 @ W[1].T + b[1]), digit - (f2 @ W[2].T + b[2])), (f0, f1, f2))


train = {"as written": as_written, "hoisted": hoisted}[sys.argv[1]]
for sample in samples[:CHECKED]:
    train(*sample)
off, moved = (sum(((p - q) ** 2).sum() for p, q in zip(expected, other)) for other in (W + b, start))
check(np.sqrt(off / moved), 1e-3, f"{CHECKED} calls, of the change")
serve(lambda i: train(*samples[i % SAMPLES]))
