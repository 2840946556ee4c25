"""The lines a model's README quotes are those of its program of figures: no quick figure is missing, none is left over,
they stand in its order, each says what is expected now, and what was measured holds.

usage: readme_test.py <README.md> <program of figures>
"""

import re
import subprocess
import sys


def holds(measured, expected, tolerance):
    if expected.startswith(">="):
        return measured >= float(expected[2:])
    if expected.startswith("<="):
        return measured <= float(expected[2:])
    value = float(expected)
    distance = float(tolerance[:-1]) / 100 * abs(value) if tolerance.endswith("%") else float(tolerance)
    return abs(measured - value) <= distance


def main(readme, program):
    blocks = re.findall(r"<!-- scripts/figures[^\n]*-->\n```\n(.*?)```\n", open(readme).read(), re.DOTALL)
    assert len(blocks) == 1, f"{readme}: expected one block '<!-- scripts/figures -->', found {len(blocks)}"
    listed = subprocess.run([program, "--list", "--all"], stdout=subprocess.PIPE, text=True, check=True).stdout
    fields = [line.split() for line in listed.splitlines()]
    slow = {f[2] for f in fields if f[7] == "slow:"}
    quoted = []
    for line in blocks[0].splitlines():
        f = line.split()
        assert len(f) == 10 and (f[0], f[3], f[5], f[7], f[9]) == (
            "figure", "measured", "expected", "tolerance", "ok"), line
        assert holds(float(f[4]), f[6], f[8]), line
        quoted.append((f[1], f[2], f[6], f[8]))
    # A slow figure may wait until somebody has the time or the data to measure it.
    names = {name for _, name, _, _ in quoted}
    expected = [(f[1], f[2], f[4], f[6]) for f in fields if f[2] in names or f[2] not in slow]
    assert quoted == expected, "\n".join(
        ["scripts/figures --write renews the README; lines that differ, or their order:",
         *(" ".join(line) for line in sorted(set(quoted) ^ set(expected)))])


if __name__ == "__main__":
    main(*sys.argv[1:])
