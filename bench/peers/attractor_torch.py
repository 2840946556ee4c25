"""attractor_case.hpp in PyTorch, float32, eager.

usage: attractor_torch.py UNITS STEPS FILE

FILE holds evidence, the uniform numbers of STEPS steps, and the state and couplings they lead to.
"""

import sys

from served import Numbers, check, needs_torch, np, serve

torch = needs_torch()

N, CHECKED, RATE = int(sys.argv[1]), int(sys.argv[2]), 0.005
numbers = Numbers(sys.argv[3])
bias, uniform = (torch.tensor(numbers.take(*s), dtype=torch.float32) for s in ((N,), (CHECKED, N)))
expected_state, expected_couplings = numbers.take(N), numbers.take(N, N)


def mean(u):
    return torch.where(u.abs() < 0.02, u / 3 - u**3 / 45, 1 / torch.tanh(u) - 1 / u)


def quantile(v, u):
    a, q = u.abs(), 2 * v - 1
    above = torch.where(u > 0, v, 1 - v)
    far = 1 + torch.log(above + (1 - above) * torch.exp(-2 * a)) / a
    near = q + (1 - q * q) * (u / 2 - q * u * u / 3)
    return torch.where(a < 0.01, near, torch.where(u > 0, far, -far))


def step(v):
    global s
    u = torch.addmv(bias, J, s)
    drawn = quantile(v, u)
    J.addr_(drawn - mean(u), s, alpha=RATE)
    J.fill_diagonal_(0)
    s = drawn


s, J = torch.zeros(N), torch.zeros(N, N)
for v in uniform:
    step(v)
largest = np.abs(expected_couplings).max()
off = max(np.abs(s.numpy() - expected_state).max(), np.abs(J.numpy() - expected_couplings).max() / largest)
check(off, 1e-4, f"{CHECKED} steps")

draw = torch.Generator().manual_seed(1)
serve(lambda _: step(torch.rand(N, generator=draw)))
