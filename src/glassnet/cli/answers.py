"""What is said of an example whose class was predicted: its label, how much speaks for it, and the runner-up."""

from typing import TYPE_CHECKING, Any

from glassnet.nn.plain import brief
from glassnet.reading.steps import STEPS

if TYPE_CHECKING:
    from glassnet.model.answer import Answer


def as_table(answer: "Answer") -> dict[str, Any]:
    """An answer in plain values, for JSON."""
    problem = {"problem": answer.problem} if answer.problem else {}
    reading = {"reading": [STEPS[name].without for name in answer.left_out]} if answer.left_out else {}
    if answer.probabilities is None:
        return {"label": None, **problem}
    best, second = answer.ranking[:2]
    what, all_ = ("probability", "probabilities") if answer.probabilistic else ("score", "scores")
    numbers = [round(float(p), 6) for p in answer.probabilities]
    return {
        "label": answer.label,
        what: numbers[best],
        "runner_up": answer.runner_up,
        f"runner_up_{what}": numbers[second],
        all_: dict(zip(answer.classes, numbers, strict=True)),
        **reading,
        **problem,
    }


def in_words(answer: dict[str, Any]) -> str:
    """An answer as a line: 7 (99.8%), then 2 (0.1%); of an unusual reading of a picture also what is unusual."""
    what, form = ("probability", "{:.1%}") if "probability" in answer else ("score", "score {:.2f}")
    first, second = (form.format(answer[key]) for key in (what, f"runner_up_{what}"))
    reading = f"; read {', '.join(answer['reading'])}" if "reading" in answer else ""
    said = answer.get("problem") or brief(answer["label"])
    return f"{said} ({first}), then {brief(answer['runner_up'])} ({second}){reading}"
