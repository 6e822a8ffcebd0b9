#!/usr/bin/env python3
"""Judges the tree: sizes, layering, forbidden calls, clang-format, clang-tidy, cppcheck.

usage: check_style.py [--builddir DIR] [--only PART...] [--states N] [FILE...]

The parts are budget, layers, calls, tree, format, tidy, cppcheck. Files limit the last
three. The clang tools and cppcheck judge only in Debian 12's versions (14 and 2.10): what
another version says is printed and does not count.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 1
FORMAT_FILES = 40  # at a time: the tool takes longer to start than to read one
CODE = ("core", "handlers", "arch")          # the program
ALL_C = CODE + ("bench", "tests")

# ---- What is allowed -------------------------------------------------------------------

FILE_LINES, HEADER_LINES, FUNCTION_LINES, NESTING, COLUMNS = 600, 120, 80, 3, 120
FILE_MEDIAN, FUNCTION_MEDIAN, FUNCTION_P90 = 200, 15, 40
COMMENT_SHARE = (0.08, 0.15)  # reported, not judged

TOP_LEVEL = set("""
    README.md LICENSE configure.py build.ninja .ci .clang-format .clang-tidy .gitignore
    core handlers arch tests bench doc profiles tools
""".split())

# What handlers may include of core/.
HANDLER_INCLUDES = re.compile(
    r"core/(mem|mem_message|address|bound|brief|path|fds|held|program|identity|access|verdict|log|category|limits|"
    r"inside|cleanup|util)\.h$|"
    r"handlers/\w+\.h$|sysno\.h$")
# What handlers, and what arch/, may not see by any road through our headers.
UNSEEN = {
    "handlers": re.compile(r"^((ev|seccomp|sys/ptrace|linux/(ptrace|seccomp|filter|audit))\.h$|arch/)"),
    "arch": re.compile(r"^((ev|seccomp|linux/(seccomp|filter))\.h$|core/|handlers/)"),
}

# One place each: pattern, the files of the program that may hold it, what it is.
ONE_PLACE = [
    (r"\bioctl\s*\([^;]*?\bSECCOMP_IOCTL_NOTIF_", {"core/notify.c"}, "seccomp-notify ioctls"),
    (r"\bptrace\s*\(|\bSYS_ptrace\b", {"core/ptrace.c"}, "ptrace()"),
    (r"\b(v?fork|clone3?)\s*\(|\bSYS_(v?fork|clone3?)\b", {"core/launcher.c", "core/tmpdir.c", "core/abi_probe.c"},
     "forking (the launcher for payloads and workers; the remover of the temporary directory; what is to be executed)"),
    (r"\b(waitid|waitpid|wait3|wait4)\s*\(", {"core/launcher.c", "core/ptrace.c", "core/abi_probe.c"},
     "waiting for processes"),
    (r"\bSYS_openat2\b",
     {"core/path.c", "core/path_walk.c", "core/path_long.c", "core/landlock.c", "core/kfeat.c"}, "opening by path"),
    (r"\bev_default_loop\b|\bEV_DEFAULT\b", set(), "libev's default loop (it swallows ptrace stops)"),
    (r"\bev_loop_new\s*\(", {"core/loop.c"}, "making the loop"),
    (r"\bgetopt(_long)?\s*\(", set(), "getopt() (it has global state)"),
    (r"\bseccomp_(init|load|rule_add\w*|export_\w+)\s*\(", {"core/filter.c"}, "libseccomp's filters"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen|alloca)\s*\(", set(), "an unsafe function"),
    (r"\bpthread_create\s*\(", set(), "threads"),
]

# cppcheck does not know cleanup attributes (memleak, resourceLeak) and takes an assertion for a
# doubt (nullPointerRedundantCheck); the clang analyzer is better at uninitvar, and statement
# expressions are beyond its parser (internalAstError).
CPPCHECK_SUPPRESSED = ("memleak", "resourceLeak", "nullPointerRedundantCheck", "uninitvar", "internalAstError",
                       "missingIncludeSystem", "unknownMacro", "unusedFunction")

# The line of a finding in the tools' output; the steps that lead to it are left out.
FINDING = re.compile(r":\d+:\d+: (fatal )?(error|warning|performance|portability)\b")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


# ---- Reading C -------------------------------------------------------------------------

class Source:
    """One C file: its lines, the same without comments and strings, and its functions."""

    TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(TOP))
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.comment_lines = 0
        self.bare = self.TOKEN.sub(self.blank, self.text)
        self.includes = re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', self.text, re.M)

    def blank(self, match):
        """Comments and strings become blanks of the same shape."""
        token = match.group(0)
        if token.startswith("/"):
            self.comment_lines += token.count("\n") + 1
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1]

    def functions(self):
        """(name, first line, length, nesting) of each function: its brace stands at the line's start."""
        lines = self.bare.splitlines()
        opened = None
        for number, line in enumerate(lines):
            if line.startswith("{") and number and not lines[number - 1].rstrip().endswith(("=", ";")):
                opened = number
            elif line.startswith("}") and opened is not None:
                start = self.signature_start(lines, opened)
                name = re.search(r"(\w+)\s*\(", " ".join(lines[start:opened]))
                yield (name.group(1) if name else "?", start + 1, number - start + 1, nesting(lines[opened:number]))
                opened = None

    @staticmethod
    def signature_start(lines, opened):
        start = opened
        while start and lines[start - 1].strip() and not lines[start - 1].rstrip().endswith((";", "}")) \
                and not lines[start - 1].startswith("#"):
            start -= 1
        return start


