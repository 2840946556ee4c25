"""usage: expect.py TEXT --folder WORD=PATH... [--ours] -- COMMAND...

Runs the command and compares its exit code and what it writes to standard error with the file TEXT. Folders stand in the
text as words, so that it does not depend on where a build is. --ours leaves out what other programs say.
"""
import argparse
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from pin import pin  # noqa: E402


def without_layout_of_cmake(text):
    """cmake breaks its messages at the width of a page and says where it was called from."""
    message = re.match(r"CMake Error at [^\n]* \(message\):\n(.*?)\n(Call Stack|\n\n)", text, re.DOTALL)
    return "CMake Error: " + " ".join(message[1].split()) + "\n" if message else text


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--folder", action="append", default=[])
    parser.add_argument("--ours", action="store_true")
    arguments = parser.parse_args(sys.argv[1:split])
    done = subprocess.run(sys.argv[split + 1:], capture_output=True, text=True, check=False)
    said = without_layout_of_cmake(done.stderr)
    for word, path in sorted((f.split("=", 1) for f in arguments.folder), key=lambda f: -len(f[1])):
        said = said.replace(path, word)
    if arguments.ours:
        said = "".join(line for line in said.splitlines(True) if line.startswith("freefall: "))
    return 0 if pin(arguments.text, f"exit code {done.returncode}\n{said}") else 1


sys.exit(main())
