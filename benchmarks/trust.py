"""Show networks what is no digit, and see whether they refuse it: letters, scribbles and marks of two strokes.

    python benchmarks/trust.py                      the pretrained models
    python benchmarks/trust.py --model digits.safetensors       a model of yours, also a run folder's model file
    python benchmarks/trust.py --sheet FOLDER       also write a picture of each group, to see what is asked
    python benchmarks/trust.py --development        other letters and signs, polygons: to choose settings with
    python benchmarks/trust.py --write              keep the results, put table and figure into docs/

What is refused is what `glassnet predict` refuses: a picture none of whose readings has enough evidence, over five
views, and one that could be two digits. The threshold is the model's own. For a model without one it is chosen here, so
that at most a given share of MNIST's validation digits has less evidence. A picture in which the usual reading sees no
single digit is counted by itself too.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from nodigits import Group, amount_of_ink, development_groups, groups
from places import put

import glassnet as gn
from glassnet import plots
from glassnet.model.answer import Answer
from glassnet.model.judge import judge, read
from glassnet.pretrained.models import pretrained_names
from glassnet.reading.readings import Reading
from glassnet.runs.run import environment
from glassnet.train.calibration import Reliability, refusal_threshold, reliability

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "trust.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "pictures" / "reliability.png"
MODELS = ("classic", "strong", "cnn")
SHARE = 0.014  # of the validation images: at most so many are refused where the threshold is chosen here
INK = (0.05, 0.95)  # quantiles of the ink of MNIST's digits between which a scribble's ink lies
# What the project has promised itself, as parts of 1.
MOST_REFUSED_DIGITS, GREATEST_ERROR = 0.02, 0.01
LEAST_REFUSED = {"letters": 0.85, "scribbles": 0.85, "marks": 0.85}
AT_ONCE = 500  # images
SHOWN = 144  # pictures of a group on its sheet
LOOK_ALIKES = ("o", "s", "z")  # as large as their capitals, which are left out, once they are brought to one size
WORST = 10  # kinds of a group that are named

Result = dict[str, Any]


def limits_of_ink(digits: gn.Split) -> tuple[float, float]:
    """Between which amounts of ink most digits lie."""
    low, high = np.quantile(amount_of_ink(digits.x), INK)
    return float(low), float(high)


def measure(
    name: str, network: gn.Network, mnist: gn.Dataset, others: dict[str, Group], share: float
) -> tuple[Result, Reliability]:
    """How a network does on MNIST's test digits and on groups of what is no digit."""
    if not network.threshold:
        network.threshold = refusal_threshold(gn.predict_views(network, mnist.validation.x), share)
    test = gn.evaluate(network, mnist.test)
    said = judged(network, mnist.test.x)
    views = np.stack([answer.probabilities for answer in said if answer.probabilities is not None])
    answered = np.array([not answer.problem for answer in said])
    right = views.argmax(axis=1) == test.truth
    bins = reliability(test.probabilities, test.truth)
    result = {
        "model": name,
        "threshold": network.threshold,
        "test_digits": len(right),
        "refused_test_digits": float(np.mean(~answered)),
        "test_accuracy": test.accuracy,
        "test_accuracy_over_views": float(np.mean(right)),
        "test_accuracy_of_answered": float(np.mean(right[answered])),
        "expected_calibration_error": bins.error,
        "expected_calibration_error_over_views": gn.expected_calibration_error(views, test.truth),
        "groups": {group: refusals(network, pictures) for group, pictures in others.items()},
    }
    return result, bins


def judged(network: gn.Network, x: Any) -> list[Answer]:
    """What the network says of images in MNIST's form (N, 28, 28)."""
    parts = (x[start : start + AT_ONCE] for start in range(0, len(x), AT_ONCE))
    return [answer for part in parts for answer in judge(network, [Reading((), image) for image in part])]


