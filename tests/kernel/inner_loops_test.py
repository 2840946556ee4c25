#!/usr/bin/env python3
"""usage: inner_loops_test.py PRODUCTS.cpp KERNELS.cpp... --compiler PROGRAM --objdump PROGRAM --runtime FOLDER --folder FOLDER --march NAME

Compiles emitted kernels, and the products of the runtime alone, for an instruction set as freefall_add_kernels does, and
looks at the inner loops of the products. A tile of some rows and vectors has as many accumulators as that, the largest as many as
the table of the instruction set says, and they stay in registers: no instruction between the head of the loop and the
jump back to it touches the stack. Exit code 77: objdump is not installed.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from disassembly import disassemble, innermost  # noqa: E402

FLAGS = ["-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-DFREEFALL_OPENMP_SIMD"]

# Mangled names of the functions that hold the loops: which product, the scalar (f or d), rows and vectors (the columns of dots).
TILE = re.compile(r"(accumulate|tile|dot_tile|row_tile)I([fd])L[im](\d+)EL[im](\d+)E")
# A tile that goes on over the last rows of a narrow matrix, one or a few.
GOES_ON = re.compile(r"placeILl\d+ELl\d+ELb1EE")
VECTOR = re.compile(r"(matrix|updated)_times_vectorI([fd])Lm(\d+)ELl(\d+)E")
# Accumulators of the products with a vector, at least: a row for each lane, or for each lane of half a register; two sets
# of four vectors.
ACCUMULATORS_OF_VECTORS = 4


def compiled(o, source):
    o.folder.mkdir(parents=True, exist_ok=True)
    target = o.folder / (source.stem + ".o")
    subprocess.run([o.compiler, *FLAGS, f"-march={o.march}", "-I", o.runtime, "-I", source.parent, "-c", source, "-o", target],
                   check=True)
    return disassemble(o.objdump, target)


def tile_sizes(o):
    """(accumulators of a tile, vectors in a row of a panel, one in how many rows loads for two steps), from the table that
    the runtime is compiled with."""
    table = subprocess.run([o.compiler, f"-march={o.march}", "-dM", "-E", "-x", "c++", o.runtime / "freefall/runtime/instruction_set.hpp"],
                           check=True, capture_output=True, text=True).stdout
    _, *sizes = re.search(r"#define FREEFALL_TILE \{(\d+), (\d+), (\d+), (\d+)\}", table).groups()
    return map(int, sizes)


def products(loop):
    """The accumulators that packed products are added to."""
    return [text.rsplit(",", 1)[1] for text in loop if re.match(r"vfn?m(add|sub)\d+p[sd]", text)]


def single_products(function):
    """Products of numbers, not of vectors, in the inner loops."""
    return [text for loop in innermost(function) for text in loop if re.match(r"vfn?m(add|sub)\d+s[sd]|vmuls[sd]", text)]


def on_the_stack(function, loop):
    """Instructions of the loop that address the stack: by rsp, or by rbp where that is the frame of the function."""
    has_frame = any(re.match(r"mov +%rsp,%rbp", text) for _, text in function)
    register = "rsp|rbp" if has_frame else "rsp"
    return [text for text in loop if re.search(rf"\((%({register}))\b|^push|^pop|^call", text)]


def check(name, function, accumulators, exactly=True, steps=1):
    """The loops of that many accumulators, of which there is one at least, leave the stack alone. Up to so many steps of
    a sum are one pass of a loop; then an accumulator may change its register."""
    found = [loop for loop in innermost(function) if len(products(loop)) >= accumulators]
    assert found, f"{name} has no loop of {accumulators} products: {[len(products(loop)) for loop in innermost(function)]}"
    for loop in found:
        of = collections.Counter(products(loop))
        times = of.total() / accumulators
        assert not exactly or (times in range(1, steps + 1) and max(of.values()) <= times), f"{name}: {products(loop)}"
        assert not on_the_stack(function, loop), f"{name}\n" + "\n".join(on_the_stack(function, loop))
    print(f"{accumulators:3} accumulators, nothing on the stack: {name}")


def main():
    parser = argparse.ArgumentParser()
    path = lambda p: pathlib.Path(p).resolve()  # noqa: E731
    parser.add_argument("sources", type=path, nargs="+")
    for word in ("--folder", "--runtime"):
        parser.add_argument(word, type=path)
    for word in ("compiler", "objdump", "march"):
        parser.add_argument("--" + word)
    o = parser.parse_args()
    if not o.objdump or o.objdump.endswith("NOTFOUND"):
        print("skipped: objdump is not installed")
        return 77

    most, panel, pairs = tile_sizes(o)
    largest, spilled, vectors = {}, 0, set()
    for source in o.sources:
        for name, function in compiled(o, source).items():
            if match := TILE.search(name):
                form, scalar, rows, size = match[1], match[2], int(match[3]), int(match[3]) * int(match[4])
                if size > most:  # the same look finds that it does not fit
                    assert any(on_the_stack(function, loop) for loop in innermost(function) if len(products(loop)) >= size), name
                    spilled += 1
                elif size > 1 and not GOES_ON.search(name):
                    has_pairs = form == "accumulate" and scalar == "f" and rows == size > pairs > 0
                    check(name, function, size, steps=2 if has_pairs else 1)
                    largest[form, scalar] = max(size, largest.get((form, scalar), 0))
            elif match := VECTOR.search(name):
                assert not single_products(function), f"{name}: {single_products(function)}"
                # Sixteen registers do not hold a changing matrix, its vectors, and what notes whether all is finite.
                if match[1] == "matrix" or most == 24:
                    check(name, function, ACCUMULATORS_OF_VECTORS, exactly=False)
                vectors.add(match.groups())
    expected = {"accumulate": most, "tile": most, "row_tile": 8, "dot_tile": 16 if panel == 4 else 8}
    assert largest == {(form, scalar): n for form, n in expected.items() for scalar in "fd"}, largest
    assert len(vectors) == 16, vectors
    assert spilled == 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
