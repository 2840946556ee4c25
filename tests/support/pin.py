"""A text that is kept in a file beside the tests: compared with what is said now or, with FREEFALL_PROMOTE set in the
environment (scripts/promote), written anew."""
import difflib
import os
import sys


def pin(file, text):
    """Whether the file holds this text; says how they differ where it does not."""
    if os.environ.get("FREEFALL_PROMOTE"):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        return True
    kept = file.read_text() if file.exists() else ""
    if text == kept:
        return True
    sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), text.splitlines(True), str(file), "said now"))
    print("If this is right: scripts/promote")
    return False