def refusals(network: gn.Network, group: Group) -> Result:
    """Which part of a group is refused, and of each kind in it how many are accepted, the most accepted first."""
    said = [read(network, iter(found)) for found in group.readings]
    accepted = np.array([answer.label is not None for answer in said])
    taken_for = np.array([answer.ranking[0] if answer.ranking else -1 for answer in said])
    kinds = np.array(group.kinds)
    rows = []
    for kind in dict.fromkeys(group.kinds):
        here = kinds == kind
        digits = Counter(taken_for[here & accepted].tolist())
        rows.append(
            {
                "kind": kind,
                "pictures": int(here.sum()),
                "accepted": int((here & accepted).sum()),
                "as": [digit for digit, _ in digits.most_common(2)],
            }
        )
    return {
        "pictures": len(kinds),
        "refused": float(np.mean(~accepted)),
        "refused_without_ink": int(np.sum(~group.taken)),
        "kinds": sorted(rows, key=lambda row: -row["accepted"] / row["pictures"]),
    }


def table(results: list[Result]) -> str:
    """A row for each model, and one for what is asked for."""
    names = list(results[0]["groups"])
    lines = [
        f"| model | digits refused | accuracy of the others | {' | '.join(f'{name} refused' for name in names)} "
        "| calibration error | over five views |",
        "|---|---|---|" + "---|" * (len(names) + 2),
    ]
    for r in results:
        refused = " | ".join(f"{100 * r['groups'][name]['refused']:.1f} %" for name in names)
        lines.append(
            f"| `{r['model']}` | {100 * r['refused_test_digits']:.2f} % | {100 * r['test_accuracy_of_answered']:.2f} % "
            f"| {refused} | {100 * r['expected_calibration_error']:.2f} % "
            f"| {100 * r['expected_calibration_error_over_views']:.2f} % |"
        )
    goals = " | ".join(f"≥ {100 * LEAST_REFUSED[name]:g} %" if name in LEAST_REFUSED else "" for name in names)
    lines.append(f"| goal | ≤ {100 * MOST_REFUSED_DIGITS:g} % | | {goals} | ≤ {100 * GREATEST_ERROR:g} % | |")
    return "\n".join(lines)


def most_accepted(results: list[Result], group: str) -> str:
    """The kinds of a group that are taken for digits most often: which part of them, and for which digits."""
    found: dict[str, dict[str, Result]] = {}
    for r in results:
        for row in r["groups"][group]["kinds"]:
            found.setdefault(row["kind"], {})[r["model"]] = row

    def accepted(rows: dict[str, Result]) -> float:
        return sum(row["accepted"] / row["pictures"] for row in rows.values())

    def cell(row: Result) -> str:
        digits = f" (as {' or '.join(map(str, row['as']))})" if row["as"] else ""
        return f"{100 * row['accepted'] / row['pictures']:.0f} %{digits}"

    lines = [
        " | ".join([f"| {group} accepted most often", *(f"`{r['model']}`" for r in results)]) + " |",
        "|---|" + "---|" * len(results),
    ]
    for kind, rows in sorted(found.items(), key=lambda item: -accepted(item[1]))[:WORST]:
        lines.append(f"| {kind} | {' | '.join(cell(row) for row in rows.values())} |")
    return "\n".join(lines)


def without_look_alikes(results: list[Result]) -> str:
    """Which part of the letters is refused if those are not counted that have the shape of a digit after all."""
    parts = []
    for r in results:
        rows = [row for row in r["groups"]["letters"]["kinds"] if row["kind"] not in LOOK_ALIKES]
        accepted = sum(row["accepted"] for row in rows) / sum(row["pictures"] for row in rows)
        parts.append(f"`{r['model']}` {100 * (1 - accepted):.1f} %")
    return (
        f"The letters do not include those with the shape of a digit, except {listed(LOOK_ALIKES)}, which look like 0, "
        "5 and 2 once they are scaled to the size of a digit. Share of the other letters that is refused: "
        f"{', '.join(parts)}."
    )


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + [names[-1]])


