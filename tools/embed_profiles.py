#!/usr/bin/env python3
"""Compiles the shipped policies into the program.

usage: embed_profiles.py [--bare] OUTPUT PROFILE.kennel...

Writes the table declared in core/profile.h: one row (name, text) per file, in
the order given; the name is the file's name without its ending. --bare leaves
out empty lines, and comments but for the first sentence, for small builds.
"""

import argparse
import pathlib
import re


def c_string(text):
    """The text as C string literals, one per line of the file."""
    escapes = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "?": "\\?"}
    lines = []
    for line in text.splitlines(keepends=True):
        lines.append('\t\t"' + "".join(escapes.get(char, char) for char in line) + '"')
    return "\n".join(lines) or '\t\t""'


def without_comments(text):
    comment = " ".join(line.lstrip("# ") for line in re.match(r"(?:#.*\n)*", text)[0].splitlines())
    rules = "".join(line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#"))
    return f"# {re.split('[.;](?: |$)', comment)[0]}.\n{rules}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("profiles", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    rows = []
    for profile in arguments.profiles:
        text = profile.read_text(encoding="ascii")
        text = without_comments(text) if arguments.bare else text
        rows.append(f'\t{{ .name = "{profile.stem}", .text =\n{c_string(text)} }},\n')
    source = (
        "/* Generated from profiles/ by tools/embed_profiles.py. */\n"
        '#include <stddef.h>\n\n#include "core/profile.h"\n\n'
        "const struct profile_text profile_texts[] = {\n" + "".join(rows) + "};\n\n"
        "const size_t profile_texts_count = sizeof(profile_texts) / sizeof(profile_texts[0]);\n"
    )
    arguments.output.write_text(source, encoding="ascii")


if __name__ == "__main__":
    main()
