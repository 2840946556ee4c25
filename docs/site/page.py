"""usage: page.py FILE.md

A page of the repository as Doxygen reads it: it gets the name of its path, its links to other pages go by their names, and
those of docs/README.md, which must name them all, make them its sub-pages. Links to what is no page become the name of the file.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTENTS = ROOT / "docs/README.md"
file = pathlib.Path(sys.argv[1]).resolve()
linked = {CONTENTS}


def page(path):
    return re.sub(r"\W", "_", str(path.relative_to(ROOT).with_suffix(""))).lower()


def link(match):
    text, target = match[1], match[2]
    if re.match(r"https?:", target):
        return match[0]
    path = pathlib.Path(os.path.normpath(file.parent / target.split("#")[0]))
    if not path.exists():
        sys.exit(f"{file}: the link '{target}' leads nowhere")
    if path.suffix != ".md":
        return f"![{text}]({path.name})" if match[0].startswith("!") else f"{text} (`{path.relative_to(ROOT)}`)"
    if path == ROOT / "README.md":
        return f"[{text}](@ref index)"
    linked.add(path)
    command = "@subpage" if file == CONTENTS else "@ref"
    return f'{command} {page(path)} "{text}"'


lines, code = file.read_text().splitlines(), False
for number, line in enumerate(lines):
    code ^= line.startswith("```")
    if number == 0:
        line = re.sub(r"^# (\d+)\.", r"# Lesson \1:", line)  # a number first would begin a list
        line += " {#mainpage}" if file == ROOT / "README.md" else f" {{#{page(file)}}}"
    elif not code and not line.startswith("    "):
        line = re.sub(r"!?\[([^\]]*)\]\(([^)]+)\)", link, line)
    print(line)
if file == CONTENTS and (left_out := set(CONTENTS.parent.rglob("*.md")) - linked):
    sys.exit(f"{file}: has no link to {', '.join(sorted(str(path.relative_to(ROOT)) for path in left_out))}")
