#!/usr/bin/env python3
"""Medians of the JSON lines of bench/run.sh, and the ratios to nchan. Usage: bench/median.py FILE"""
import json
import statistics
import sys

FIGURES = ["cpu_us_per_event", "p50_ms", "p99_ms", "p999_ms", "per_second", "missing", "kb_per_connection"]

rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
loads = sorted({(r["connections"], r["series"], r["rate"]) for r in rows})
for load in loads:
    print("%d connections, %d series, %g/s each" % load)
    median = {}
    for server in ("product", "batched", "stalled", "nchan"):
        runs = [r for r in rows if r["server"] == server and (r["connections"], r["series"], r["rate"]) == load]
        if not runs:
            continue
        median[server] = {f: statistics.median(r[f] for r in runs) for f in FIGURES}
        print("  %-8s %s (%d runs)" % (server, "  ".join("%s %.3g" % f for f in median[server].items()), len(runs)))
    for server in set(median) - {"nchan"} if "nchan" in median else ():
        ratios = ("%s %.2f" % (f, median[server][f] / median["nchan"][f]) for f in FIGURES[:4] if median["nchan"][f])
        print("  %s / nchan  %s" % (server, "  ".join(ratios)))
