#!/usr/bin/env python3
"""Compiles the shipped policies into the program.

usage: embed_profiles.py OUTPUT PROFILE.kennel...

Writes the table declared in core/profile.h: one row (name, text) per file, in
the order given; the name is the file's name without its ending.
"""

import pathlib
import sys


def c_string(text):
    """The text as C string literals, one per line of the file."""
    escapes = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "?": "\\?"}
    lines = []
    for line in text.splitlines(keepends=True):
        lines.append('\t\t"' + "".join(escapes.get(char, char) for char in line) + '"')
    return "\n".join(lines) or '\t\t""'


def main(output, *profiles):
    rows = []
    for profile in map(pathlib.Path, profiles):
        text = profile.read_text(encoding="ascii")
        rows.append(f'\t{{ .name = "{profile.stem}", .text =\n{c_string(text)} }},\n')
    source = (
        "/* Generated from profiles/ by tools/embed_profiles.py. */\n"
        '#include <stddef.h>\n\n#include "core/profile.h"\n\n'
        "const struct profile_text profile_texts[] = {\n" + "".join(rows) + "};\n\n"
        "const size_t profile_texts_count = sizeof(profile_texts) / sizeof(profile_texts[0]);\n"
    )
    pathlib.Path(output).write_text(source, encoding="ascii")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
