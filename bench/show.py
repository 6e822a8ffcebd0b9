"""The figures of `kennel bench` as text: tables, and in a few sentences what they say."""
import sys
import textwrap

import measure

TITLES = {
    "calls": ("One call", "What a call costs where the command and its supervisor share a processor, where each has "
              "one of its own, and where the scheduler decides. Neither the mechanisms nor Kennel intercept "
              "getppid: it shows what merely having a filter costs."),
    "rules": ("Rules", "The same call with more and more rules, none of which matches."),
    "processes": ("Processes", "So many processes make the same call at once. A supervisor is one thread: its "
                  "throughput should not fall, and no process should wait much longer than the others. Natively they "
                  "wait for a processor only."),
    "workloads": ("Jobs", "Wall time of whole jobs: the start of a program that does nothing, find and tar of a "
                  "tree of 800 files, and three starts of python3."),
}


def figure(value, unit=""):
    if unit == "ms" or value < 10:
        return f"{value:,.2f}"
    return f"{value:,.0f}"


def interval_text(middle, low, high, pairs):
    """Below six pairs there is no interval of 95 %: the whole range, in round brackets."""
    first, last = "[]" if pairs >= 6 else "()"
    return f"{middle:.2f} {first}{low:.2f} {high:.2f}{last}"


def interval(made):
    return interval_text(made["ratio"], made["low"], made["high"], made["pairs"]) if "ratio" in made else ""


def columns(made):
    """(heads, function of a row) of a group's table, without the name of the call."""
    group, unit = made["group"], made["unit"]
    if group == "rules":
        return (["way", "rules", unit, "to 10 rules [95 %]"],
                lambda row: [row["config"], f"{row['rules']:,}", figure(row["value"]), interval(row)])
    if group == "processes":
        return (["way", "processes", unit, "to 1 process [95 %]", "median us", "worst to median"],
                lambda row: [row["config"], str(row["processes"]), figure(row["value"]), interval(row),
                             figure(row["median_us"]), figure(row["worst"])])
    return (["way", unit, "to native [95 %]"],
            lambda row: [row["config"], figure(row["value"], unit), interval(row)])


def missing_cells(made):
    label = [f"{made[key]:,}" for key in ("rules", "processes") if key in made]
    return [made["config"], *label, f"missing: {made['missing']}"]


def print_table(heads, lines):
    """Figures to the right, words to the left; what is missing may run over the columns behind it."""
    whole = [line for line in lines if len(line) == len(heads)] + [heads]
    widths = [max(len(line[index]) for line in whole) for index in range(len(heads))]
    widths[0] = max(len(line[0]) for line in [*lines, heads])
    for line in [heads, ["-" * width for width in widths], *lines]:
        cells = [cell.ljust(width) if index == 0 or "[" in cell or "(" in cell or "missing" in cell else
                 cell.rjust(width) for index, (cell, width) in enumerate(zip(line, widths))]
        print("  " + "  ".join(cells).rstrip())


def table(rows, ways):
    """One group: what it is about, and a table for each call or job, and place. Who is missing is named at the end."""
    lacking = {way.name for way in ways if way.missing}
    rows = [row for row in rows if row["config"] not in lacking]
    if not rows:
        return
    title, about = TITLES[rows[0]["group"]]
    print(f"\n{title.upper()}\n{textwrap.fill(about, 100)}")
    seen = dict.fromkeys((row["name"], row["place"]) for row in rows)
    for name, place in seen:
        here = [row for row in rows if (row["name"], row["place"]) == (name, place)]
        count = max((row.get("pairs", 0) for row in here), default=0)
        heads, cells = columns(here[0])
        print(f"\n{name}, {place}, {count} pairs")
        print_table(heads, [missing_cells(row) if "missing" in row else cells(row) for row in here])
    sys.stdout.flush()


