"""usage: report_test.py CASE GENERATOR FOLDER PAGE_OF_CMAKE

Checks the structure of the report without a browser: every element closed, every link has its target, nothing comes
from elsewhere, MathML as the specification has it, every equation of a schedule linked to its statements.
"""
import html.parser
import json
import pathlib
import re
import subprocess
import sys

VOID = {"meta", "link", "br", "hr", "img", "input"}
MATHML = {  # children an element must have; None: any number
    "math": None, "mrow": None, "mi": None, "mo": None, "mn": None, "mtext": None, "mspace": 0, "mfrac": 2,
    "msqrt": None, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mtable": None, "mtr": None, "mtd": None,
}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.stack, self.errors = [], []
        self.ids, self.links, self.equations, self.statements = [], [], set(), set()
        self.text = ""
        self.count = {}
        self.feed(text)
        self.errors += [f"<{tag}> is not closed" for tag, _ in self.stack]

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.count[tag] = self.count.get(tag, 0) + 1
        if self.stack:
            self.stack[-1][1] += 1
        if "id" in a:
            self.ids.append(a["id"])
        if tag in ("script", "iframe", "object", "embed", "img"):
            self.errors.append(f"<{tag}> in the page")
        for name in ("src", "href"):
            value = a.get(name, "#")
            if value.startswith("#"):
                self.links.append(value[1:])
            elif not value.startswith("data:"):
                self.errors.append(f"{name}={value} leads out of the page")
        if a.get("class") == "step soft" and ("dF/d" in a["title"] or "left out" not in a["title"]):
            self.errors.append(f"a rule without a statement: {a['title']}")
        if "data-e" in a:
            (self.statements if tag == "span" else self.equations).add(a["data-e"])
        if tag not in VOID:
            self.stack.append([tag, 0])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.errors.append(f"</{tag}> at {self.getpos()} closes {self.stack[-1][0] if self.stack else 'nothing'}")
            return
        children = self.stack.pop()[1]
        wanted = MATHML.get(tag)
        if wanted is not None and children != wanted:
            self.errors.append(f"<{tag}> with {children} children at {self.getpos()}")

    def handle_data(self, data):
        self.text += data


def check(text):
    page = Page(text)
    errors = page.errors
    errors += [f"id {i} twice" for i in sorted(set(page.ids)) if page.ids.count(i) > 1]
    errors += [f"link to #{link}, which is not there" for link in page.links if link and link not in page.ids]
    errors += [f"statement of {e}, which is no equation" for e in sorted(page.statements - page.equations)]
    errors += [f"equation {e} has no statement" for e in sorted(page.equations - page.statements)]
    style = "".join(re.findall(r"<style>(.*?)</style>", text, re.S))
    errors += [f"style brings in {u}" for u in re.findall(r"@import|url\(.*?\)", style)]
    errors += ["no style for the dark"] * ("prefers-color-scheme:dark" not in style)
    errors += ["an address in the text"] * bool(re.search(r"https?://(?!www\.w3\.org/)", text))
    assert not errors, "\n".join(errors)
    return page


def write(generator, file, *options):
    command = [generator, "report", "--axes", "batch=2", "cause=2", "reading=3", "--out", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True)


def main():
    case, generator, folder, built = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
    file = folder / f"{case}.html"
    file.unlink(missing_ok=True)
    if case == "cmake_report":  # freefall_add_kernels(... REPORT ...), a model with a loop and ten rules
        page = check(built.read_text())
        assert page.ids.count("rule-train-W1") == 1 and page.equations
        return
    if case == "bad_results":
        for text, said in (("{", "not a file of results"),
                           ('{"rasters": [{"title": "r", "rows": -1, "times": 9, "events": []}]}',
                            "found -1, expected a whole number, none below zero"),
                           ('{"rasters": [{"title": "r", "rows": 1, "times": 1e300, "events": []}]}',
                            "found 1e+300, expected a whole number, none below zero"),
                           ('{"charts": [{"name": "F"}]}', "not a file of results"),
                           ('{"pictures": [{"caption": "a", "width": 3, "values": [1, 2]}]}', "no multiple of its width 3")):
            (folder / "bad.json").write_text(text)
            done = write(generator, file, "--results", str(folder / "bad.json"))
            assert done.returncode == 3 and said in done.stderr and "bad.json" in done.stderr, done
        done = write(generator, file, "--results", str(folder / "nowhere.json"))
        assert done.returncode == 3 and "nowhere.json: cannot be opened" in done.stderr, done
        assert not file.exists(), "a page was written all the same"
        return
    options = []
    if case == "results":
        (folder / "results.json").write_text(json.dumps({
            "model": "sensor", "figures": {"accuracy": 0.5},
            "charts": [{"name": "Free energy", "x": "epoch", "series": [{"name": "train", "values": [3.5, None, 2]},
                                                                        {"name": "test", "values": [4, 3, 2.5]}]},
                       {"name": "One point", "x": "epoch", "series": [{"name": "test", "values": [1]},
                                                                      {"name": "a", "values": [2]}]}],
            "pictures": [{"caption": "seven & <more>", "width": 2, "values": [0, 0.5, 1, 1]}],
            "rasters": [{"title": "spikes", "rows": 3, "times": 10, "events": [[1, 2], [4, 0]]}]}))
        options = ["--results", str(folder / "results.json")]
    done = write(generator, file, *options)
    assert done.returncode == 0 and not done.stderr, done
    text = file.read_text()
    page = check(text)
    for word in ("sensor", "point mass", "infer", "learn", "energy", "model.cpp:17"):
        assert word in page.text, f"{word} is not in the page"
    assert page.count["math"] > 15 and page.count["section"] == (7 if options else 6), page.count
    if case == "same_bytes":
        again = folder / "again.html"
        write(generator, again)
        assert again.read_bytes() == file.read_bytes()
    if case == "results":
        assert "Free energy" in page.text and "seven & <more>" in page.text and page.count["svg"] == 9, page.count
        # In every chart a name has the colour it had first, and no other name has it.
        assert re.findall(r'class="dot (s\d)"', text) == ["s1", "s0"]
        assert "Of a run of" not in page.text
        (folder / "results.json").write_text(json.dumps({"model": "another", "figures": {"accuracy": 0.5}}))
        assert write(generator, folder / "another.html", *options).returncode == 0
        assert "Of a run of another." in Page((folder / "another.html").read_text()).text

main()
