#!/usr/bin/env python3
"""usage: inner_loops_test.py KERNELS.cpp --compiler PROGRAM --objdump PROGRAM --runtime FOLDER --folder FOLDER --march NAME

Compiles emitted kernels for an instruction set, as freefall_add_kernels does, and looks at the inner loops of their tiled
products: the accumulators of a tile stay in registers, so no instruction between the head of the loop and the jump back
to it touches the stack. Exit code 77: objdump is not installed.
"""
import argparse
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from disassembly import disassemble, loops  # noqa: E402

FLAGS = ["-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math"]


def compiled(o, source, *flags):
    o.folder.mkdir(parents=True, exist_ok=True)
    target = o.folder / (source.stem + ".o")
    subprocess.run([o.compiler, *FLAGS, f"-march={o.march}", *flags, "-I", o.runtime, "-I", source.parent, "-c", source, "-o", target],
                   check=True)
    return disassemble(o.objdump, target)


def on_the_stack(function):
    """Instructions of the inner loops that address the stack: by rsp, or by rbp where that is its frame."""
    has_frame = any(re.match(r"mov +%rsp,%rbp", text) for _, text in function)
    register = "rsp|rbp" if has_frame else "rsp"
    return [text for loop in loops(function) for text in loop if re.search(rf"\((%({register}))\b|^push|^pop|^call", text)]


def main():
    parser = argparse.ArgumentParser()
    for path in ("kernels", "--folder", "--runtime"):
        parser.add_argument(path, type=lambda p: pathlib.Path(p).resolve())
    for word in ("compiler", "objdump", "march"):
        parser.add_argument("--" + word)
    o = parser.parse_args()
    if not o.objdump or o.objdump.endswith("NOTFOUND"):
        print("skipped: objdump is not installed")
        return 77

    tiles = {name: f for name, f in compiled(o, o.kernels).items() if "tile_detail10accumulate" in name}
    assert tiles, "the kernels have no tiled product"
    for name, function in tiles.items():
        multiplied = [sum(text.startswith("vfmadd") for text in loop) for loop in loops(function)]
        assert multiplied and max(multiplied) > 1, f"{name} has no loop of products: {multiplied}"
        assert not on_the_stack(function), f"{name}\n" + "\n".join(on_the_stack(function))
        print(f"{max(multiplied):3} products in a pass, nothing on the stack: {name}")

    # The same look finds a tile of more accumulators than there are registers.
    source = o.folder / "spilled.cpp"
    source.write_text("#include <freefall/runtime/tiled_product.hpp>\n"
                      "template void freefall::runtime::tile_detail::accumulate<float, 40, 1, 784, 1, 64>(\n"
                      "    std::size_t, const float* __restrict, const float* __restrict, std::ptrdiff_t, float* __restrict);\n")
    spilled = [f for name, f in compiled(o, source).items() if "tile_detail10accumulate" in name]
    assert spilled and all(on_the_stack(f) for f in spilled), "a tile that does not fit is not seen"
    return 0


if __name__ == "__main__":
    sys.exit(main())
