"""A link: what a training follows from, and how far it has come, as the fragment of an address.

    #recipe=sixteen&lr=0.1&step=400&prints=0.1f0c2a-1.77e3b0-256.9b2d11

The fragment of an address is never sent to a server. Whoever opens it elsewhere trains the same to the same step; with
the same NumPy build and kind of processor to the same bits. The prints tell between which steps two began to differ.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import nearest, shown
from glassnet.page.form import KEYS

MOST_CHARACTERS = 8_000
MOST_STEP = 10**7
MOST_PRINTS = 64
PRINT = 6  # hexadecimal digits of a fingerprint: enough to tell two trainings apart
OTHER = "other."  # before the name of what belongs to the second training
STEP, PRINTS = "step", "prints"
OWN = ("experiment", STEP, PRINTS)


@dataclass(frozen=True)
class Link:
    """Where a training can be found again.

    Args:
        experiment: the name of the experiment whose trainings these are; "" for those of a person's own.
        values: of the form, for one or two trainings; none for an experiment.
        steps: how many steps each training has taken.
        prints: of each training, fingerprints of its weights after some of its steps.
    """

    experiment: str = ""
    values: tuple[dict[str, Any], ...] = ()
    steps: tuple[int, ...] = (0,)
    prints: tuple[Mapping[int, str], ...] = ({},)

    @property
    def fragment(self) -> str:
        """The link as text, without the "#"; a shell takes it as it is between quotes."""
        parts: dict[str, str] = {"experiment": self.experiment} if self.experiment else {}
        for before, values in zip(("", OTHER), self.values, strict=False):
            parts |= {f"{before}{key}": _written(value) for key, value in values.items()}
        for before, step, prints in zip(("", OTHER), self.steps, self.prints, strict=False):
            parts[f"{before}{STEP}"] = str(step)
            if prints:
                parts[f"{before}{PRINTS}"] = "-".join(f"{at}.{mark[:PRINT]}" for at, mark in sorted(prints.items()))
        return urlencode(parts, safe="[]{}:,")

    def step_of(self, training: int) -> int:
        """How many steps a training is to take; the second one as many as the first, where the link does not say."""
        return self.steps[min(training, len(self.steps) - 1)]


def read_link(text: str) -> Link:
    """A link from an address with a fragment, or from the fragment alone.

    Raises:
        InputError: it is too long, or holds something that no link does.
    """
    fragment = text.rpartition("#")[2]
    require(
        len(fragment) <= MOST_CHARACTERS,
        f"expected a link of at most {MOST_CHARACTERS:,} characters, got {len(text):,}",
    )
    try:
        pairs = parse_qsl(fragment, keep_blank_values=True, strict_parsing=True, max_num_fields=100)
    except ValueError:
        raise InputError(f"expected a link such as #recipe=classic&step=100, got {shown(text)}") from None
    own: tuple[dict[str, str], dict[str, str]] = ({}, {})
    values: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for key, value in pairs:
        name, second = key.removeprefix(OTHER), key.startswith(OTHER)
        if name not in (*OWN, *KEYS) or key == f"{OTHER}experiment":
            raise InputError(f"a link has no part {shown(key)}; {nearest(key, (*OWN, *KEYS))}")
        require(name not in own[second] | values[second], f"the part {key} stands twice in the link")
        if name in OWN:
            own[second][name] = value
        else:
            values[second][name] = _read(value)
            require(values[second][name] is not None, f"{key}: expected a value, got null")
    experiment, given = own[0].get("experiment", ""), tuple(each for each in values if each)
    require(
        bool(experiment) != bool(given),
        f"a link names either an experiment or the settings of a training, got {shown(fragment)}",
    )
    steps = tuple(_step(each[STEP]) for each in own if STEP in each) or (0,)
    return Link(experiment, given, steps, tuple(_prints(each.get(PRINTS, "")) for each in own)[: len(steps)])


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _read(text: str) -> Any:
    """A value as JSON, or the text itself."""
    try:
        return json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text


def _step(text: str) -> int:
    fits = re.fullmatch(r"[0-9]{1,9}", text) is not None and int(text) <= MOST_STEP
    require(fits, f"step: expected a whole number from 0 to {MOST_STEP:,}, got {shown(text)}")
    return int(text)


def _prints(text: str) -> dict[int, str]:
    parts = text.split("-") if text else []
    fit = len(parts) <= MOST_PRINTS and all(re.fullmatch(rf"[0-9]{{1,9}}\.[0-9a-f]{{{PRINT}}}", part) for part in parts)
    found = {int(step): mark for step, _, mark in (part.partition(".") for part in parts)} if fit else {}
    fit = fit and len(found) == len(parts)
    require(fit, f"prints: expected up to {MOST_PRINTS} such as 128.1f0c2a, each for another step, got {shown(text)}")
    return found


def agreement(expected: Mapping[int, str], prints: Mapping[int, str]) -> dict[str, int | None]:
    """How far two trainings agree: the last step at which they are the same, and the first at which they are not."""
    both = sorted(expected.keys() & prints.keys())
    differs = next((step for step in both if prints[step][:PRINT] != expected[step]), None)
    same = max((step for step in both if differs is None or step < differs), default=None)
    return {"same": same, "differs": differs}
