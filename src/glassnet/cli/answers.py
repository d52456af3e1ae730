"""What is said of an example whose class was predicted: its label, how much speaks for it, and the runner-up."""

from typing import Any

from glassnet.nn.plain import brief


def in_words(answer: dict[str, Any]) -> str:
    """An answer as a line: 7 (99.8%), then 2 (0.1%); of an unusual reading of a picture also what is unusual."""
    what, form = ("probability", "{:.1%}") if "probability" in answer else ("score", "score {:.2f}")
    first, second = (form.format(answer[key]) for key in (what, f"runner_up_{what}"))
    reading = f"; read {', '.join(answer['reading'])}" if "reading" in answer else ""
    said = answer.get("problem") or brief(answer["label"])
    return f"{said} ({first}), then {brief(answer['runner_up'])} ({second}){reading}"
