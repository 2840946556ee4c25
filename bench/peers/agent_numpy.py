"""agent_case.hpp in NumPy.

usage: agent_numpy.py loop|tree float32|float64 FILE

loop goes through the policies one after the other, tree computes what they have in common once. FILE holds A, B,
desired outcomes, the first belief, outcomes and, for 16 steps, the belief, F, G and the move they lead to.
"""

import itertools
import sys

from served import Numbers, check, np, serve

FORM, REAL = sys.argv[1], np.dtype(sys.argv[2]).type
S, O, MOVES, HORIZON, GAMMA, CHECKED = 64, 64, 4, 4, 4, 16
numbers = Numbers(sys.argv[3])
A, B = numbers.take(O, S).astype(REAL), numbers.take(MOVES, S, S).astype(REAL)
wanted, first_belief = numbers.take(O).astype(REAL), numbers.take(S).astype(REAL)
outcomes, expected = numbers.take(64).astype(int), numbers.take(CHECKED, S + 1 + MOVES**HORIZON + 1)


def log(p):
    return np.log(np.maximum(p, REAL(1e-16)))


LOG_A, LOG_WANTED = log(A), log(wanted)
ENTROPY = -(A * LOG_A).sum(0)
POLICIES = list(itertools.product(range(MOVES), repeat=HORIZON))


def believe(s, a, o):
    value = LOG_A[o] + log(B[a] @ s)
    s = np.exp(value - value.max())
    s /= s.sum()
    return s, (s * (log(s) - value)).sum()


def loop(s):
    G = np.zeros(len(POLICIES), REAL)
    for i, policy in enumerate(POLICIES):
        x = s
        for a in policy:
            x = B[a] @ x
            q = A @ x
            G[i] += (q * (log(q) - LOG_WANTED)).sum() + ENTROPY @ x
    return G


def tree(s):
    x, G = s[:, None], np.zeros(1, REAL)
    for _ in range(HORIZON):
        x = np.matmul(B, x).transpose(1, 2, 0).reshape(S, -1)
        q = A @ x
        G = np.repeat(G, MOVES) + (q * (log(q) - LOG_WANTED[:, None])).sum(0) + ENTROPY @ x
    return G


plan = {"loop": loop, "tree": tree}[FORM]


def step(t):
    global s, F, G, a
    s, F = believe(s, a, outcomes[t % 64])
    G = plan(s)
    probability = np.exp(-REAL(GAMMA) * (G - G.min()))
    a = int(probability.reshape(MOVES, -1).sum(1).argmax())


s, a = first_belief, 0
for t, e in enumerate(expected):
    step(t)
    check(np.abs(np.concatenate([s, [F], G]) - e[:-1]).max() / np.abs(e[:-1]).max(), 1e-5, f"step {t}")
    check(abs(a - e[-1]), 0, f"the move of step {t}")
serve(step)
