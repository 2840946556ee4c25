#!/usr/bin/env python3
"""usage: embedded_test.py CASE --kernels FOLDER --runtime FOLDER --folder FOLDER --host PROGRAM [--aarch64 PREFIX]
                       [--arm PREFIX] [--arm-include FOLDERS] [--qemu-aarch64 PROGRAM] [--qemu-arm PROGRAM]

Compiles emitted kernels for other targets as docs/how-to/embedded.md says, looks at what they need, runs them and
compares with what the program --host of the same source prints on this machine.
"""
import argparse
import pathlib
import re
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
# No library, no exceptions; no products fused into sums, so that every target rounds alike.
BARE = ["-std=c++20", "-O2", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-fno-math-errno",
        "-fno-trapping-math", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
HOSTED = ["-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
# What GCC asks of every freestanding environment (its manual, "Language Standards Supported by GCC").
PROVIDED = {"memcpy", "memmove", "memset", "memcmp"}


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\nreturned {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def bare_objects(compiler, nm, flags, folder, o, sources=("kalman_pc_riccati.cpp", HERE / "trajectory.cpp")):
    """Compiles kernels and what calls them, and checks that they need nothing but PROVIDED."""
    objects = []
    for source in (o.kernels / source for source in sources):
        objects.append(folder / (source.stem + ".o"))
        run(compiler, *BARE, *flags, "-I", o.runtime, "-I", o.kernels, "-c", source, "-o", objects[-1])
    defined, needed = set(), set()
    for line in run(nm, *objects).splitlines():
        if match := re.fullmatch(r"[0-9a-f]* *([A-Za-z]) (\S+)", line):
            (needed if match[1] == "U" else defined).add(match[2])
    assert defined, "nm told nothing"
    print("needed from outside:", *sorted(needed - defined) or ["nothing"])
    assert needed - defined <= PROVIDED, f"not freestanding: {sorted(needed - defined - PROVIDED)}"
    assert not any("_GLOBAL__sub_I" in name for name in defined), "something is initialised when the program starts"
    return objects


def expect_the_same(found, expected):
    assert len(expected) == 20 * 13, "the trajectory is not complete"
    assert found == expected, [pair for pair in zip(found, expected) if pair[0] != pair[1]]
    print(f"{len(found)} numbers equal those of this machine, bit for bit")


def aarch64(o):
    objects = bare_objects(o.aarch64 + "g++", o.aarch64 + "nm", [], o.folder, o)
    run(o.aarch64 + "g++", "-std=c++20", "-static", HERE / "hosted.cpp", *objects, "-o", o.folder / "trajectory")
    expected = run(o.host).split()
    found = run(o.qemu_aarch64, o.folder / "trajectory").split()
    # AArch64 always has fused multiply-add, and the runtime's logarithm uses it where it is: the free energy (the last
    # number of a tick) has 2 ln of 9 diagonals, each within 1.5 ulp on either side (tests/numerics/numerics.def). The
    # diagonals lie in (1/8, 8), so ln < 2.08 with an ulp of 2^-51, and the sums, below 16, round 12 times at 2^-50.
    bound = 2 * 9 * 3 * 2.0**-51 + 12 * 2.0**-50
    value = lambda word: struct.unpack(">d", bytes.fromhex(word))[0]
    assert len(found) == len(expected)
    for t in range(12, len(found), 13):
        assert abs(value(expected[t])) < 16 and abs(value(found[t]) - value(expected[t])) <= bound, (found[t], expected[t])
        found[t] = expected[t]
    expect_the_same(found, expected)


def cortex_m7_flags(o):
    cpu = ["-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"]
    includes = o.arm_include.split(";") if o.arm_include else []
    return cpu + [word for folder in includes for word in ("-isystem", folder)]


def draws(o):
    """A kernel that draws needs no library, and draws the same bits."""
    (o.folder / "cortex_m7").mkdir(exist_ok=True)
    kernels = ["attractor_five.cpp"]
    bare_objects(o.arm + "g++", o.arm + "nm", cortex_m7_flags(o), o.folder / "cortex_m7", o, kernels)
    objects = bare_objects(o.aarch64 + "g++", o.aarch64 + "nm", [], o.folder, o, kernels)
    run(o.aarch64 + "g++", "-std=c++20", "-static", "-I", o.runtime, "-I", o.kernels, HERE / "draws.cpp", *objects,
        "-o", o.folder / "draws")
    found, expected = run(o.qemu_aarch64, o.folder / "draws").split(), run(o.host).split()
    assert len(found) == len(expected) == 10 * 5 + 2 * 50, len(found)
    assert found[50:] == expected[50:], "other draws"
    # The states are smooth functions of the draws, between -1 and 1, by exp and log of 1.5 ulp on either side
    # (tests/numerics/numerics.def) and some ten roundings a sweep: ten sweeps of them.
    value = lambda word: struct.unpack(">d", bytes.fromhex(word))[0]
    distance = max(abs(value(a) - value(b)) for a, b in zip(found[:50], expected[:50]))
    print(f"the states are {distance:.1e} apart")
    assert distance < 1e-12 and len(set(expected[:50])) == 50


def cortex_m7(o):
    cpu = cortex_m7_flags(o)
    compiler = o.arm + "g++"
    objects = bare_objects(compiler, o.arm + "nm", [*cpu, "-ffunction-sections", "-fdata-sections"], o.folder, o)
    libraries = {"no library": ["-nostdlib", "-fno-tree-loop-distribute-patterns"],
                 "newlib nano": ["--specs=nano.specs", "-nostartfiles", "-DFREEFALL_C_LIBRARY"]}
    expected = run(o.host).split()
    for library, options in libraries.items():
        link = [compiler, *BARE, *cpu, *options, "-Wl,--gc-sections", "-T", HERE / "cortex_m7.ld", HERE / "cortex_m7.cpp", *objects]
        run(*link, "-lgcc", "-o", o.folder / "cortex_m7.elf")
        print(f"{library}:", run(o.arm + "size", o.folder / "cortex_m7.elf"), sep="\n")
        # qemu runs a program for a processor without an operating system on a whole board only. The same objects run under
        # Arm's larger processors, which know every instruction of a Cortex-M7; only the call to the emulator differs.
        run(*link, "-DFREEFALL_CALL_BY_SVC", "-lgcc", "-o", o.folder / "emulated.elf")
        expect_the_same(run(o.qemu_arm, "-cpu", "max", o.folder / "emulated.elf").split(), expected)


def functions(o):
    """What the compiler's table says a function calls of the C library is what is undefined in its object code."""
    objects, alone = o.folder / "functions.o", o.folder / "alone.o"
    run(o.arm + "g++", *BARE, *cortex_m7_flags(o), "-ffunction-sections", "-I", o.runtime, "-I", HERE.parent.parent,
        "-c", HERE / "functions.cpp", "-o", objects)
    table = dict(line.split(":") for line in run(o.host).splitlines())
    assert table, "the table is empty"
    for name, calls in table.items():
        run(o.arm + "ld", "-r", "--gc-sections", "--undefined", name, objects, "-o", alone)
        run(o.arm + "strip", "--strip-unneeded", alone)  # of symbols that what is left does not mention
        needed = {line.split()[-1] for line in run(o.arm + "nm", "--undefined-only", alone).splitlines()}
        # Names of the compiler's own library begin with __: it converts numbers to integers of 64 bits.
        needed = {symbol for symbol in needed if not symbol.startswith("__")} - PROVIDED
        assert needed == set(calls.replace(",", "").split()), f"{name} calls {sorted(needed)}, by the table{calls}"
    print(f"{len(table)} functions call what the table says")


def network(o):
    run(o.aarch64 + "g++", *HOSTED, "-static", "-I", o.runtime, "-I", o.kernels, HERE / "network.cpp",
        o.kernels / "pcn_portable.cpp", o.kernels / "pcn_portable_kernels.cpp", "-o", o.folder / "network")
    found = [line.split() for line in run(o.qemu_aarch64, o.folder / "network").splitlines()]
    expected = [line.split() for line in run(o.host).splitlines()]
    assert len(found) == len(expected) == 4 * 26, len(found)
    # As tests/kernel: 1e-5 of the largest magnitude of an array, for some hundred roundings on another path.
    for (name, *a), (other, *b) in zip(found, expected):
        a, b = [float(x) for x in a], [float(x) for x in b]
        assert name == other and len(a) == len(b) > 0
        distance = max(abs(x - y) for x, y in zip(a, b))
        assert distance <= 1e-5 * max(abs(y) for y in b), (name, distance)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=["aarch64", "cortex_m7", "draws", "functions", "network"])
    for folder in ("kernels", "runtime", "folder"):
        parser.add_argument("--" + folder, type=pathlib.Path, required=True)
    for program in ("host", "aarch64", "arm", "arm-include", "qemu-aarch64", "qemu-arm"):
        parser.add_argument("--" + program)
    o = parser.parse_args()
    o.folder.mkdir(parents=True, exist_ok=True)
    {"aarch64": aarch64, "cortex_m7": cortex_m7, "draws": draws, "functions": functions, "network": network}[o.case](o)


if __name__ == "__main__":
    sys.exit(main())
