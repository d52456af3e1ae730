"""What is said of an example whose class was predicted: its label, how much speaks for it, and the runner-up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.nn.layer import Array
    from glassnet.nn.loss import Loss


def best_two(outputs: "Array", names: Sequence[str], loss: "Loss") -> dict[str, Any]:
    """Label, runner-up and all classes of one example in plain values, from what each class gets (C,)."""
    import numpy as np

    best, second = np.argsort(-outputs, kind="stable")[:2]
    what, all_ = ("probability", "probabilities") if loss.probabilistic else ("score", "scores")
    numbers = [round(float(output), 6) for output in outputs]
    return {
        "label": names[best],
        what: numbers[best],
        "runner_up": names[second],
        f"runner_up_{what}": numbers[second],
        all_: dict(zip(names, numbers, strict=True)),
    }


def in_words(answer: dict[str, Any]) -> str:
    """An answer as a line: 7 (99.8%), then 2 (0.1%)."""
    what, form = ("probability", "{:.1%}") if "probability" in answer else ("score", "score {:.2f}")
    first, second = (form.format(answer[key]) for key in (what, f"runner_up_{what}"))
    return f"{answer.get('problem') or answer['label']} ({first}), then {answer['runner_up']} ({second})"
