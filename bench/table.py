"""From raw results to the Markdown table: medians over the repeats, and ratios to nginx in the same run."""

from statistics import median


def cpu(case, per="answers"):
    """Microseconds of the target's processor time."""
    return lambda run, direct: run["cases"][case]["cost"]["target"]["cpu_ms"] * 1000 / run["cases"][case][per]


def report(case, *path):
    def value(run, direct):
        found = run["cases"][case]
        for key in path:
            found = found[key]
        return found

    return value


def added(case, spread, quantile):
    """What the target adds to the same quantile of talking to the mock itself; for the mock, the quantile."""
    value = report(case, spread, quantile)
    return lambda run, direct: value(run, direct) - (0 if run is direct else value(direct, direct))


def scaled(value, factor):
    return lambda run, direct: value(run, direct) * factor


def per_stream(run, direct):
    streams = run["cases"]["many"]["sent"]
    return (run["cases"]["many"]["cost"]["target"]["pss_kib"] - run["idle_kib"]) / streams


def disturbance(run, direct):
    """Percent of the target's processor time in which it was ready to run, and something else ran instead."""
    costs = [told["cost"]["target"] for told in run["cases"].values()]
    return 100 * sum(cost["waited_ms"] for cost in costs) / sum(cost["cpu_ms"] for cost in costs)


# What, its unit, how it comes from one repeat, and the case of nginx it is compared with if that is another one.
ROWS = [
    ("CPU per chat request, 32 connections", "µs", cpu("chat"), None),
    ("CPU per chat request streamed in 32 chunks", "µs", cpu("stream"), None),
    ("CPU per 1,000 chunks of slow streams", "ms", cpu("slow", "events"), None),
    ("CPU per request of 256 KiB", "µs", cpu("large"), None),
    ("CPU per chat request, OpenAI in, Anthropic out", "µs", cpu("translated"), cpu("chat")),
    ("CPU per the same, streamed in 32 chunks", "µs", cpu("translated-stream"), cpu("stream")),
    ("Requests per second, 32 connections", "", report("chat", "answers_per_second"), None),
    ("Added latency, one connection, p50", "µs", added("one", "latency", "p50_us"), None),
    ("Added latency, one connection, p99", "µs", added("one", "latency", "p99_us"), None),
    ("Added time to first byte, slow streams, p50", "µs", added("slow", "first_byte", "p50_us"), None),
    ("Added time to first byte, slow streams, p99", "µs", added("slow", "first_byte", "p99_us"), None),
    ("Gap between chunks sent every 50 ms, p99", "ms", scaled(report("slow", "gap", "p99_us"), 0.001), None),
    ("Memory, idle", "MiB", lambda run, direct: run["idle_kib"] / 1024, None),
    ("Memory, most during 2,000 streams", "MiB", scaled(report("many", "cost", "target", "pss_kib"), 1 / 1024), None),
    ("Memory per stream", "KiB", per_stream, None),
    ("Memory after the whole run", "MiB", lambda run, direct: run["after_kib"] / 1024, None),
    ("Start to first answer", "ms", lambda run, direct: run["startup_ms"], None),
    ("Disturbance", "% of CPU time", disturbance, None),
]


def figure(runs, name, value):
    """The median over the repeats; `None` where the target has no such figure, or is not there."""
    try:
        return median(value(run, direct) for run, direct in zip(runs[name], runs["direct"], strict=True))
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def ratio(number, base):
    """Of what is above zero: differences of quantiles may not be."""
    return number / base if number is not None and base is not None and min(number, base) > 0 else None


def shown(number):
    """Three digits that mean something."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:#.3g}"


def markdown(runs):
    """The table: a column per target, and the ratio to nginx for each but nginx."""
    names = list(runs)
    others = [name for name in names if name not in ("direct", "nginx")]
    head = ["", *names, *(f"{name} / nginx" for name in others)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for label, unit, value, beside in ROWS:
        figures = {name: figure(runs, name, value) for name in names}
        base = figure(runs, "nginx", beside or value)
        ratios = [ratio(figures[name], base) for name in others]
        label = f"{label}, {unit}" if unit else label
        lines.append([label, *map(shown, figures.values()), *map(shown, ratios)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def complaints(runs):
    """Each target's cases in which an answer was wrong or missing, or calls did not reach the mock one for one."""
    for name, repeats in runs.items():
        for index, run in enumerate(repeats, 1):
            for case, told in run["cases"].items():
                if why := complaint(told):
                    yield name, f"{name}, {case}, repeat {index}: {why}"


def complaint(told):
    sent = told["sent"]
    if told["right"] != sent:
        why = told["first_problem"] or f"{told['late']} not over in time"
        return f"{told['right']} of {sent} right; {why}"
    if told["reached_mock"] != sent:
        return f"{sent} calls sent, {told['reached_mock']} reached the mock"
    return None
