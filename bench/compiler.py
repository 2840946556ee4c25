"""What each model of models/ costs to compile, one row a model file.

usage: compiler.py BUILD [--json FILE]

BUILD is a build folder of CMake and Ninja. Processor time of compiling the specification and of running the generator,
and of compiling the kernels it emits with the first sizes that models/ asks for; lines of those kernels.
"""

import argparse
import json
import os
import re
import resource
import subprocess

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("build")
arguments.add_argument("--json", help="file to append an object a line to")
given = arguments.parse_args()


def ninja(*words):
    command = ["ninja", "-C", given.build, "--quiet", *words]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "CCACHE_DISABLE": "1"}
    ).stdout


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(command):
    before = spent()
    subprocess.run(command, shell=True, check=True, cwd=given.build)
    return spent() - before


def seconds_to_compile(target):
    """Without ccache, and less what Ninja takes to find that there is nothing to do."""
    file = os.path.join(given.build, target)
    if os.path.exists(file):
        os.remove(file)
    start = spent()
    ninja(target)
    compiled = spent()
    ninja(target)
    return (compiled - start) - (spent() - compiled)


def last_command(target):
    return ninja("-t", "commands", target).splitlines()[-1]


targets = [line.split(":")[0] for line in ninja("-t", "targets", "all").splitlines()]
kernels = {}  # the first of each generator
for stamp in (t for t in targets if re.match(r"models/.*\.stamp$", t)):
    kernels.setdefault(re.search(r"\S*/generate_\S+", last_command(stamp)).group(), stamp)

print(f"{'model':<34}{'kernels':<26}{'specification':>14}{'generator':>12}{'kernels':>10}{'lines':>8}")
for generator, stamp in sorted(kernels.items()):
    folder, name = os.path.split(stamp)[0], os.path.basename(stamp).removesuffix(".stamp")
    parent = os.path.dirname(folder)
    specification = next(t for t in targets if f"/{os.path.basename(generator)}.dir/" in t and t.endswith(".cpp.o"))
    model = f"{os.path.basename(parent)}/{os.path.basename(specification).removesuffix('.o')}"
    times = {"specification": seconds_to_compile(specification)}
    ninja(stamp)
    times["generator"] = seconds(last_command(stamp))
    times["kernels"] = seconds_to_compile(f"{parent}/CMakeFiles/{name}.dir/{name}/{name}.cpp.o")
    with open(os.path.join(given.build, folder, name + ".cpp"), encoding="utf8") as emitted:
        lines = sum(1 for _ in emitted)
    columns = "".join(f"{t:>{width}.2f} s" for t, width in zip(times.values(), (12, 10, 8)))
    print(f"{model:<34}{name:<26}{columns}{lines:>8}", flush=True)
    if given.json:
        with open(given.json, "a", encoding="utf8") as rows:
            for variant, t in times.items():
                row = {"workload": f"compiler, {model}", "variant": variant, "threads": 1, "median_ns": 1e9 * t}
                row |= {"ratio_to_best_hand": None, "share_of_limit": None, "emitted_lines": lines}
                rows.write(json.dumps(row) + "\n")
