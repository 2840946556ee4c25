#!/usr/bin/env python3
"""usage: portable_test.py CASE --folder FOLDER --compiler PROGRAM --objdump PROGRAM --qemu PROGRAM
                      [--program PROGRAM] [--objects FILE...]

Looks at portable libraries from outside: what their generator writes, what is in their objects, and what they do on other
processors. Exit code 77: a program that the case needs is not installed.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from disassembly import disassemble  # noqa: E402

SETS = ["baseline", "avx2", "avx512"]
# Processors of the emulator by the largest set they have. It knows no processor with AVX-512.
PROCESSORS = {"baseline": "Nehalem", "avx2": "Haswell"}


def run(*command, **environment):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\nreturned {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def needs(program, what):
    if not program or program.endswith("NOTFOUND"):
        print(f"skipped: {what} is not installed")
        sys.exit(77)


def emitted_files_do_not_depend_on_the_host(o):
    """The same options, other machines and environments."""
    def emit(name, *emulator, **environment):
        folder = o.folder / name
        run(*emulator, o.program, "emit", "--name", "net", "--out", folder, "--scalar", "float", "--isa", "portable", "--axes",
            "batch=64", "pixel=784", "hidden1=300", "hidden2=100", "label=10", **environment)
        return {f.name: f.read_bytes() for f in folder.iterdir()}

    here = emit("here")
    assert sorted(here) == ["net.cpp", "net.hpp", "net_kernels.cpp", "net_rules.txt", "net_views.hpp"], sorted(here)
    hosts = {"environment": emit("environment", FREEFALL_ISA="baseline", LC_ALL="C", OMP_NUM_THREADS="7")}
    if o.qemu and not o.qemu.endswith("NOTFOUND"):
        for processor in PROCESSORS.values():
            hosts[processor] = emit(processor, o.qemu, "-cpu", processor)
    for host, files in hosts.items():
        assert files == here, (host, [name for name in here if files.get(name) != here[name]])
    print("equal bytes on this host and with", ", ".join(hosts))


def tiles_are_made_for_the_machine_asked_for(o):
    """Slices of 64 copies are two vectors wide; a sum over 784 rows is tiled where half of the cache holds them."""
    def emit(name, *options):
        run(o.program, "emit", "--name", "net", "--out", o.folder / name, "--scalar", "float", *options, "--axes", "batch=64",
            "pixel=784", "hidden1=300", "hidden2=100", "label=10")
        return (o.folder / name / "net.cpp").read_text()

    lanes = {"any": 32, "avx512": 32, "avx2": 16, "baseline": 8, "neon": 8}
    for machine, width in lanes.items():
        found = set(re.findall(r"to_lanes<float, (\d+)>", emit(machine, "--machine", machine)))
        assert found == {str(width)}, (machine, found)
    assert emit("any") == emit("default")
    bytes_of_rows = 784 * 32 * 4
    for cache, tiled in (2 * bytes_of_rows, True), (2 * bytes_of_rows - 1, False):
        # Rows of the weights are read along the sum, those of the copies across it.
        product = r"tiled_product<float, 300, 32, 784, 1, 32>"
        assert bool(re.search(product, emit("cache", "--cache", cache))) == tiled, cache
    usual, small = emit("blocked", "--cache", 65536), emit("first_cache", "--cache", 65536, "--first-cache", 4096)
    assert "1, scratch);" in usual and "1, scratch, " not in usual, "the usual first cache is not said"
    assert "1, scratch, 4096);" in small and "1, scratch);" not in small
    assert "FREEFALL_TILE" not in usual
    assert "#define FREEFALL_TILE_ROWS 8\n#define FREEFALL_TILE_VECTORS 3\n" in emit("tile", "--tile", "8x3")


def processors_without_the_set(o):
    """A processor takes the largest set it has, and refuses one it lacks by a fault of the first call."""
    needs(o.qemu, "qemu-x86_64")
    for largest, processor in PROCESSORS.items():
        emulated = [o.qemu, "-cpu", processor, o.program]
        filter_ = "--gtest_filter=*Draw*"
        for set_ in SETS:
            said = run(*emulated, filter_, FREEFALL_ISA=set_)
            if SETS.index(set_) <= SETS.index(largest):
                assert "[  PASSED  ] 1 test" in said, said
            else:
                assert f"'FREEFALL_ISA' is '{set_}', which this processor lacks" in said, said
        environment = {k: v for k, v in os.environ.items() if k != "FREEFALL_ISA"}
        said = subprocess.run([*emulated, filter_], capture_output=True, text=True, env=environment).stdout
        assert "[  PASSED  ] 1 test" in said, said
        print(f"{processor}: runs, and refuses what it lacks")


def merged_functions(objects):
    """Functions that a linker may take from any object (weak), without the name of an instruction set in theirs."""
    found = []
    for file in objects:
        for line in run("nm", "--defined-only", file).splitlines():
            _, kind, name = line.split()
            # V, u: data, which is the same in every set.
            if kind == "W" and not any(f"{len(s)}{s}" in name for s in SETS):
                found.append((pathlib.Path(file).name, name))
    return found


def no_set_shares_code(o):
    """What the linker may merge belongs to one set by its name; code without such a name is for every processor."""
    needs(o.objdump, "objdump")
    by_set = {s: [f for f in o.objects if f.endswith(f"_{s}.cpp.o")] for s in SETS}
    others = [f for f in o.objects if not any(f in files for files in by_set.values())]
    assert all(len(files) == len(others) > 0 for files in by_set.values()), o.objects

    def vector_code(file):
        return [n for n, lines in disassemble(o.objdump, file).items() if any(re.match(r"v[a-z0-9]+ .*%[xyz]mm", x) for _, x in lines)]

    for set_, files in by_set.items():
        for file in files:
            named = {s for line in run("nm", "--defined-only", file).splitlines() for s in SETS if f"{len(s)}{s}" in line}
            assert named == {set_}, f"{file} has functions of {named}"
            assert bool(vector_code(file)) == (set_ != "baseline"), f"{file}: {vector_code(file)}"
    for file in others:
        assert not vector_code(file), f"{file} is for every processor: {vector_code(file)}"
    files = [f for files in by_set.values() for f in files]
    assert not merged_functions(files), merged_functions(files)
    print(len(files), "objects, none with a function that could be taken for that of another set")

    # The same look finds one that is: an inline function called out of line by code for AVX-512.
    o.folder.mkdir(parents=True, exist_ok=True)
    source, shared = o.folder / "shared.cpp", o.folder / "shared.o"
    source.write_text("[[gnu::noipa]] inline float twice(const float* x) { return 2 * *x; }\n"
                      "float four_times(const float* x) { return 2 * twice(x); }\n")
    run(o.compiler, "-O3", "-march=x86-64-v4", "-c", source, "-o", shared)
    assert merged_functions([shared]) == [("shared.o", "_Z5twicePKf")], merged_functions([shared])
    assert "_Z5twicePKf" in vector_code(shared)


CASES = [emitted_files_do_not_depend_on_the_host, tiles_are_made_for_the_machine_asked_for, processors_without_the_set, no_set_shares_code]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=[c.__name__ for c in CASES])
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    for program in ("compiler", "objdump", "qemu", "program"):
        parser.add_argument("--" + program)
    parser.add_argument("--objects", nargs="*")
    o = parser.parse_args()
    {c.__name__: c for c in CASES}[o.case](o)


if __name__ == "__main__":
    sys.exit(main())
