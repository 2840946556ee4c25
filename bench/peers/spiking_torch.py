"""spiking_case.hpp in PyTorch, float32, eager.

usage: spiking_torch.py NEURONS FILE

FILE holds D, the first couplings, signal and noise of 512 ticks, and voltages and couplings after all of them.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

N, TICKS, KEEP, ETA, BETA = int(sys.argv[1]), 512, 1 - 50 * 1e-4, 0.01, 0.52
numbers = Numbers(sys.argv[2])
shapes = (2, N), (N, N), (TICKS, 2), (TICKS, N), (TICKS, N)
D, W, u, xi, nu = (torch.tensor(numbers.take(*shape), dtype=torch.float32) for shape in shapes)
expected_V, expected_W = numbers.take(N), numbers.take(N, N)
T, D = (D * D).sum(0) / 2, D.t()
x, r, V = torch.zeros(2), torch.zeros(N), torch.zeros(N)


def step(t):
    t %= TICKS
    x.mul_(KEEP).add_(u[t])
    r.mul_(KEEP)
    V.mul_(KEEP).add_(xi[t]).addmv_(D, u[t])
    margin = V - T - nu[t]
    k = int(margin.argmax())
    if margin[k] > 0:
        r[k] += 1
        change = V.add(W[:, k], alpha=BETA)
        V.add_(W[:, k])
        W[:, k].sub_(change, alpha=ETA)


for t in range(TICKS):
    step(t)
check(max(np.abs(V.numpy() - expected_V).max(), np.abs(W.numpy() - expected_W).max()), 1e-4, f"{TICKS} ticks")
serve(step)
