"""filter_case.hpp in PyTorch, float64, eager.

usage: filter_torch.py manual|autograd STATES FILE

manual has the gradient written out, autograd takes it from F = (s' Py s + e' Px e) / 2 with s = y - C x, e = x - A x_0.
FILE holds A, C, Px, Py, 1024 observations, and the state after all of them.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

FORM, N, STEPS, RATE, OBSERVATIONS = sys.argv[1], int(sys.argv[2]), 5, 0.05, 1024
numbers = Numbers(sys.argv[3])
A, C, PX, PY = (torch.tensor(numbers.take(N, N)) for _ in range(4))
Y, expected = torch.tensor(numbers.take(OBSERVATIONS, N)), numbers.take(N)


def written_out(x, y, predicted):
    return PX @ (x - predicted) - C.t() @ (PY @ (y - C @ x))


def derived(x, y, predicted):
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        s, e = y - C @ x, x - predicted
        return torch.autograd.grad((s @ (PY @ s) + e @ (PX @ e)) / 2, x)[0]


gradient = {"manual": written_out, "autograd": derived}[FORM]


def tick(t):
    global x
    y, predicted = Y[t % OBSERVATIONS], A @ x
    x = predicted
    for _ in range(STEPS):
        x = x - RATE * gradient(x, y, predicted)


x = torch.zeros(N, dtype=torch.float64)
for t in range(OBSERVATIONS):
    tick(t)
check(np.abs(x.numpy() - expected).max() / np.abs(expected).max(), 1e-12, f"{OBSERVATIONS} ticks")
serve(tick)
