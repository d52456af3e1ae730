"""What the shell offers after the Tab key."""

from pathlib import Path

import pytest

from commandline import glassnet


def offered(words: str, folder: Path) -> set[str]:
    """What bash offers for the last of these words."""
    asked = {"_GLASSNET_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return set(glassnet(cwd=folder, env=asked).stdout.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("glassnet comp", {"compare"}),
        ("glassnet train --quie", {"--quiet"}),
        ("glassnet train tiny", {"tiny", "tiny-deep"}),
        ("glassnet train my", set()),  # so the shell offers files
        ("glassnet train tiny --data emnist-di", {"emnist-digits"}),
        ("glassnet data get fash", {"fashion-mnist"}),
        ("glassnet evaluate ", {"classic", "cnn", "strong", "runs/done"}),
        ("glassnet resume ", {"runs/begun", "runs/done"}),
        ("glassnet summary c", {"classic", "cnn"}),
        ("glassnet predict c", {"classic", "cnn"}),
        ("glassnet predict cnn ", set()),
    ],
)
def test_names_are_offered(words: str, expected: set[str], tmp_path: Path) -> None:
    for name, files in (("begun", ["recipe.toml"]), ("done", ["recipe.toml", "model.safetensors"])):
        (tmp_path / "runs" / name).mkdir(parents=True)
        for file in files:
            (tmp_path / "runs" / name / file).touch()
    assert offered(words, tmp_path) == expected


def test_completion_can_be_switched_on(tmp_path: Path) -> None:
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is named, for the tests may have none
    done = glassnet("--show-completion", "bash", cwd=tmp_path, env=named)
    assert done.returncode == 0, done.stderr
    assert "complete -o default -F _glassnet_completion glassnet" in done.stdout