def machine_text(facts):
    smt = ", two threads a core" if facts["smt"] else ""
    return (f"Linux {facts['kernel']}, {facts['arch']}, {facts['cpu'] or 'processor unknown'}, {facts['cpus']} "
            f"processors{smt}{', virtual' if facts['hypervisor'] else ''}, {facts['memory_mb']:,} MB, governor: "
            f"{facts['governor']}, load {facts['load']}")


def machine(facts):
    print(machine_text(facts))
    if facts["load"] > 0.5 * facts["cpus"]:
        print("Something else is running: figures of a busy machine are not to be compared with those of a quiet one.")
    sys.stdout.flush()


def find(rows, group, name, place, config, **more):
    """The one row that has figures, or None."""
    wanted = {"group": group, "name": name, "place": place, "config": config, **more}
    for made in rows:
        if "missing" not in made and all(made.get(key) == value for key, value in wanted.items()):
            return made
    return None


def times(one, other):
    """The ratio of two rows that ran in the same rounds."""
    ratios = [ours / theirs for ours, theirs in zip(one["samples"], other["samples"])]
    return f"{interval_text(*measure.median_interval(ratios), len(ratios))} times"


def sentence(text, *rows):
    """A sentence about rows, if all of them have figures."""
    return [text(*rows)] if all(rows) else []


def sentences(rows):
    """What the figures say, each only where what it is about was measured."""
    def stat(config, place="one core"):
        return find(rows, "calls", "stat", place, config)

    def crowd(config, count):
        return find(rows, "processes", "stat", "free", config, processes=count)

    def ruled(count):
        return find(rows, "rules", "stat", "one core", "kennel-emulated", rules=count)

    said = sentence(lambda native, notify: f"A stat takes {figure(native['value'])} ns here; telling a supervisor "
                    f"of it, on the same core, adds {figure(notify['value'] - native['value'])} ns.",
                    stat("native"), stat("notify-continue"))
    said += sentence(lambda one, two: "With the supervisor on another core a notified stat takes "
                     f"{two['value'] / one['value']:.1f} times as long.", stat("notify-continue"),
                     stat("notify-continue", "two cores"))
    said += sentence(lambda stops, notify: f"Stopping the thread before and after the call takes "
                     f"{times(stops, notify)} as long as a notification.", stat("ptrace-stops"),
                     stat("notify-continue"))
    said += sentence(lambda ours, least: f"A stat that Kennel emulates takes {times(ours, least)} as long as one of "
                     "the cheapest supervisor, which decides nothing.", stat("kennel-emulated"),
                     stat("notify-emulate"))
    said += sentence(lambda many, few: f"With 10,000 rules Kennel's stat takes {times(many, few)} as long as with 10.",
                     ruled(10000), ruled(10))
    said += sentence(lambda many, one: f"512 processes at once get {times(many, one)} the calls out of Kennel that "
                     f"one gets; the longest wait is {figure(many['worst'])} times the median.",
                     crowd("kennel-emulated", 512), crowd("kennel-emulated", 1))
    for name in ("find+tar", "python"):
        said += sentence(lambda made, landlock, name=name: f"{name} under kennel-quiet takes {interval(made)} times as "
                         f"long as natively, {times(made, landlock)} as long as with Landlock alone.",
                         find(rows, "workloads", name, "free", "kennel-quiet"),
                         find(rows, "workloads", name, "free", "landlock"))
    return said


def short(figures):
    """What it means, and what could not be measured."""
    said = sentences(figures["rows"])
    if said:
        print("\nIN SHORT")
        for line in said:
            print(f"- {line}")
    lacking = [way for way in figures["ways"] if way["missing"]]
    if lacking:
        print("\nNOT MEASURED")
        for way in lacking:
            print(f"- {way['name']}: {way['missing']}")
    sys.stdout.flush()


def listing(bench):
    print("Groups: " + ", ".join(bench.groups) + "\nWays:")
    for way in bench.ways:
        print(f"  {way.name:<16}  {'missing: ' + way.missing if way.missing else way.about}")
