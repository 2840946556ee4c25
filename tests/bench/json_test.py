"""One round of filter_bench: an object for each workload and variant, with the keys and the kinds of values that
bench/README.md names, and the row of the table that says the same.

usage: json_test.py <filter_bench>
"""

import json
import pathlib
import subprocess
import sys
import tempfile

KEYS = ["workload", "variant", "threads", "median_ns", "ratio_to_best_hand", "share_of_limit"]
# Those that need nothing installed.
VARIANTS = ["Eigen, fixed size", "generated, as written", "generated, folded", "hand, as written", "hand, folded", "FMA limit"]


def check(row, table):
    name = f"{row['workload']}, {row['variant']}"
    assert list(row) == KEYS, f"{name}: expected the keys {KEYS}, found {list(row)}"
    assert row["threads"] == 1 and row["median_ns"] > 0 and row["share_of_limit"] > 0, row
    printed = f"{1e-3 * row['median_ns']:.3f} us"
    assert any(line.startswith(row["variant"]) and printed in line for line in table), f"{name}: no row with {printed}"
    if row["variant"] == "FMA limit":
        assert row["ratio_to_best_hand"] is None and row["share_of_limit"] == 1, row
    elif row["variant"] == "hand, as written":
        assert row["ratio_to_best_hand"] == 1, f"{name}: it is the one that ratios are to, found {row}"
    else:
        assert row["ratio_to_best_hand"] > 0, row


readme = (pathlib.Path(__file__).parents[2] / "bench/README.md").read_text(encoding="utf8")
assert all(f"`{key}`" in readme for key in KEYS), f"bench/README.md does not name the keys {KEYS}"
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "rows"
    ran = subprocess.run([sys.argv[1], "--rounds", "1", "--json", str(file)], check=True, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in file.read_text(encoding="utf8").splitlines()]
for row in rows:
    check(row, ran.stdout.splitlines())
for workload in ("filter, 4 states", "filter, 16 states"):
    found = [row["variant"] for row in rows if row["workload"] == workload]
    assert found[:5] + found[-1:] == VARIANTS, f"{workload}: expected {VARIANTS} and peers before the last, found {found}"
