#!/usr/bin/env python3
"""Compiles one case of the must-not-compile corpus.

    check_case.py CASE --texts DIR -- COMPILER FLAGS...

good/CASE.cpp has to compile. bad/CASE.cpp has to fail with exactly one error, a failed static_assert; where it stands,
the evidence and the message are those of DIR/CASE.txt, the same for all compilers.
"""
import argparse
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from pin import pin  # noqa: E402

FOLDER = pathlib.Path(__file__).parent


def compile_case(command, source):
    result = subprocess.run([*command, "-fsyntax-only", str(source)], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def plain(evidence):
    """Template arguments as they are written: `name<"h">`, without namespaces and lengths."""
    evidence = re.sub(r'(?:freefall::)?fixed_string<\d+>\{("[^"]*")\}', r"\1", evidence)
    evidence = re.sub(r"\b(?:freefall|detail|diagnostics|ir)::", "", evidence)
    return re.sub(r"\s*>", ">", evidence)


def said(case, text):
    """The line of the specification, the evidence and the message of the one failed static_assert."""
    place = re.findall(rf"{case}\.cpp:(\d+):\d+:(?:   required from here| note: in instantiation)", text)
    place = place or re.findall(rf"{case}\.cpp:(\d+):\d+:", text)  # of what is evaluated at compile time
    rule = re.search(r"[iI]n instantiation of (?:.struct |template class .)freefall::diagnostics::(.*?)[’'](?: requested here)?:?\n",
                     text)
    message = re.search(r"error: static assertion failed[^\n]*?(freefall: [^\n]*)", text)
    found = [f"{case}.cpp:{place[-1]}" if place else "(no place)", plain(rule[1]) if rule else "(no evidence)",
             message[1] if message else "(no message)"]
    return "\n".join(found) + "\n"


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case")
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    arguments = parser.parse_args(sys.argv[1:split])
    case, command = arguments.case, sys.argv[split + 1:]

    code, text = compile_case(command, FOLDER / "good" / f"{case}.cpp")
    if code != 0:
        print(f"good/{case}.cpp does not compile:\n{text}")
        return 1
    code, text = compile_case(command, FOLDER / "bad" / f"{case}.cpp")
    errors = re.findall(r"\berror: [^\n]*", text)
    if len(errors) != 1 or "static assertion failed" not in errors[0]:
        print(f"bad/{case}.cpp gives {len(errors)} errors, expected one, a failed static_assert:\n{text}")
        return 1
    return 0 if pin(arguments.texts / f"{case}.txt", said(case, text)) else 1


if __name__ == "__main__":
    sys.exit(main())
