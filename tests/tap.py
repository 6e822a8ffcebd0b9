"""What tests written in python share: functions named test_*, results as TAP, as tools/run_tests.py reads it."""

import pathlib
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def run(namespace, suite, argument):
    """Runs every test_* of a module's globals(); the exit status. argument: --tap=FILE."""
    tests = [(name, test) for name, test in sorted(namespace.items()) if name.startswith("test_")]
    lines = [f"1..{len(tests)}"]
    for name, test in tests:
        title = f"{suite}::{name.removeprefix('test_')}"
        try:
            test()
            lines.append(f"ok - {title}")
        except Skip as skip:
            lines.append(f"ok - {title} # SKIP {skip}")
        except Exception:  # pylint: disable=broad-except  (any error is a failure of this test alone)
            print(f"{title}:\n{traceback.format_exc()}")
            lines.append(f"not ok - {title}")
    pathlib.Path(argument.removeprefix("--tap=")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return any(line.startswith("not ok") for line in lines)
