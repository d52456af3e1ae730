"""Make the files of a release, and try them as a user would. Everything but the upload.

    python tools/release.py

Needs git and the extra `release`. It builds what the last commit holds, so there must be no other changes. The wheel
and the sdist are built twice, compared with the commit, and installed in new environments. Takes a few minutes.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
NOT_IN_SDIST = (".ci/", ".github/")  # as in pyproject.toml
IN_WHEEL = {"src/glassnet/": "glassnet/", "docs/maths/": "glassnet/course/"}
# Quick tests of the core, the program and stored files. Collecting the others shows that they are there.
TESTS = ("tests/nn", "tests/test_cli.py", "tests/test_saved.py", "tests/test_completion.py")
# The program, in a process that may not even ask for the address of another machine.
OFFLINE = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        sys.exit(f"it asks the network: {event} {arguments}")

sys.addaudithook(refuse)
from glassnet.cli.app import main
main()
"""


def say(text: str) -> None:
    print(text, flush=True)


def check(condition: bool, problem: str) -> None:
    """End with this one line unless the condition holds."""
    if not condition:
        sys.exit(f"error: {problem}")


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints; if it fails, all of that is shown, and then one line that names the command."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        say(done.stdout)
    check(done.returncode == 0, f"exit code {done.returncode}: {' '.join(map(str, command[:6]))}")
    return done.stdout


def version() -> str:
    """The version, which all files that name one must name."""

    def named(file: str, pattern: str) -> str:
        match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        check(match is not None, f"{file} names no version, expected: {pattern}")
        return match[1] if match else ""

    number = named("src/glassnet/version.py", r'^__version__ = "(.+)"$')
    for file, pattern in (("CITATION.cff", r"^version: (\S+)$"), ("CHANGELOG.md", r"^## (\S+)")):
        check(named(file, pattern) == number, f"{file} names {named(file, pattern)}, src/glassnet/version.py {number}")
    return number


def check_commit(number: str) -> None:
    """The commit is what is built; if it has a tag already, that is its version."""
    changed = run("git", "status", "--porcelain").splitlines()
    check(not changed, f"files that are not as in the last commit: {', '.join(line[3:] for line in changed[:5])}")
    tags = run("git", "tag", "--points-at", "HEAD", "--list", "v*").split()
    check(tags in ([], [f"v{number}"]), f"this commit has the tag {', '.join(tags)}, expected v{number}")


def build(folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist; the wheel is built from the sdist."""
    seconds = run("git", "log", "-1", "--format=%ct").strip()  # the time of the commit, in all archives
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, SOURCE_DATE_EPOCH=seconds)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def compare(what: str, found: set[str], expected: set[str]) -> None:
    """End unless an archive holds what it should."""
    faults = [f"it lacks {', '.join(sorted(expected - found)[:5])}"] if expected - found else []
    faults += [f"it holds {', '.join(sorted(found - expected)[:5])} besides"] if found - expected else []
    check(not faults, f"{what} is not what the commit holds: {'; '.join(faults)}")


def check_contents(wheel: Path, sdist: Path) -> None:
    """The sdist is the commit; the wheel is its package and its course. So no cache, dataset or test strays in."""
    tracked = run("git", "ls-files").splitlines()
    with tarfile.open(sdist) as archive:
        held = {member.name.partition("/")[2] for member in archive if member.isfile()}
    compare("the sdist", held, {"PKG-INFO", *(name for name in tracked if not name.startswith(NOT_IN_SDIST))})
    expected = {
        there + name.removeprefix(here) for here, there in IN_WHEEL.items() for name in tracked if name.startswith(here)
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    compare("the wheel", held, expected)
    for path in (wheel, sdist):
        say(f"  {path.name}: {path.stat().st_size / 1e6:.1f} MB")


def environment(folder: Path, *requirements: str) -> Path:
    """The Python of a new environment that holds these."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", *requirements)
    run(python, "-m", "pip", "check")
    return python


def draw_seven(path: Path) -> None:
    """A 7 on white paper."""
    picture = Image.new("L", (120, 160), 255)
    ImageDraw.Draw(picture).line([(30, 30), (90, 30), (50, 130)], fill=0, width=9, joint="curve")
    picture.save(path)


def try_core(python: Path, number: str, folder: Path) -> None:
    """Without any extra: the program runs, and reads a digit without a network."""
    program = python.parent / "glassnet"
    said = run(program, "--version", cwd=folder).strip()
    check(said == f"glassnet {number}", f"glassnet --version says {said!r}")
    run(python, "-m", "glassnet", "--help", cwd=folder)
    draw_seven(folder / "seven.png")
    (folder / "offline.py").write_text(OFFLINE, encoding="utf-8")
    said = run(python, "offline.py", "predict", "seven.png", cwd=folder).splitlines()[-1]
    check(said.startswith("seven.png: 7 "), f"a drawn 7 is read as {said!r}")
    say(f"  {said}")


def try_all(python: Path, folder: Path) -> None:
    """With all extras: a training with its pictures and report, and the exports."""
    run(python, "-m", "glassnet", "train", "tiny", "--data", "digits", "--epochs", "20", "--out", "run", cwd=folder)
    check((folder / "run" / "report.html").is_file(), "a training leaves no report")
    for file in ("digits.onnx", "digits.html"):
        said = run(python, "-m", "glassnet", "export", "cnn", file, cwd=folder).strip()
        say(f"  {said}")


def try_tests(python: Path, sdist: Path, folder: Path) -> None:
    """The tests of the sdist, on the package that was installed from the wheel."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("glassnet-*")
    where = run(python, "-c", "import glassnet; print(glassnet.__file__)", cwd=unpacked)
    check("site-packages" in where, f"the tests would try {where.strip()}, not the wheel")
    collected = run(python, "-m", "pytest", "--collect-only", "-q", cwd=unpacked)
    say(f"  {collected.splitlines()[-1]}")
    settings = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    tested = run(python, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", *TESTS, cwd=unpacked, **settings)
    say(f"  {tested.splitlines()[-1]}")


def main() -> None:
    say("the versions agree, and all is committed ...")
    number = version()
    check_commit(number)
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"glassnet {number}: the wheel and the sdist are built, twice ...")
        (wheel, sdist), again = build(DIST), build(folder / "again")
        for one, other in zip((wheel, sdist), again, strict=True):
            check(one.read_bytes() == other.read_bytes(), f"{one.name}: built twice, its bytes are not the same")
        say("their metadata and contents ...")
        run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
        check_contents(wheel, sdist)
        say("the wheel, without extras and without a network ...")
        try_core(environment(folder / "core", str(wheel)), number, folder)
        say("the wheel, with all extras ...")
        python = environment(folder / "all", f"{wheel}[all,test-core]")
        try_all(python, folder)
        say("the tests of the sdist, on that wheel ...")
        try_tests(python, sdist, folder)
    say(f"\nglassnet {number} is ready:")
    for path in (wheel, sdist):
        say(f"  {path.relative_to(ROOT)}  sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    say(f"publish it from GitHub: git tag v{number} && git push origin v{number}")
    say("or from here: python -m twine upload dist/*")


if __name__ == "__main__":
    main()
