"""Paired differences of two `icmoe evaluate --cases --json` results: paired.py BASE.json OTHER.json [CLICKS]

By set: the mean of OTHER - BASE in points of Dice after CLICKS clicks (default: the last prompt), with its 95% interval
by resampling pictures 2,000 times from a fixed seed, and how many cases became worse by more than a point."""
import json
import random
import sys


def cases(file):
    with open(file, encoding="utf-8") as stream:
        return {name: of["cases"] for name, of in json.load(stream)["sets"].items()}


def interval(pictures):
    draw = random.Random(1)
    names = sorted(pictures)
    means = []
    for _ in range(2000):
        chosen = [difference for _ in names for difference in pictures[draw.choice(names)]]
        means.append(sum(chosen) / len(chosen))
    means.sort()
    return means[49], means[1949]


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__)
base, other = cases(sys.argv[1]), cases(sys.argv[2])
at = int(sys.argv[3]) - 1 if len(sys.argv) == 4 else -1
print("| set | n | base | other | difference, points | 95% | worse |")
print("|---|---|---|---|---|---|---|")
for name in sorted(other): # of which BASE may know more
    pictures, seen = {}, {}
    for one, two in zip(base[name], other[name], strict=True):
        thing = (one["picture"], one["slice"], one["value"])
        assert thing == (two["picture"], two["slice"], two["value"])
        seen[thing] = seen.get(thing, 0) + 1  # files of one name in several folders are several pictures
        picture = (one["picture"], one["slice"], seen[thing])
        pictures.setdefault(picture, []).append(100 * (two["dice"][at] - one["dice"][at]))
    all_of_them = [difference for list_ in pictures.values() for difference in list_]
    mean = sum(all_of_them) / len(all_of_them)
    low, high = interval(pictures)
    dice = [100 * sum(c["dice"][at] for c in side[name]) / len(side[name]) for side in (base, other)]
    print(f"| {name} | {len(all_of_them)} | {dice[0]:.1f} | {dice[1]:.1f} | {mean:+.1f} | [{low:+.1f}, {high:+.1f}] | {sum(d < -1 for d in all_of_them)} |")
