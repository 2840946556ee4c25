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


def innermost(instructions):
    """The loops that hold no other one, and are no jump back to the end of the function."""
    addresses = [a for a, _ in instructions]
    found = []
    for address, text in instructions:
        if match := re.match(r"j[a-z]+ +([0-9a-f]+)", text):
            head = int(match[1], 16)
            if addresses[0] <= head <= address:
                found.append((head, address))
    bodies = [[t for a, t in instructions if head <= a <= end] for head, end in found
              if not any(other != (head, end) and head <= other[0] and other[1] <= end for other in found)]
    return [body for body in bodies if not any(text.startswith("ret") for text in body)]
