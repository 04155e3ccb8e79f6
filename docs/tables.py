"""Markdown tables of what `icmoe evaluate --json` printed: tables.py NAME=FILE.json… (or NAME=FILE@N: Dice after N clicks).

Sets are the rows, files the columns, in their order; the last row is the mean over sets. Brackets: the 95% interval
of the last answer, by resampling pictures."""
import json
import sys


def column(argument):
    name, _, file = argument.partition("=")
    file, _, clicks = file.partition("@")
    with open(file, encoding="utf-8") as stream:
        return name, clicks, json.load(stream)["sets"]


def cell(one, clicks):
    if clicks:
        return f"{one['clicks'][clicks]:.3f}"
    low, high = one["ci95"]
    return f"{one['mean_dice']:.3f} [{low:.2f}, {high:.2f}]"


def value(one, clicks):
    return one["clicks"][clicks] if clicks else one["mean_dice"]


columns = [column(argument) for argument in sys.argv[1:]]
if not columns:
    sys.exit(__doc__)
sets = sorted(set().union(*(column[2] for column in columns)))
print("| set | n |", " | ".join(name for name, _, _ in columns), "|")
print("|---|---|" + "---|" * len(columns))
for name in sets:
    size = max(of[name]["n"] for _, _, of in columns if name in of)
    print(f"| {name} | {size} |", " | ".join(cell(of[name], clicks) if name in of else "" for _, clicks, of in columns), "|")
means = [sum(value(of[name], clicks) for name in of) / len(of) for _, clicks, of in columns]
print("| **mean over sets** | |", " | ".join(f"**{mean:.3f}**" for mean in means), "|")
