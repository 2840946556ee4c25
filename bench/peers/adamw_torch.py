"""adamw_case.hpp in PyTorch, eager, the rules written out, the first prediction once.

usage: adamw_torch.py FILE

FILE holds W and b of the start, 12 batches, and W and b after the first 10 of them.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

BATCHES, BATCH, SIZE, STEPS, CHECKED = 12, 128, (784, 128, 128, 128, 10), 8, 10
INFER, LEARN, DECAY, BETA1, BETA2, EPSILON = 0.1, 1e-3, 0.01, 0.9, 0.999, 1e-8
DEPTH = len(SIZE) - 1
numbers = Numbers(sys.argv[1])


def parameters():
    return [numbers.take(o, i) for i, o in zip(SIZE, SIZE[1:])] + [numbers.take(o) for o in SIZE[1:]]


start = parameters()
W, b = ([torch.tensor(p, dtype=torch.float32) for p in ps] for ps in (start[:DEPTH], start[DEPTH:]))
batches = [
    [torch.tensor(numbers.take(BATCH, n), dtype=torch.float32) for n in (SIZE[0], SIZE[-1])] for _ in range(BATCHES)
]
expected = parameters()
moments = [[(torch.zeros_like(p), torch.zeros_like(p)) for p in ps] for ps in (W, b)]
calls = 0


def predict(l, f):
    return torch.addmm(b[l], f, W[l].t())


def adam(p, moment, gradient):
    m, v = moment
    m.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
    v.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    root = (v / (1 - BETA2**calls)).sqrt_().add_(EPSILON)
    p.addcdiv_(m, root, value=-LEARN / (1 - BETA1**calls))


def train(image, digit):
    global calls
    x, f = [image], [torch.tanh(image)]
    for l in range(DEPTH - 1):
        x.append(predict(l, f[l]))
        f.append(torch.tanh(x[-1]))
    x.append(digit)
    drive = x[1]

    def errors():
        return [x[1] - drive] + [x[l + 1] - predict(l, f[l]) for l in range(1, DEPTH)]

    for _ in range(STEPS):
        e = errors()
        for l in range(1, DEPTH):
            x[l] = x[l] + INFER * ((1 - f[l] * f[l]) * (e[l] @ W[l]) - e[l - 1])
            f[l] = torch.tanh(x[l])
    calls += 1
    for l, e in enumerate(errors()):
        adam(W[l], moments[0][l], (e.t() @ f[l]).mul_(-1 / BATCH))
        W[l].mul_(1 - LEARN * DECAY)
        adam(b[l], moments[1][l], e.sum(0).mul_(-1 / BATCH))


for batch in batches[:CHECKED]:
    train(*batch)
found = [p.numpy() for p in W + b]
off, moved = (sum(((p - q) ** 2).sum() for p, q in zip(expected, other)) for other in (found, start))
check(np.sqrt(off / moved), 1e-3, f"{CHECKED} calls, of the change")
serve(lambda i: train(*batches[i % BATCHES]))
