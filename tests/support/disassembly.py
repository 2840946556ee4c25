"""The instructions of an object file, function by function."""
import re
import subprocess


def disassemble(objdump, file):
    """{mangled name: [(address, instruction)]}"""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-w", str(file)], capture_output=True, text=True, check=True).stdout
    functions, name = {}, None
    for line in text.splitlines():
        if match := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            name = match[1]
            functions[name] = []
        elif name and (match := re.match(r" *([0-9a-f]+):\t(.*)", line)):
            functions[name].append((int(match[1], 16), match[2]))
    return functions


def loops(instructions):
    """The instructions between the head of each loop and the jump back to it, both included."""
    found = []
    for address, text in instructions:
        if match := re.match(r"j[a-z]+ +([0-9a-f]+)", text):
            head = int(match[1], 16)
            if head <= address:
                found.append([t for a, t in instructions if head <= a <= address])
    return found
