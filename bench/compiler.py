"""What each kernel library of models/ costs to compile: one row a library.

usage: compiler.py BUILD [FOLDER] [--check] [--json FILE]

BUILD is a build folder of CMake and Ninja, FOLDER a part of it, by default models. Processor time of compiling the
specification, of running the generator, and of compiling the kernels for each instruction set; lines of those kernels.
What is over its limit is measured twice more and the least counts: beside other programs a core is slower by a fifth.
--check names what is still over, and then exits with 1.
"""

import argparse
import json
import os
import platform
import resource
import shlex
import subprocess
import sys
import tempfile

LIMITS = {"specification": 10, "generator": 1, "kernels": 5}  # seconds; kernels for each set alone
# Options of each set, as _freefall_compile_for_each_set of cmake/FreefallAddKernels.cmake gives them.
SETS = {"x86-64": [], "x86-64-v3": [], "x86-64-v4": ["-mprefer-vector-width=512"]}
if platform.machine() not in ("x86_64", "AMD64"):
    SETS = {"native": []}

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("build")
arguments.add_argument("folder", nargs="?", default="models", help="part of the build folder, default %(default)s")
arguments.add_argument("--check", action="store_true", help="exit with 1 if anything is over its limit")
arguments.add_argument("--json", help="file to append an object a line to")
given = arguments.parse_args()


def ninja(*words):
    command = ["ninja", "-C", given.build, "--quiet", *words]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"compiler.py: {shlex.join(command)}\n{built.stdout}{built.stderr}")
    return built.stdout


def seconds(command):
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run(command, check=True, cwd=given.build)
    return spent() - before


def last_command(target):
    return ninja("-t", "commands", target).splitlines()[-1]


with open(os.path.join(given.build, "CMakeCache.txt"), encoding="utf8") as cache:
    compiler = next(line.split("=")[1].strip() for line in cache if line.startswith("CMAKE_CXX_COMPILER:"))


def seconds_to_compile(target, instruction_set=None):
    """By the compiler itself, whatever CMAKE_CXX_COMPILER_LAUNCHER keeps, and into a file of its own."""
    words = shlex.split(last_command(target))
    words = words[words.index(compiler) :]
    for option in ("-MT", "-MF"):
        at = words.index(option)
        del words[at : at + 2]
    words.remove("-MD")
    if instruction_set:
        words = [w for w in words if not w.startswith("-march=")]
        words += [f"-march={instruction_set}", *SETS[instruction_set]]
    with tempfile.TemporaryDirectory() as folder:
        words[words.index("-o") + 1] = os.path.join(folder, "out.o")
        return seconds(words)


def within(limit, measure):
    took = measure()
    return took if took <= limit else min(took, measure(), measure())


def generator_of(stamp):
    """Its command, without the folder it is run in and the touch of the stamp."""
    return shlex.split(last_command(stamp).split(" && ")[-2])


targets = [line.split(":")[0] for line in ninja("-t", "targets", "all").splitlines()]
stamps = [t for t in targets if t.startswith(given.folder) and t.endswith(".stamp")]
if not stamps:
    sys.exit(f"compiler.py: no kernel libraries in {os.path.join(given.build, given.folder)}")

columns = ["specification", "generator", *SETS]
print(f"{'library':<34}" + "".join(f"{c:>15}" for c in columns) + f"{'lines':>8}", flush=True)
over, seen = [], set()
for stamp in sorted(stamps, key=lambda s: (generator_of(s)[0], s)):
    folder, name = os.path.dirname(stamp), os.path.basename(stamp).removesuffix(".stamp")
    ninja(stamp)
    command, times = generator_of(stamp), {}
    if command[0] not in seen:  # one for all libraries of a model file
        seen.add(command[0])
        part = f"/{os.path.basename(command[0])}.dir/"
        specification = next(t for t in targets if part in t and t.endswith(".cpp.o"))
        times["specification"] = within(LIMITS["specification"], lambda: seconds_to_compile(specification))
    times["generator"] = within(LIMITS["generator"], lambda: seconds(command))
    kernels = f"{os.path.dirname(folder)}/CMakeFiles/{name}.dir/{name}/{name}.cpp.o"
    for instruction_set in SETS:
        times[instruction_set] = within(LIMITS["kernels"], lambda: seconds_to_compile(kernels, instruction_set))
    with open(os.path.join(given.build, folder, name + ".cpp"), encoding="utf8") as emitted:
        lines = sum(1 for _ in emitted)
    print(f"{name:<34}" + "".join(f"{times[c]:>13.2f} s" if c in times else f"{'':>15}" for c in columns) + f"{lines:>8}")
    sys.stdout.flush()
    for column, took in times.items():
        limit = LIMITS.get(column, LIMITS["kernels"])
        if took > limit:
            over.append(f"{name}: {column} takes {took:.2f} s, at most {limit} s are allowed")
        if given.json:
            row = {"workload": f"compiler, {name}", "variant": column, "threads": 1, "median_ns": 1e9 * took}
            row |= {"ratio_to_best_hand": None, "share_of_limit": None}
            row |= {"limit_ns": 1e9 * limit, "emitted_lines": lines}
            with open(given.json, "a", encoding="utf8") as rows:
                rows.write(json.dumps(row) + "\n")
if given.check:
    for excess in over:
        print(f"over its limit: {excess}", file=sys.stderr)
    sys.exit(1 if over else 0)
