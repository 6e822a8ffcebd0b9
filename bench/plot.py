"""Plots as SVG, for a page that loads nothing: bars with intervals, and lines. Colours are classes of the page."""
import html
import math

WIDTH = 360  # narrow, so that the text of a plot can be read on a telephone
LEFT, RIGHT = 8, 8
MARKERS = ("circle", "square", "diamond")


def text(x, y, words, anchor="start", css="label"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}">{html.escape(words)}</text>'


def line(x1, y1, x2, y2, css):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def svg(height, title, parts):
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(title, quote=True)}">'
            f'{"".join(parts)}</svg>')


def short(value):
    """Three digits are enough in a plot."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def powers(low, high):
    """Powers of ten around what is shown; at least one whole step."""
    first = math.floor(math.log10(low))
    last = max(math.ceil(math.log10(high)), first + 1)
    return [10.0 ** power for power in range(first, last + 1)]


def bars(title, items, ends):
    """items: (label, family, value, low, high, shown), a ratio each; logarithmic between the ends, from 1 on."""
    low, high = min(1.0, *ends), max(1.2, *ends)
    span = math.log(high / low)

    def at(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(max(value, low) / low) / span

    parts = []
    for index, (label, family, value, least, most, shown) in enumerate(items):
        y = 12 + index * 30
        width = max(abs(at(value) - at(1)), 1.5)
        parts += [text(LEFT, y, label), text(WIDTH - RIGHT, y, shown, "end", "label strong"),
                  f'<rect x="{min(at(1), at(value)):.1f}" y="{y + 4}" width="{width:.1f}" height="8" rx="2" '
                  f'class="fill {family}"/>', line(at(least), y + 8, at(most), y + 8, "whisker")]
    height = 12 + len(items) * 30 - 8
    parts.insert(0, line(at(1), 0, at(1), height, "grid"))
    return svg(height, title, parts)


def marker(kind, x, y, css):
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="fill {css}"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if kind == "diamond" else ""
    return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"{turn} class="fill {css}"/>'


def lines(title, ticks, series, unit):
    """series: (family, style, [value or None for each tick]); both axes logarithmic, ticks the same distance apart."""
    values = [value for one in series for value in one[2] if value]
    scale = powers(min(values), max(values))
    top, bottom, left = 18, 182, 44
    step = (WIDTH - left - 34) / max(len(ticks) - 1, 1)

    def at(value):
        share = math.log(value / scale[0]) / math.log(scale[-1] / scale[0])
        return bottom - (bottom - top) * share

    parts = [text(LEFT, 10, unit, css="label faint")]
    for value in scale:
        parts += [line(left, at(value), WIDTH - RIGHT, at(value), "grid"),
                  text(left - 6, at(value) + 4, short(value), "end", "label faint")]
    for index, tick in enumerate(ticks):
        parts.append(text(left + 8 + index * step, bottom + 16, f"{tick:,}", "middle", "label faint"))
    for family, style, points in series:
        there = [(left + 8 + index * step, at(value)) for index, value in enumerate(points) if value]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in there)
        parts.append(f'<polyline points="{path}" class="stroke {family} s{style}"/>')
        parts += [marker(MARKERS[style % len(MARKERS)], x, y, family) for x, y in there]
    return svg(bottom + 22, title, parts)


def key(family, style):
    """A short piece of a line, as a legend shows it."""
    return (f'<svg viewBox="0 0 30 10" class="key" aria-hidden="true">'
            f'<polyline points="1,5 29,5" class="stroke {family} s{style}"/>'
            f'{marker(MARKERS[style % len(MARKERS)], 15, 5, family)}</svg>')
