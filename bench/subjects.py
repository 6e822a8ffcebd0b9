"""What `kennel bench` measures: single calls by placement, by the number of rules, by the number of processes that
make them at once, and jobs of the ordinary kind.

Each function gives rows, plain dicts with all samples. A row without samples has the reason in "missing".
"""
import os

import jobs
import measure
from ways import NATIVE

CALLS = ("getppid", "stat", "open+close", "getdents", "connect")
RULE_CALLS = ("stat", "open+close")
RULES = (10, 100, 1000, 10000)
FILTER_RULES_MAX = 2000
PROCESSES = (1, 8, 64, 512)
CROWDED = (NATIVE, "notify-continue", "notify-emulate", "ptrace-stop", "ptrace-stops", "kennel-emulated")
# None of them matches what is called; a number each, so that no two are the same.
RULE_FORMS = ("/srv/app{0}/data/file{0}", "/srv/tree{0}/***", "/home/user{0}/.ssh/**", "/opt/tool{0}/*/lib{0}.so",
              "/var/log/app{0}-*.log", "/**/secret{0}.key", "/data/*-{0}/x*")
OWN_PROCESSORS = "its kernel places threads itself"


def row(facts, samples, base=None, base_samples=None, failed=None):
    """One row: the median of the samples and, against a base, the ratio of those taken in the same round."""
    if failed or not samples:
        return {**facts, "missing": failed or "not measured"}
    made = {**facts, "value": measure.median(samples), "samples": samples}
    if base_samples:
        pairs = list(zip(samples, base_samples))
        middle, low, high = measure.median_interval([ours / theirs for ours, theirs in pairs])
        made.update(base=base, base_value=measure.median(base_samples), pairs=len(pairs), ratio=middle, low=low,
                    high=high)
    return made


def target(bench):
    path = os.path.join(bench.folder, "file")
    with open(path, "w", encoding="ascii") as file:
        file.write("a file to look at\n")
    return path


def measured(bench, ways):
    """Values of the rounds are asked for ways that can be had; of the others the reason is known already."""
    return [way for way in ways if not way.missing], {way.name: way.missing for way in ways if way.missing}


def calls_once(bench, way, names, pin=()):
    out = bench.out()
    measure.run(way.command(bench.folder, [*pin, bench.program("calls"), "-b", "3", "-u", bench.batch_us,
                                           os.path.join(bench.folder, "file"), *names]),
                bench.folder, bench.env, out, 60)
    return jobs.read_calls(out)


def against_native(ways, values, failures, value, **facts):
    """A row for each way; value picks the figure out of what one run gave."""
    base = [value(one) for one in values.get(NATIVE, [])]
    rows = []
    for way in ways:
        samples = [value(one) for one in values.get(way.name, [])]
        whole = None if way.name == NATIVE or way.name in failures else base
        rows.append(row({**facts, "config": way.name, "family": way.family}, samples, NATIVE, whole,
                        failures.get(way.name)))
    return rows


# One call, by the processors that the command and its supervisor are on

def places(bench):
    """The last CPU first: the first one takes most interrupts."""
    cpus = sorted(os.sched_getaffinity(0))
    return [("one core", cpus[-1], cpus[-1]), ("two cores", cpus[-1], cpus[0] if len(cpus) > 1 else None),
            ("free", None, None)]


def calls_at(bench, place):
    name, cpu, other = place
    ways, failures = measured(bench, bench.ways)
    pin = [bench.program("intercept"), f"pin={other}"] if name == "two cores" else []
    if name == "two cores":
        failures.update({way.name: OWN_PROCESSORS for way in ways if way.name == "gvisor"})
        ways = [way for way in ways if way.name not in failures]
    if name == "two cores" and other is None:
        ways, failures = [], {way.name: "there is one processor only" for way in bench.ways}
    with measure.pinned(cpu):
        values, failed = measure.rounds(bench.pairs, ways, lambda way: calls_once(bench, way, CALLS, pin))
    return [made for call in CALLS
            for made in against_native(bench.ways, values, {**failures, **failed}, lambda run, call=call: run[call],
                                       group="calls", name=call, place=name, unit="ns")]


def calls(bench):
    target(bench)
    rows = []
    for place in places(bench):
        bench.say(f"calls, {place[0]}")
        rows += calls_at(bench, place)
    return sorted(rows, key=lambda made: CALLS.index(made["name"]))


# One call, by the number of rules

def rule_files(bench, count):
    """As many files as a Landlock domain has rules: each rule is about one that exists."""
    folder = os.path.join(bench.folder, "rules")
    os.makedirs(folder, exist_ok=True)
    names = [os.path.join(folder, str(number)) for number in range(count)]
    for name in names:
        with open(name, "ab"):
            pass
    return names


def rule_policy(bench, count):
    path = os.path.join(bench.folder, f"{count}.kennel")
    with open(path, "w", encoding="ascii") as file:
        for number in range(count):
            form = RULE_FORMS[number % len(RULE_FORMS)].format(number)
            file.write(f"deny/read,stat+{form}\n")
    return path


