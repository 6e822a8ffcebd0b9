"""The figures of `kennel bench` as one page of HTML that loads nothing: plots, tables, and what they say."""
import html

import plot
import show

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #1d1f21; --faint: #60656b; --grid: #d8dbde;
  --native: #6b7075; --kernel: #1d8a5b; --notify: #2468c8; --trace: #b3620c; --kennel: #a0278f; --peer: #7a6a2f }
@media (prefers-color-scheme: dark) { :root { --paper: #17191b; --ink: #e8e9ea; --faint: #a0a5ab; --grid: #3a3e42;
  --native: #a3a9af; --kernel: #4cc38f; --notify: #77aaf5; --trace: #eda04d; --kennel: #e07fd2; --peer: #cbb869 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 } h2 { font-size: 1.25rem; margin: 2rem 0 .3rem }
h3 { font-size: 1rem; margin: 0 0 .4rem } p, ul { max-width: 44rem } .faint { color: var(--faint) }
.plots { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)) }
figure { margin: 0; min-width: 0 } svg { display: block; width: 100%; height: auto }
.label { font: 12px system-ui, sans-serif; fill: var(--ink) } .label.faint { fill: var(--faint) }
.strong { font-weight: 600; font-variant-numeric: tabular-nums }
.grid { stroke: var(--grid) } .whisker { stroke: var(--ink); stroke-width: 1.5 }
.fill { fill: var(--c) } .stroke { stroke: var(--c); stroke-width: 2; fill: none } .s1 { stroke-dasharray: 5 3 }
.s2 { stroke-dasharray: 2 3 } .native { --c: var(--native) } .kernel { --c: var(--kernel) }
.notify { --c: var(--notify) } .trace { --c: var(--trace) } .kennel { --c: var(--kennel) } .peer { --c: var(--peer) }
.legend { list-style: none; padding: 0; margin: .3rem 0; display: flex; flex-wrap: wrap; gap: .1rem .9rem;
  font-size: .85rem } .key { display: inline-block; width: 30px; height: 10px; margin-right: .3rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; margin: .5rem 0 1.2rem }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap;
  font-variant-numeric: tabular-nums } th:first-child, td:first-child, .left { text-align: left }
dt { font-weight: 600 } dd { margin: 0 0 .4rem } summary { cursor: pointer; font-weight: 600 }
"""

PLACES = {"one core": "supervisor and command on one core", "two cores": "on two cores", "free": "where they like"}


def escape(words):
    return html.escape(str(words))


def figure(title, inside):
    return f"<figure><h3>{escape(title)}</h3>{inside}</figure>"


def bar_plots(rows):
    """A plot for each call or job, and place: ratios to native with their intervals; one scale for all places."""
    made = []
    ends = {}
    for row in rows:
        if "ratio" in row:
            ends.setdefault(row["name"], []).extend((row["low"], row["high"]))
    for name, place in dict.fromkeys((row["name"], row["place"]) for row in rows):
        here = [row for row in rows if (row["name"], row["place"]) == (name, place) and "ratio" in row]
        items = [(row["config"], row["family"], row["ratio"], row["low"], row["high"],
                  f"{row['ratio']:.2f} × · {show.figure(row['value'], row['unit'])} {row['unit']}") for row in here]
        if items:
            where = f", {PLACES[place]}" if rows[0]["group"] == "calls" else ""
            made.append(figure(f"{name}{where}", plot.bars(f"{name}{where}: ratio to native", items, ends[name])))
    return made


def line_plot(title, rows, across, value, unit):
    """A line for each way over the numbers of rules or processes; those of one family differ in their dashes."""
    ticks = sorted({row[across] for row in rows})
    families, series, keys = {}, [], []
    for config in dict.fromkeys(row["config"] for row in rows):
        here = {row[across]: row for row in rows if row["config"] == config}
        points = [here[tick].get(value) if tick in here else None for tick in ticks]
        if not any(points):
            continue
        family = next(iter(here.values()))["family"]
        style = families.setdefault(family, 0)
        families[family] += 1
        series.append((family, style, points))
        keys.append(f"<li>{plot.key(family, style)}{escape(config)}</li>")
    if not series:
        return ""
    return figure(title, plot.lines(title, ticks, series, unit) + f'<ul class="legend">{"".join(keys)}</ul>')


def rule_plots(rows):
    return [line_plot(f"{call}: nanoseconds, by the number of rules",
                      [row for row in rows if row["name"] == call], "rules", "value", "ns")
            for call in dict.fromkeys(row["name"] for row in rows)]


def process_plots(rows):
    return [line_plot("Calls a second of all, by the number of processes", rows, "processes", "value", "calls/s"),
            line_plot("Longest wait, in medians", rows, "processes", "worst", "times the median")]


PLOTS = {"calls": bar_plots, "rules": rule_plots, "processes": process_plots, "workloads": bar_plots}


def table(name, place, rows):
    heads, cells = show.columns(rows[0])
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    body = []
    for row in rows:
        line = show.missing_cells(row) if "missing" in row else cells(row)
        tail = len(heads) - len(line) + 1
        last = f'<td class="left" colspan="{tail}">' if "missing" in row else "<td>"
        body.append("<tr>" + "".join(f"<td>{escape(word)}</td>" for word in line[:-1]) +
                    f"{last}{escape(line[-1])}</td></tr>")
    return (f'<div class="wide"><table><caption class="left">{escape(name)}, {escape(place)}</caption>'
            f'<thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>')


def section(group, rows):
    title, about = show.TITLES[group]
    tables = [table(name, place, [row for row in rows if (row["name"], row["place"]) == (name, place)])
              for name, place in dict.fromkeys((row["name"], row["place"]) for row in rows)]
    return (f'<section><h2>{escape(title)}</h2><p>{escape(about)}</p><div class="plots">'
            f'{"".join(PLOTS[group](rows))}</div><details><summary>All figures</summary>{"".join(tables)}'
            "</details></section>")


def ways(figures):
    entries = []
    for way in figures["ways"]:
        lacking = f' <span class="faint">Not measured: {escape(way["missing"])}.</span>' if way["missing"] else ""
        entries.append(f'<dt>{escape(way["name"])}</dt><dd>{escape(way["about"])}.{lacking}</dd>')
    return f'<section><h2>What is compared</h2><dl>{"".join(entries)}</dl></section>'


def page(figures):
    """The whole page, well formed as XML, too."""
    rows, pairs = figures["rows"], figures["pairs"]
    said = "".join(f"<li>{escape(line)}</li>" for line in show.sentences(rows))
    sections = "".join(section(group, [row for row in rows if row["group"] == group])
                       for group in dict.fromkeys(row["group"] for row in rows))
    interval = "an interval of 95 %" if pairs >= 6 else "their whole range: too few for an interval"
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
            f"<title>What interception costs</title><style>{STYLE}</style></head><body>"
            "<h1>What it costs to intercept system calls</h1>"
            f'<p class="faint">{escape(show.machine_text(figures["machine"]))}.</p>'
            f"<ul>{said}</ul><p>Everything compared ran in turns, {pairs} rounds; a ratio is the median of the ratios "
            f"inside the rounds, the thin line {interval}. Ratios can be compared with those of another day, times "
            f"cannot.</p>{sections}{ways(figures)}</body></html>\n")
