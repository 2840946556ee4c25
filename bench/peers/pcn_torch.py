"""pcn_case.hpp in PyTorch, eager, the rules written out or gradients of F.

usage: pcn_torch.py "as written" | hoisted | autograd FILE

FILE holds W and b of the start, 12 samples, and W and b after the first 10 of them.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

SAMPLES, BATCH, SIZE, STEPS, CHECKED = 12, 64, (784, 256, 256, 10), 20, 10
INFER, LEARN = 0.1, 0.01 / BATCH
numbers = Numbers(sys.argv[2])


def parameters():
    return [numbers.take(o, i) for i, o in zip(SIZE, SIZE[1:])] + [numbers.take(o) for o in SIZE[1:]]


start = parameters()
W, b = ([torch.tensor(p, dtype=torch.float32) for p in ps] for ps in (start[:3], start[3:]))
samples = [
    [torch.tensor(numbers.take(BATCH, n), dtype=torch.float32) for n in (SIZE[0], SIZE[3])] for _ in range(SAMPLES)
]
expected = parameters()


def learn(errors, activations):
    for w, c, e, f in zip(W, b, errors, activations):
        w.addmm_(e.t(), f, alpha=LEARN)
        c.add_(e.sum(0), alpha=LEARN)


def predict(l, f):
    return torch.addmm(b[l], f, W[l].t())


def train_by(image, digit, hoisted):
    f = torch.tanh
    drive = predict(0, f(image))
    x1, x2 = drive, predict(1, f(drive))
    for _ in range(STEPS):
        f1, f2 = f(x1), f(x2)
        e1 = x1 - (drive if hoisted else predict(0, f(image)))
        e2, e3 = x2 - predict(1, f1), digit - predict(2, f2)
        x1 = x1 + INFER * (-e1 + (1 - f1 * f1) * (e2 @ W[1]))
        x2 = x2 + INFER * (-e2 + (1 - f2 * f2) * (e3 @ W[2]))
    f0, f1, f2 = f(image), f(x1), f(x2)
    e1 = x1 - (drive if hoisted else predict(0, f0))
    learn((e1, x2 - predict(1, f1), digit - predict(2, f2)), (f0, f1, f2))


def as_written(image, digit):
    train_by(image, digit, False)


def hoisted(image, digit):
    """The first prediction once."""
    train_by(image, digit, True)


def autograd(image, digit):
    """The rules from F, half of the squared errors."""

    def gradients(x1, x2, of):
        for v in of:
            v.requires_grad_()
        with torch.enable_grad():
            errors = x1 - predict(0, torch.tanh(image)), x2 - predict(1, torch.tanh(x1)), digit - predict(2, torch.tanh(x2))
            return torch.autograd.grad(sum((e * e).sum() for e in errors) / 2, of)

    x1 = predict(0, torch.tanh(image))
    x2 = predict(1, torch.tanh(x1))
    for _ in range(STEPS):
        g1, g2 = gradients(x1, x2, [x1, x2])
        x1, x2 = x1.detach() - INFER * g1, x2.detach() - INFER * g2
    for p, g in zip(W + b, gradients(x1, x2, W + b)):
        p.requires_grad_(False).sub_(g, alpha=LEARN)


train = {"as written": as_written, "hoisted": hoisted, "autograd": autograd}[sys.argv[1]]
for sample in samples[:CHECKED]:
    train(*sample)
found = [p.numpy() for p in W + b]
off, moved = (sum(((p - q) ** 2).sum() for p, q in zip(expected, other)) for other in (found, start))
check(np.sqrt(off / moved), 1e-3, f"{CHECKED} calls, of the change")
serve(lambda i: train(*samples[i % SAMPLES]))
