"""agent_case.hpp in PyTorch, eager, what the policies have in common computed once.

usage: agent_torch.py float32|float64 FILE

FILE holds A, B, desired outcomes, the first belief, outcomes and, for 16 steps, the belief, F, G and the move they lead
to.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

REAL, S, O, MOVES, HORIZON, GAMMA, CHECKED = getattr(torch, sys.argv[1]), 64, 64, 4, 4, 4, 16
numbers = Numbers(sys.argv[2])
A, B, wanted, s = (torch.tensor(numbers.take(*n), dtype=REAL) for n in ((O, S), (MOVES, S, S), (O,), (S,)))
outcomes, expected = numbers.take(64).astype(int), numbers.take(CHECKED, S + 1 + MOVES**HORIZON + 1)


def log(p):
    return torch.log(p.clamp(min=1e-16))


LOG_A, LOG_WANTED = log(A), log(wanted)
ENTROPY = -(A * LOG_A).sum(0)


def believe(s, a, o):
    value = LOG_A[o] + log(B[a] @ s)
    s = torch.softmax(value, 0)
    return s, (s * (log(s) - value)).sum()


def plan(s):
    x, G = s[:, None], torch.zeros(1, dtype=REAL)
    for _ in range(HORIZON):
        x = torch.matmul(B, x).permute(1, 2, 0).reshape(S, -1)
        q = A @ x
        G = G.repeat_interleave(MOVES) + (q * (log(q) - LOG_WANTED[:, None])).sum(0) + ENTROPY @ x
    return G


def step(t):
    global s, F, G, a
    s, F = believe(s, a, outcomes[t % 64])
    G = plan(s)
    a = int(torch.softmax(-GAMMA * G, 0).reshape(MOVES, -1).sum(1).argmax())


a = 0
for t, e in enumerate(expected):
    step(t)
    found = torch.cat([s, F[None], G]).numpy()
    check(np.abs(found - e[:-1]).max() / np.abs(e[:-1]).max(), 1e-5, f"step {t}")
    check(abs(a - e[-1]), 0, f"the move of step {t}")
serve(step)