def ruled(bench, way, count):
    """The same way with so many rules, none of which matches."""
    name = f"{way.name}, {count}"
    if way.name == "filter":
        made = way.with_prefix(name, [way.prefix[0], f"filter={count}"])
        if count > FILTER_RULES_MAX:
            made.missing = "a filter holds 4,096 instructions, two for a rule"
    elif way.name == "landlock":
        made = way.with_prefix(name, [way.prefix[0], *rule_files(bench, count), "/", "--"])
    else:
        made = way.with_prefix(name, [*way.prefix[:-1], "-P", rule_policy(bench, count), "--"])
    made.missing = made.missing or way.missing
    return made


def rules(bench):
    bench.say("rules, one core")
    target(bench)
    families = [way for way in bench.ways if way.name in ("filter", "landlock", "kennel-emulated")]
    every = {(way.name, count): ruled(bench, way, count) for way in families for count in RULES}
    ways, failures = measured(bench, every.values())
    with measure.pinned(max(os.sched_getaffinity(0))):
        values, failed = measure.rounds(bench.pairs, ways, lambda way: calls_once(bench, way, RULE_CALLS))
    failures.update(failed)
    rows = []
    for call in RULE_CALLS:
        for (config, count), way in every.items():
            samples = [run[call] for run in values.get(way.name, [])]
            base = [run[call] for run in values.get(every[config, RULES[0]].name, [])]
            facts = {"group": "rules", "name": call, "place": "one core", "unit": "ns", "config": config,
                     "family": way.family, "rules": count}
            rows.append(row(facts, samples, f"{RULES[0]} rules", base if count > RULES[0] else None,
                            failures.get(way.name)))
    return rows


# One call, by the number of processes that make it

def crowd_once(bench, way, count):
    out = bench.out()
    measure.run(way.command(bench.folder, [bench.program("crowd"), str(count), bench.crowd_ms,
                                           os.path.join(bench.folder, "file"), "stat"]),
                bench.folder, bench.env, out, 120)
    words = measure.last_line(out).split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def crowd_row(way, count, runs, base, failed):
    facts = {"group": "processes", "name": "stat", "place": "free", "unit": "calls/s", "config": way.name,
             "family": way.family, "processes": count}
    made = row(facts, [run["rate"] for run in runs], "1 process",
               [run["rate"] for run in base] if count > PROCESSES[0] else None, failed)
    if "samples" in made:
        made["median_us"] = measure.median([run["median_ns"] / 1000 for run in runs])
        made["worst_samples"] = [run["worst_ns"] / max(run["median_ns"], 1) for run in runs]
        made["worst"] = measure.median(made["worst_samples"])
    return made


def processes(bench):
    """Those of one count are neighbours in time, and each is held against one process of the same round."""
    target(bench)
    bench.say("processes, free")
    ways = [way for way in bench.ways if way.name in CROWDED]
    every = {(way.name, count): way.with_prefix(f"{way.name}, {count}", way.prefix)
             for way in ways if not way.missing for count in PROCESSES}
    counts = {way.name: count for (_, count), way in every.items()}
    values, failed = measure.rounds(bench.pairs, list(every.values()),
                                    lambda way: crowd_once(bench, way, counts[way.name]))
    rows = []
    for way in ways:
        base = values.get(f"{way.name}, {PROCESSES[0]}", [])
        for count in PROCESSES:
            name = f"{way.name}, {count}"
            rows.append(crowd_row(way, count, values.get(name, []), base, way.missing or failed.get(name)))
    return rows


# Jobs

def make_tree(bench, folder):
    for number in range(800):
        path = os.path.join(folder, "tree", f"folder{number % 40}")
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, f"file{number}"), "w", encoding="ascii") as file:
            file.write(f"line {number}\n" * (1 + number % 50))


WORKLOADS = [
    jobs.Workload("start of a program", ["{true}"]),
    jobs.Workload("find+tar", jobs.shell("find tree -type f | sort | cksum; tar cf - tree | wc -c"),
                  needs=("find", "tar"), setup=make_tree),
    jobs.Workload("python", jobs.shell("for i in 1 2 3; do python3 -c 'import json, os, re; print(os.sep)'; done"),
                  needs=("python3",)),
]


def workload_rows(bench, workload):
    ways, failures = measured(bench, bench.ways)
    facts = {"group": "workloads", "name": workload.name, "place": "free", "unit": "ms"}
    expected = {}
    job = jobs.Workload(workload.name, [word.replace("{true}", bench.true) for word in workload.command],
                        workload.needs, workload.setup)
    try:
        folder = jobs.workload_ready(bench, job)
        jobs.workload_once(bench, job, folder, bench.ways[0], expected)
    except measure.Failure as failure:
        return [row({**facts, "config": way.name, "family": way.family}, [], failed=str(failure)) for way in bench.ways]

    def one(way):
        there = way.with_prefix(way.name, way.command(folder, []))
        return jobs.workload_once(bench, job, folder, there, expected)

    values, failed = measure.rounds(bench.pairs, ways, one)
    return against_native(bench.ways, values, {**failures, **failed}, lambda ms: ms, **facts)


def workloads(bench):
    rows = []
    for workload in WORKLOADS:
        bench.say(f"workloads, {workload.name}")
        rows += workload_rows(bench, workload)
    return rows


GROUPS = {"calls": calls, "rules": rules, "processes": processes, "workloads": workloads}
