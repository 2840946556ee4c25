"""usage: bench_test.py FREEFALL MODEL

`freefall bench MODEL` gives a time for every kernel of a shipped model: the numbers it makes up are admissible.
"""
import json
import subprocess
import sys

freefall, model = sys.argv[1:]


def told(verb):
    done = subprocess.run([freefall, verb, model, "--format", "json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


times = {row["kernel"]: row for row in told("bench")}
kernels = {row["kernel"] for row in told("cost")}
assert set(times) == kernels, (sorted(times), sorted(kernels))
for name, row in times.items():
    assert row["finite"] and row["seconds"] is not None, f"{name} refused the numbers"
    assert 1e-9 < row["seconds"] < 60, (name, row["seconds"])
print(f"{len(times)} kernels:", *(f"{name} {row['seconds'] * 1e6:.2f} us" for name, row in times.items()))
