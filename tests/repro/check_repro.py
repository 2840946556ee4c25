"""Builds a small project of two kernel libraries in two folders and checks what is equal and what is done again.

usage: check_repro.py <case> --project DIR --work DIR --cmake PROGRAM --ninja PROGRAM -- <options for cmake>...

The case build_in_two_folders comes first and makes <work>/{first,second place}/{source,build}; the others use them.
Exit status 0 if the case holds, 1 with a message if not.
"""

import argparse
import datetime
import pathlib
import shutil
import socket
import subprocess
import sys

LIBRARIES = ("narrow", "wide")


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from {command}:\n{done.stdout}")
    return done.stdout


class Build:
    def __init__(self, args, place):
        self.args, self.source, self.folder = args, args.work / place / "source", args.work / place / "build"

    def configure(self, *options):
        run(self.args.cmake, "-S", self.source, "-B", self.folder, "-G", "Ninja",
            f"-DCMAKE_MAKE_PROGRAM={self.args.ninja}", *self.args.options, *options)

    def build(self):
        return run(self.args.ninja, "-C", self.folder)

    def generated(self):
        """Path below the build folder -> bytes of every generated file."""
        files = [f for library in LIBRARIES for f in sorted((self.folder / library).iterdir()) if f.suffix != ".stamp"]
        return {str(f.relative_to(self.folder)): f.read_bytes() for f in files}

    def times(self, pattern):
        """Path below the build folder -> time of the last change, of all files that match."""
        return {str(f.relative_to(self.folder)): f.stat().st_mtime_ns for f in sorted(self.folder.glob(pattern))}


def changed(before, after):
    return sorted(f for f in before.keys() | after.keys() if before.get(f) != after.get(f))


def expect_equal(what, found, expected):
    if found != expected:
        sys.exit(f"{what}\n  found:    {found}\n  expected: {expected}")


def build_in_two_folders(first, second):
    shutil.rmtree(first.args.work, ignore_errors=True)
    for build in (first, second):
        shutil.copytree(first.args.project, build.source)
        shutil.copy(first.args.project.parents[1] / "package/downstream/model.cpp", build.source)
        build.configure()
        build.build()


def two_folders_give_equal_bytes(first, second):
    expected = sorted(f"{lib}/{lib}{end}" for lib in LIBRARIES for end in (".cpp", ".hpp", "_views.hpp", "_rules.txt"))
    expect_equal("the generated files are others", sorted(first.generated()), expected)
    expect_equal("files that differ between the folders", changed(first.generated(), second.generated()), [])


def generated_files_name_no_place_and_no_time(first, _second):
    now = datetime.datetime.now()
    dates = [now.strftime(f) for f in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%b %d", "%b %e")]
    words = [str(first.args.work), str(first.args.project), *dates]
    if len(socket.gethostname()) > 4:
        words.append(socket.gethostname())
    found = [(name, word) for name, text in first.generated().items() for word in words if word.encode() in text]
    expect_equal("places or times in generated files", found, [])


def second_build_does_nothing(first, _second):
    expect_equal("the second build has something to do", first.build().splitlines()[-1], "ninja: no work to do.")


def one_size_recompiles_one_kernel(first, _second):
    first.build()
    objects, files, bytes_before = first.times("**/*.o"), first.times("*/*.?pp"), first.generated()
    size = 18 if b"reading=17" in bytes_before["wide/wide.hpp"] else 17
    first.configure(f"-DWIDE_READING={size}")
    first.build()
    expect_equal("objects compiled", changed(objects, first.times("**/*.o")), ["CMakeFiles/wide.dir/wide/wide.cpp.o"])
    differ = changed(bytes_before, first.generated())
    expect_equal("libraries with a changed file", sorted({f.split("/")[0] for f in differ}), ["wide"])
    rewritten = changed(files, first.times("*/*.?pp"))
    expect_equal("sources written", rewritten, [f for f in differ if not f.endswith(".txt")])


def comment_in_the_model_recompiles_no_kernel(first, _second):
    first.build()
    kernels, generators = first.times("CMakeFiles/*/*/*.cpp.o"), first.times("CMakeFiles/generate_*/model.cpp.o")
    files, stamps = first.times("*/*.?pp"), first.times("*/*.stamp")
    expect_equal("kernel objects and generators", (len(kernels), len(generators)), (2, 1))
    model = first.source / "model.cpp"
    model.write_text("// A remark, which moves every line of the model.\n" + model.read_text())
    first.build()
    expect_equal("generators compiled", len(changed(generators, first.times("CMakeFiles/generate_*/model.cpp.o"))), 1)
    expect_equal("runs of the generator", changed(stamps, first.times("*/*.stamp")), sorted(stamps))
    expect_equal("sources written", changed(files, first.times("*/*.?pp")), [])
    expect_equal("kernels compiled", changed(kernels, first.times("CMakeFiles/*/*/*.cpp.o")), [])
    expect_equal("the build after it has something to do", first.build().splitlines()[-1], "ninja: no work to do.")


CASES = (build_in_two_folders, two_folders_give_equal_bytes, generated_files_name_no_place_and_no_time,
         second_build_does_nothing, one_size_recompiles_one_kernel, comment_in_the_model_recompiles_no_kernel)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=[case.__name__ for case in CASES])
    for name in ("project", "work", "cmake", "ninja"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    split = sys.argv.index("--")
    args = parser.parse_args(sys.argv[1:split])
    args.options = sys.argv[split + 1:]
    case = next(case for case in CASES if case.__name__ == args.case)
    case(Build(args, "first"), Build(args, "second place"))


main()
