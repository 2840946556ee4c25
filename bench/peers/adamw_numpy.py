"""adamw_case.hpp in NumPy, the first prediction once, the elementwise work in place.

usage: adamw_numpy.py FILE

FILE holds W and b of the start, 12 batches, and W and b after the first 10 of them.
"""

import sys

from served import Numbers, check, np, serve

BATCHES, BATCH, SIZE, STEPS, CHECKED = 12, 128, (784, 128, 128, 128, 10), 8, 10
INFER, LEARN, DECAY, BETA1, BETA2, EPSILON = (np.float32(x) for x in (0.1, 1e-3, 0.01, 0.9, 0.999, 1e-8))
DEPTH = len(SIZE) - 1
numbers = Numbers(sys.argv[1])


def parameters():
    return [numbers.take(o, i) for i, o in zip(SIZE, SIZE[1:])] + [numbers.take(o) for o in SIZE[1:]]


start = parameters()
W, b = ([p.astype(np.float32) for p in ps] for ps in (start[:DEPTH], start[DEPTH:]))
batches = [[numbers.take(BATCH, n).astype(np.float32) for n in (SIZE[0], SIZE[-1])] for _ in range(BATCHES)]
expected = parameters()
moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in ps] for ps in (W, b)]
calls = 0


def predict(l, f):
    out = f @ W[l].T
    out += b[l]
    return out


def adam(p, moment, gradient):
    m, v = moment
    m *= BETA1
    m += (1 - BETA1) * gradient
    v *= BETA2
    gradient *= gradient
    gradient *= 1 - BETA2
    v += gradient
    root = np.sqrt(v, out=gradient)
    root *= 1 / np.sqrt(1 - BETA2**calls)
    root += EPSILON
    np.divide(m, root, out=root)
    root *= LEARN / (1 - BETA1**calls)
    p -= root


def train(image, digit):
    global calls
    x, f = [image], [np.tanh(image)]
    for l in range(DEPTH - 1):
        x.append(predict(l, f[l]))
        f.append(np.tanh(x[-1]))
    drive = x[1].copy()
    x.append(digit)

    def errors():
        return [x[1] - drive] + [x[l + 1] - predict(l, f[l]) for l in range(1, DEPTH)]

    for _ in range(STEPS):
        e = errors()
        for l in range(1, DEPTH):
            gradient, slope = e[l] @ W[l], f[l]
            slope *= slope
            np.subtract(1, slope, out=slope)
            gradient *= slope
            gradient -= e[l - 1]
            gradient *= INFER
            x[l] += gradient
            np.tanh(x[l], out=f[l])
    calls += 1
    for l, e in enumerate(errors()):
        e *= np.float32(-1 / BATCH)
        adam(W[l], moments[0][l], e.T @ f[l])
        W[l] *= 1 - LEARN * DECAY
        adam(b[l], moments[1][l], e.sum(0))


for batch in batches[:CHECKED]:
    train(*batch)
off, moved = (sum(((p - q) ** 2).sum() for p, q in zip(expected, other)) for other in (W + b, start))
check(np.sqrt(off / moved), 1e-3, f"{CHECKED} calls, of the change")
serve(lambda i: train(*batches[i % BATCHES]))
