"""usage: golden.py GENERATOR CASE

Runs a verb of a generator and compares what it prints with the file CASE beside this script.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from pin import pin  # noqa: E402

SIZES = ["--axes", "batch=2,cause=2", "reading=3"]  # by commas or blanks
CASES = {
    "derive.txt": ["derive"],
    "derive.tex": ["derive", "--format", "latex"],
    "explain.txt": ["explain", "learn.W"],
    "graph.dot": ["graph"],
    "graph.svg": ["graph", "--format", "svg"],
    "cost.txt": ["cost", *SIZES],
    "axes.json": ["axes", "--format", "json"],
}


generator, case = sys.argv[1:]
printed = subprocess.run([generator, *CASES[case]], capture_output=True, text=True, check=True).stdout
sys.exit(0 if pin(pathlib.Path(__file__).parent / case, printed) else 1)