def nesting(body):
    """How deep control statements stand in each other; a tab each, as clang-format makes them."""
    keyword = re.compile(r"^(\t+)(if|for|while|switch|do|else)\b")
    depths = [len(match.group(1)) for match in map(keyword.match, body) if match]
    return max(depths, default=0)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Style:
    def __init__(self, builddir, only_files, states):
        self.builddir = builddir
        self.states = states
        self.problems = []
        self.only_files = {str(pathlib.Path(name)) for name in only_files}
        self.sources = [Source(path) for folder in ALL_C for path in sorted((TOP / folder).rglob("*.[ch]"))]
        self.by_name = {source.name: source for source in self.sources}

    def bad(self, text):
        self.problems.append(text)
        print(f"style: {text}", flush=True)

    def program(self):
        return [source for source in self.sources if source.name.startswith(tuple(f"{f}/" for f in CODE))]

    # ---- budget

    def check_budget(self):
        lengths = []
        for source in self.sources:
            limit = HEADER_LINES if source.name.endswith(".h") else FILE_LINES
            if len(source.lines) > limit:
                self.bad(f"{source.name}: {len(source.lines)} lines, at most {limit}")
            if not source.text.startswith("/*"):
                self.bad(f"{source.name}:1: no comment that says what the file owns")
            for number, line in enumerate(source.lines, 1):
                if UNFINISHED.search(line):
                    self.bad(f"{source.name}:{number}: unfinished by its own words")
            lengths += self.check_functions(source)
        self.check_columns()
        self.report_budget(lengths)

    def check_functions(self, source):
        lengths = []
        for name, line, length, depth in source.functions():
            if source in self.program():
                lengths.append(length)
            if length > FUNCTION_LINES:
                self.bad(f"{source.name}:{line}: {name}() has {length} lines, at most {FUNCTION_LINES}")
            if depth > NESTING:
                self.bad(f"{source.name}:{line}: {name}() nests {depth} deep, at most {NESTING}")
        return lengths

    def check_columns(self):
        files = [source.path for source in self.sources]
        files += [TOP / "configure.py", *(TOP / "tools").glob("*.py"), *(TOP / "tests").rglob("*.py"),
                  *(TOP / "bench").rglob("*.py")]
        for path in files:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if len(line.expandtabs(8)) > COLUMNS:
                    self.bad(f"{path.relative_to(TOP)}:{number}: longer than {COLUMNS} columns")

    def report_budget(self, functions):
        program = self.program()
        files = [len(source.lines) for source in program if source.name.endswith(".c")]
        headers = [len(source.lines) for source in program if source.name.endswith(".h")]
        comments = sum(source.comment_lines for source in program)
        written = sum(1 for source in program for line in source.lines if line.strip())
        if not functions or not files:
            return
        rows = [("function lines, median", statistics.median(functions), FUNCTION_MEDIAN),
                ("function lines, 90 %", percentile(functions, 0.9), FUNCTION_P90),
                ("file lines, median", statistics.median(files), FILE_MEDIAN)]
        for name, value, limit in rows:
            if value > limit:
                self.bad(f"{name}: {value:g}, at most {limit}")
        print(f"budget: {len(files)} files, median {statistics.median(files):g}, max {max(files)}; "
              f"{len(headers)} headers, median {statistics.median(headers):g}, max {max(headers)}; "
              f"{len(functions)} functions, median {statistics.median(functions):g}, "
              f"90 % {percentile(functions, 0.9)}, max {max(functions)}; comments {comments / written:.0%} "
              f"(aim {COMMENT_SHARE[0]:.0%} to {COMMENT_SHARE[1]:.0%})", flush=True)

    # ---- layers and calls

    def reach(self, source, seen=None):
        """Every header that a file sees, with the one it comes through: {header: by}."""
        seen = {} if seen is None else seen
        for header in source.includes:
            if header not in seen:
                seen[header] = source.name
                if header in self.by_name:
                    self.reach(self.by_name[header], seen)
        return seen

    def check_layers(self):
        for source in self.program():
            folder = source.name.split("/")[0]
            for header in source.includes:
                if folder == "core" and header.startswith("handlers/") and header != "handlers/handler.h":
                    self.bad(f"{source.name}: core/ reaches handlers through handlers/handler.h, not {header}")
                if folder == "handlers" and header.startswith(("core/", "handlers/", "arch/")) \
                        and not HANDLER_INCLUDES.match(header):
                    self.bad(f"{source.name}: handlers do not see {header}")
            for header, by in self.reach(source).items() if folder in UNSEEN else ():
                if UNSEEN[folder].match(header):
                    self.bad(f"{source.name}: {folder}/ sees {header} (through {by})")

    def check_calls(self):
        for source in self.program():
            for pattern, allowed, what in ONE_PLACE:
                if source.name in allowed:
                    continue
                for match in re.finditer(pattern, source.bare):
                    line = source.bare.count("\n", 0, match.start()) + 1
                    where = " or ".join(sorted(allowed)) or "no file"
                    self.bad(f"{source.name}:{line}: {what} belongs in {where}")

    def check_tree(self):
        ignored = {"build", ".git", ".cache", "__pycache__"}
        for path in sorted(TOP.iterdir()):
            if path.name not in TOP_LEVEL | ignored:
                self.bad(f"{path.name}: nothing else belongs at the top")

    # ---- other people's tools

    def chosen(self, folders, ending):
        names = [name for name in self.by_name if name.startswith(folders) and name.endswith(ending)]
        return [name for name in names if not self.only_files or name in self.only_files]

    def tool(self, name, judged):
        """(command, whether it judges) of a tool in the version that judges, or in another; or None."""
        for command in (f"{name}-{judged}", name):
            if shutil.which(command):
                text = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
                version = re.search(r"(\d+)\.(\d+)", text)
                found = version and judged in (version.group(1), version.group(0))
                if not found:
                    print(f"style: {command} is {version.group(0) if version else 'unknown'}, "
                          f"{judged} judges: reported only", flush=True)
                return command, bool(found)
        print(f"style: {name} is not installed: not checked", flush=True)
        return None, False

    def run_tool(self, name, judges, commands):
        """Runs commands, as many at a time as there are processors; one problem per failure."""
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for label, result in pool.map(lambda row: (row[0], run(row[1])), commands):
                if result.returncode == 0:
                    continue
                found = [line for line in result.stdout.splitlines() if FINDING.search(line)]
                print("\n".join(dict.fromkeys(found)) or result.stdout.rstrip(), flush=True)
                if judges:
                    self.bad(f"{label}: {name}")

    def check_format(self):
        command, judges = self.tool("clang-format", "14")
        if command:
            names = self.chosen(ALL_C, (".c", ".h"))
            groups = [names[first:first + FORMAT_FILES] for first in range(0, len(names), FORMAT_FILES)]
            self.run_tool("clang-format", judges,
                          [(f"{group[0]} to {group[-1]}",
                            [command, "--dry-run", "--Werror", "--ferror-limit=3", *group]) for group in groups])

    def check_tidy(self):
        command, judges = self.tool("clang-tidy", "14")
        if command:
            names = self.chosen(CODE + ("bench",), ".c")
            arguments = [command, "-p", str(self.builddir), "--quiet", "--extra-arg=-include",
                         "--extra-arg=tools/analyzer_errno.h", "--extra-arg=-Wno-unused-command-line-argument",
                         *self.bounds()]
            self.run_tool("clang-tidy", judges, [(name, [*arguments, name]) for name in names])

    def bounds(self):
        """How many states of a function the analyzer looks at; without an option 225,000."""
        if not self.states:
            return []
        return [f"--extra-arg={word}" for word in
                ("-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={self.states}")]

    def check_cppcheck(self):
        command, judges = self.tool("cppcheck", "2.10")
        names = self.chosen(CODE + ("bench",), ".c")
        if not command or not names:
            return
        arguments = [command, "--quiet", "--enable=warning,performance,portability", "--inline-suppr",
                     "--error-exitcode=1", "--std=c11", "--language=c", "-D_GNU_SOURCE", "-D__GNUC__=12", "-D__linux__",
                     "-D__x86_64__", "-I.", f"-I{self.builddir}", f"-I{self.builddir}/gen",
                     *(f"--suppress={name}" for name in CPPCHECK_SUPPRESSED), f"-j{JOBS}"]
        self.run_tool("cppcheck", judges, [("cppcheck", [*arguments, *names])])


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=TOP)


def main():
    parts = ["tree", "budget", "layers", "calls", "format", "cppcheck", "tidy"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", default="build")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--states", type=int, help="of each function, for clang's analyzer (default: its own, 225000)")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    style = Style(arguments.builddir, arguments.files, arguments.states)
    for part in arguments.only:
        start = time.monotonic()
        before = len(style.problems)
        getattr(style, f"check_{part}")()
        print(f"style: {part}: {len(style.problems) - before} problems, {time.monotonic() - start:.1f} s", flush=True)
    print(f"style: {len(style.problems)} problems" if style.problems else "style: ok", flush=True)
    return 1 if style.problems else 0


if __name__ == "__main__":
    sys.exit(main())
