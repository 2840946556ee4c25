#!/usr/bin/env python3
"""Compiles one case of the must-not-compile corpus.

    check_case.py CASE [--directory DIR] -- COMPILER FLAGS...

DIR/good/CASE.cpp has to compile. DIR/bad/CASE.cpp has to fail with exactly one error, a failed static_assert, and each
line of DIR/bad/CASE.expected, a regular expression, has to match a line of what the compiler prints.
"""
import argparse
import pathlib
import re
import subprocess
import sys


def compile_case(command, source):
    result = subprocess.run([*command, "-fsyntax-only", str(source)], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def faults(case, directory, command):
    """What is not as it should be, as a list of lines."""
    found = []
    code, text = compile_case(command, directory / "good" / f"{case}.cpp")
    if code != 0:
        found += [f"good/{case}.cpp does not compile:", text]

    code, text = compile_case(command, directory / "bad" / f"{case}.cpp")
    lines = text.splitlines()
    errors = [line for line in lines if re.search(r"\berror: ", line)]
    assertions = [line for line in errors if "static assertion failed" in line]
    if code == 0:
        found.append(f"bad/{case}.cpp compiles, and should not")
    elif len(errors) != 1 or len(assertions) != 1:
        found.append(f"bad/{case}.cpp gives {len(errors)} errors, {len(assertions)} of them failed static_asserts; "
                     "expected one, and that a static_assert")
    for pattern in (directory / "bad" / f"{case}.expected").read_text().splitlines():
        if not any(re.search(pattern, line) for line in lines):
            found.append(f"bad/{case}.cpp: no line matches: {pattern}")
    if found:
        found += ["", f"the compiler says of bad/{case}.cpp:", text]
    return found


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case")
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1:]
    if not command:
        parser.error("name the compiler after --")
    found = faults(arguments.case, arguments.directory, command)
    print("\n".join(found) if found else "ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
