"""usage: golden.py GENERATOR [CASE...] [--promote]

Runs the verbs of a generator and compares what they print with the files beside this script, or writes the files.
"""
import difflib
import pathlib
import subprocess
import sys

SIZES = ["--axes", "batch=2", "cause=2", "reading=3"]
CASES = {
    "derive.txt": ["derive"],
    "derive.tex": ["derive", "--format", "latex"],
    "explain.txt": ["explain", "learn.W"],
    "graph.dot": ["graph"],
    "graph.svg": ["graph", "--format", "svg"],
    "cost.txt": ["cost", *SIZES],
    "axes.json": ["axes", "--format", "json"],
}


def main():
    words = [w for w in sys.argv[1:] if w != "--promote"]
    generator, cases = words[0], words[1:] or list(CASES)
    failed = False
    for case in cases:
        printed = subprocess.run([generator, *CASES[case]], capture_output=True, text=True, check=True).stdout
        file = pathlib.Path(__file__).parent / case
        if "--promote" in sys.argv:
            file.write_text(printed)
            continue
        kept = file.read_text() if file.exists() else ""
        if printed != kept:
            failed = True
            sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), printed.splitlines(True), str(file), "printed now"))
            print("If this is right: scripts/promote")
    return failed


sys.exit(main())
