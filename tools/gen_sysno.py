#!/usr/bin/env python3
"""Writes the neutral system call names and the number tables of each ABI.

usage: gen_sysno.py SYSCALLS_TBL FOLDER/sysno.h

Beside sysno.h: sysno_names.c, and sysno_ABI.c for each column, so that a program holds the tables of the ABIs
that it knows.
"""
import os
import re
import sys

PRIVATE_FIRST = 0xf0000  # of arm: numbers from here have a table of their own


def die(spec, line, text):
    sys.exit(f"{spec}:{line}: {text}")


def read_table(spec):
    """The ABI names of the header line, and rows of (name, [number or None])."""
    abis, rows, seen = None, [], set()
    with open(spec, encoding="ascii") as stream:
        for line, text in enumerate(stream, 1):
            words = text.split("#", 1)[0].split()
            if not words:
                continue
            if abis is None:
                if words[0] != "name":
                    die(spec, line, "expected the header line: name ABI...")
                abis = words[1:]
                used = [set() for _ in abis]
                continue
            if len(words) != len(abis) + 1 or not re.fullmatch(r"[a-z_][a-z0-9_]*", words[0]):
                die(spec, line, f"expected a name and {len(abis)} numbers")
            if words[0] in seen:
                die(spec, line, f"{words[0]} is there twice")
            seen.add(words[0])
            numbers = []
            for column, word in enumerate(words[1:]):
                if word != "-" and not word.isdigit():
                    die(spec, line, f"'{word}' is neither a number nor '-'")
                number = None if word == "-" else int(word)
                if number is not None and number in used[column]:
                    die(spec, line, f"{abis[column]} {number} is there twice")
                used[column].add(number)
                numbers.append(number)
            rows.append((words[0], numbers))
    return abis, rows


def count_of(numbers):
    return 1 + max(number for number in numbers if number < PRIVATE_FIRST)


def private_of(rows, column):
    """(index, name) of the numbers in the private range, None where it has none."""
    return [(numbers[column] - PRIVATE_FIRST, name) for name, numbers in rows
            if numbers[column] is not None and numbers[column] >= PRIVATE_FIRST]


def write_header(path, banner, abis, rows):
    with open(path, "w", encoding="ascii") as out:
        out.write(banner)
        out.write("#ifndef KENNEL_SYSNO_H\n#define KENNEL_SYSNO_H\n\n#include <stdint.h>\n\n")
        out.write("enum sysno {\n\tSC_none = 0,\n")
        out.writelines(f"\tSC_{name},\n" for name, _ in rows)
        out.write("\tSC_COUNT\n};\n\n")
        out.write("/* \"none\" for SC_none and for what is out of range. */\n")
        out.write("const char *sysno_name(enum sysno sysno);\n\n")
        out.write("/* The first number of the second range, where an ABI has one. */\n")
        out.write(f"#define SYSNO_PRIVATE_FIRST {PRIVATE_FIRST}\n\n")
        for column, abi in enumerate(abis):
            count = count_of(numbers[column] for _, numbers in rows if numbers[column] is not None)
            out.write(f"#define SYSNO_{abi.upper()}_NR_COUNT {count}\n")
            out.write(f"extern const uint16_t sysno_{abi}_by_nr[SYSNO_{abi.upper()}_NR_COUNT];\n")
            private = private_of(rows, column)
            if private:
                out.write(f"#define SYSNO_{abi.upper()}_PRIVATE_COUNT {1 + max(private)[0]}\n")
                out.write(f"extern const uint16_t sysno_{abi}_private[SYSNO_{abi.upper()}_PRIVATE_COUNT];\n")
            out.write(f"extern const int32_t sysno_{abi}_nr[SC_COUNT];\n\n")
        out.write("#endif\n")


def write_names(path, banner, rows):
    """One string and offsets into it: a pointer for each name would have to be relocated."""
    names = ["none"] + [name for name, _ in rows]
    with open(path, "w", encoding="ascii") as out:
        out.write(banner)
        out.write('#include "sysno.h"\n\n')
        out.write("static const char names[] =")
        out.writelines(f'\n\t"{name}\\0"' for name in names)
        out.write(";\n\nstatic const uint16_t offsets[SC_COUNT] = {\n")
        offset = 0
        for name in names:
            out.write(f"\t{offset},\n")
            offset += len(name) + 1
        out.write("};\n\nconst char *sysno_name(enum sysno sysno)\n{\n")
        out.write("\treturn names + ((unsigned)sysno < SC_COUNT ? offsets[sysno] : 0);\n}\n")


def write_table(path, banner, abi, column, rows):
    with open(path, "w", encoding="ascii") as out:
        out.write(banner)
        out.write(f'#include "sysno.h"\n\nconst uint16_t sysno_{abi}_by_nr[SYSNO_{abi.upper()}_NR_COUNT] = {{\n')
        out.writelines(f"\t[{numbers[column]}] = SC_{name},\n" for name, numbers in rows
                       if numbers[column] is not None and numbers[column] < PRIVATE_FIRST)
        out.write("};\n")
        private = private_of(rows, column)
        if private:
            out.write(f"\nconst uint16_t sysno_{abi}_private[SYSNO_{abi.upper()}_PRIVATE_COUNT] = {{\n")
            out.writelines(f"\t[{index}] = SC_{name},\n" for index, name in private)
            out.write("};\n")
        out.write(f"\nconst int32_t sysno_{abi}_nr[SC_COUNT] = {{\n\t[SC_none] = -1,\n")
        out.writelines(f"\t[SC_{name}] = {-1 if numbers[column] is None else numbers[column]},\n"
                       for name, numbers in rows)
        out.write("};\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    spec, out_h = sys.argv[1:]
    folder = os.path.dirname(out_h)
    abis, rows = read_table(spec)
    banner = f"/* Generated from {spec} by tools/{os.path.basename(__file__)}. Do not edit. */\n"
    write_header(out_h, banner, abis, rows)
    write_names(os.path.join(folder, "sysno_names.c"), banner, rows)
    for column, abi in enumerate(abis):
        write_table(os.path.join(folder, f"sysno_{abi}.c"), banner, abi, column, rows)


if __name__ == "__main__":
    main()
