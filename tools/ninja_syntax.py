"""Writes ninja files: variables, rules and build edges, with lines folded.

A small writer of our own, so that configuring needs nothing but python3.
"""

import io

WIDTH = 100


def escape_path(path):
    """A path as it must be spelled in a build line."""
    return path.replace("$ ", "$$ ").replace(" ", "$ ").replace(":", "$:")


class Writer:
    """Collects the text of one ninja file; text() gives it all."""

    def __init__(self):
        self.output = io.StringIO()

    def text(self):
        return self.output.getvalue()

    def newline(self):
        self.output.write("\n")

    def comment(self, text):
        for line in text.splitlines():
            self.output.write(f"# {line}".rstrip() + "\n")

    def variable(self, key, value, indent=0):
        if isinstance(value, (list, tuple)):
            value = " ".join(value)
        self._folded(f"{key} = {value}".rstrip(), indent)

    def rule(self, name, command, **variables):
        self._folded(f"rule {name}")
        self.variable("command", command, indent=1)
        for key, value in variables.items():
            self.variable(key, value, indent=1)

    def build(self, outputs, rule, inputs=(), implicit=(), order_only=(), **variables):
        line = "build " + " ".join(map(escape_path, _as_list(outputs)))
        line += f": {rule}"
        for separator, paths in (("", inputs), (" |", implicit), (" ||", order_only)):
            paths = _as_list(paths)
            if paths:
                line += separator + " " + " ".join(map(escape_path, paths))
        self._folded(line)
        for key, value in variables.items():
            self.variable(key, value, indent=1)

    def default(self, paths):
        self._folded("default " + " ".join(map(escape_path, _as_list(paths))))

    def _folded(self, text, indent=0):
        """Writes a line, folded at spaces that are not escaped by a dollar sign."""
        prefix = "  " * indent
        while len(prefix) + len(text) > WIDTH:
            cut = _fold_at(text, WIDTH - len(prefix) - 2)
            if cut < 0:
                break
            self.output.write(f"{prefix}{text[:cut]} $\n")
            prefix = "  " * (indent + 2)
            text = text[cut + 1:]
        self.output.write(f"{prefix}{text}\n")


def _as_list(value):
    if isinstance(value, str):
        return [value]
    return list(value)


def _fold_at(text, limit):
    """The last space before limit (else the first after it) that may end a line; -1: none."""
    usable = [i for i, char in enumerate(text) if char == " " and _dollars_before(text, i) % 2 == 0]
    before = [i for i in usable if 0 < i <= limit]
    after = [i for i in usable if i > limit]
    if before:
        return before[-1]
    return after[0] if after else -1


def _dollars_before(text, index):
    count = 0
    while index > count and text[index - count - 1] == "$":
        count += 1
    return count