def development(networks: dict[str, gn.Network], validation: gn.Split, share: float, seed: int) -> str:
    """What of the development groups is refused, by the image alone and over five views: a table."""
    others = development_groups(seed)
    lines = [
        f"| model | looks at | {' | '.join(f'{name} refused' for name in others)} |",
        "|---|---|" + "---|" * len(others),
    ]
    for name, network in networks.items():
        for what, predict in (("the image", type(network).predict_proba), ("five views", gn.predict_views)):
            threshold = refusal_threshold(predict(network, validation.x), share)
            refused = []
            for group in others.values():
                accepted = np.sum(gn.evidence(predict(network, group.images)) >= threshold)
                refused.append(f"{100 * (1 - accepted / len(group.kinds)):.1f} %")
            lines.append(f"| `{name}` | {what} | {' | '.join(refused)} |")
    return "\n".join(lines)


def about(results: list[Result], others: dict[str, Group]) -> str:
    """What the figures are of, in a few sentences."""
    counts = ", ".join(f"{len(group.kinds):,} {name}" for name, group in others.items())
    inkless = sum(int(np.sum(~group.taken)) for group in others.values())
    return (
        f"{results[0]['test_digits']:,} test digits; {counts}; in {inkless} of these pictures the usual reading does "
        "not find a single digit. A picture is refused if no reading has enough evidence, or if two digits are almost "
        "equally probable."
    )


def missed(result: Result) -> list[str]:
    """What a model does not reach of what is asked for, of the groups with its own threshold."""
    others = [
        f"{name} refused" for name, group in result["groups"].items() if group["refused"] < LEAST_REFUSED.get(name, 0.0)
    ]
    digits = ["digits refused"] * (result["refused_test_digits"] > MOST_REFUSED_DIGITS)
    return [*digits, *others, *["calibration error"] * (result["expected_calibration_error"] > GREATEST_ERROR)]


def write_sheets(others: dict[str, Group], folder: Path) -> None:
    """A picture of each group, its examples drawn at random."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, group in others.items():
        chosen = np.sort(rng.choice(len(group.images), min(SHOWN, len(group.images)), replace=False))
        kinds = np.array(group.kinds)[group.taken][chosen]
        plots.save(plots.sheet(group.images[chosen], list(kinds), title=name), folder / f"{name}.png")
        print(f"{folder / name}.png")


def networks(paths: list[Path]) -> dict[str, gn.Network]:
    """Model files by their name, or all pretrained models."""
    if paths:
        return {path.stem: gn.load_network(path) for path in paths}
    return {name: gn.load_pretrained(name) for name in MODELS if name in pretrained_names()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, action="append", default=[], help="a model file; may be repeated")
    parser.add_argument(
        "--refuse", type=float, default=100 * SHARE, help="%% of validation digits, for a model without threshold"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the pictures")
    parser.add_argument("--development", action="store_true", help="measure on the development groups instead")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="write a picture of each group")
    parser.add_argument("--write", action="store_true", help="keep the results, put the table into docs/benchmarks.md")
    options = parser.parse_args()
    chosen = networks(options.model)
    if not chosen and not options.sheet:
        parser.error("there is no pretrained model yet: name a model file with --model")
    mnist = gn.load_dataset("mnist")
    if options.development:
        print(development(chosen, mnist.validation, options.refuse / 100, options.seed))
        return
    others = groups(limits_of_ink(mnist.train), options.seed)
    if options.sheet:
        write_sheets(others, options.sheet)
    if not chosen:
        return
    measured = {name: measure(name, network, mnist, others, options.refuse / 100) for name, network in chosen.items()}
    results = [result for result, _ in measured.values()]
    remarks = about(results, others), without_look_alikes(results)
    text = "\n\n".join([table(results), *remarks, most_accepted(results, "letters")])
    print(text, most_accepted(results, "scribbles"), most_accepted(results, "marks"), sep="\n\n")
    for result in results:
        print(f"{result['model']} misses: {', '.join(missed(result)) or 'nothing'}")
    if options.write:
        put(PAGE, "trust", text)
        RESULTS.write_text(
            json.dumps({"seed": options.seed, "environment": environment(), "results": results}, indent=1) + "\n"
        )
        plots.save(plots.reliability({name: bins for name, (_, bins) in measured.items()}), PICTURE)


if __name__ == "__main__":
    main()
