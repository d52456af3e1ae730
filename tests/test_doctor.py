"""The doctor: real measurements in real processes, and what is made of them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from commandline import glassnet, refused
from glassnet import doctor
from glassnet.doctor import KERNEL, VARIABLE, Diagnosis, Products
from glassnet.nn.errors import InputError

NOW = Products("3.12.1", "2.4.0", "openblas", "0.3.31", "Haswell", 2, 100.0, right=True)
FASTER = replace(NOW, kernel="SkylakeX", gflops=160.0)
FOUND = Diagnosis("Some CPU", 2, has_avx512=True, now=NOW, better=FASTER)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for settings of its own, and no kernel chosen."""
    monkeypatch.setattr(doctor, "USED", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back whatever is done to it
    monkeypatch.delenv(VARIABLE)
    return tmp_path


def test_the_products_of_this_machine_are_right() -> None:
    products = doctor.measure()
    assert products.right
    assert products.gflops > 0
    assert products.numpy


def test_wrong_products_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    right = np.matmul

    def matmul(a, b, *, out):
        right(a, b, out=out)
        out[-1, -1] *= 1 + 1e-3

    monkeypatch.setattr(np, "matmul", matmul)
    assert not doctor.compute().right


@pytest.mark.posix
def test_a_process_that_dies_is_no_kernel_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "threadpoolctl.py").write_text("import os; os.kill(os.getpid(), 4)")  # an illegal instruction
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    products = doctor.measure(KERNEL)
    assert not products.right
    assert products.kernel == KERNEL
    with pytest.raises(InputError, match="the matrix products cannot be measured here: exit code -4"):
        doctor.measure()


def test_the_kept_kernel_is_not_taken_for_numpys_choice(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "Haswell")
    asked = doctor.measure().kernel
    monkeypatch.setattr(doctor, "USED", {"Haswell"})
    monkeypatch.delenv(VARIABLE)
    default = doctor.measure().kernel
    monkeypatch.setenv(VARIABLE, "Haswell")
    assert doctor.measure().kernel == default
    if openblas_with_avx512():
        assert asked == "Haswell"


def openblas_with_avx512() -> bool:
    return doctor.has_avx512() and doctor.measure().library == "openblas"


def test_the_other_kernel_is_tried_where_the_processor_has_it(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not openblas_with_avx512():
        pytest.skip("no AVX-512, or another BLAS")
    monkeypatch.setenv(VARIABLE, "Haswell")
    monkeypatch.setattr(doctor, "REPETITIONS", 1)
    done = []
    found = doctor.diagnose(lambda count, total: done.append((count, total)))
    assert found.now.kernel == "Haswell"
    assert found.better
    assert found.better.kernel == KERNEL
    assert found.better.right
    assert done[-1] == (2, 2)


def test_advice() -> None:
    assert FOUND.gain == 1.6
    assert FOUND.advice == [
        "Set OPENBLAS_CORETYPE=SkylakeX before Python starts: the products become 1.60 times as fast. "
        "For the command line alone, `glassnet doctor --keep` does it."
    ]
    slower = replace(FOUND, better=replace(FASTER, gflops=104.0))
    assert slower.advice == ["Leave the kernel as it is: SkylakeX is 1.04 times as fast."]
    wrong = replace(FOUND, better=replace(FASTER, right=False))
    assert wrong.gain == 1
    assert wrong.advice == ["Leave the kernel as it is: SkylakeX computes wrong results here."]
    best = replace(FOUND, now=replace(NOW, kernel="SkylakeX"), better=None)
    assert best.advice == ["Your NumPy already uses a kernel for AVX-512: nothing to gain."]
    old = replace(FOUND, has_avx512=False, better=None)
    assert old.advice == ["Leave the kernel as it is: this processor has no AVX-512."]
    other = replace(FOUND, now=replace(NOW, library="mkl", kernel=""), better=None)
    assert other.advice == ["NumPy uses mkl; glassnet cannot choose a kernel for it."]


def test_advice_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in doctor.LIMITS:
        monkeypatch.delenv(name, raising=False)
    held = replace(FOUND, now=replace(NOW, threads=1))
    assert held.advice[1] == "The products use 1 of 2 processors."
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert held.advice[1] == "The products use 1 of 2 processors: OMP_NUM_THREADS=1 is set."


def test_a_kept_kernel_is_used_until_something_changes(settings: Path) -> None:
    assert doctor.use_kept() == ""
    assert VARIABLE not in os.environ
    path = doctor.keep(KERNEL)
    assert path.is_relative_to(settings)
    assert doctor.use_kept() == ""
    assert os.environ.pop(VARIABLE, None) == (KERNEL if doctor.has_avx512() else None)
    for change in ({"numpy": "1.0"}, {"processor": "Another CPU"}, {"kernel": "Nonsense"}):
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        assert doctor.use_kept() == ""
        assert VARIABLE not in os.environ
        doctor.keep(KERNEL)
    assert doctor.forget()
    assert not doctor.forget()
    assert doctor.use_kept() == ""
    assert VARIABLE not in os.environ


def test_what_the_user_has_set_is_left_alone(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor.keep(KERNEL)
    monkeypatch.setenv(VARIABLE, "Haswell")
    doctor.use_kept()
    assert os.environ[VARIABLE] == "Haswell"


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"kernel"', "\udcff"])
def test_a_damaged_choice_is_ignored_with_a_line(settings: Path, text: str) -> None:
    doctor.keep(KERNEL).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert "kernel.json is ignored" in doctor.use_kept()
    assert VARIABLE not in os.environ


def test_the_command(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "REPETITIONS", 1)
    done = glassnet("doctor")
    assert done.returncode == 0
    assert "GFLOP/s" in done.stdout
    assert done.stderr == ""
    assert "There was nothing to forget" in glassnet("doctor", "--forget").stdout
    assert refused("doctor", "--keep", "--forget") == "error: --keep and --forget exclude each other"


def test_what_is_kept_and_forgotten(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda progress: FOUND)
    assert f"Kept in {doctor.kept_path()}" in glassnet("doctor", "--keep").stdout
    assert doctor.kept_path().is_file()
    monkeypatch.setattr(doctor, "diagnose", lambda progress: replace(FOUND, better=None))
    assert "uses NumPy's own choice again" in glassnet("doctor", "--forget").stdout
    assert "Nothing was kept" in glassnet("doctor", "--keep").stdout
    assert not doctor.kept_path().exists()


def test_the_command_line_uses_what_was_kept(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not openblas_with_avx512():
        pytest.skip("no AVX-512, or another BLAS")
    monkeypatch.setattr(doctor, "REPETITIONS", 1)
    doctor.keep(KERNEL)
    assert f"The command line uses the kept kernel {KERNEL}" in glassnet("doctor").stdout
    assert "kernel          Haswell" in glassnet("doctor", env={VARIABLE: "Haswell"}).stdout


def test_a_new_process_computes_with_the_kept_kernel(settings: Path) -> None:
    if not openblas_with_avx512():
        pytest.skip("no AVX-512, or another BLAS")
    doctor.keep(KERNEL)
    command = (
        "import sys; from glassnet import doctor; from glassnet.cli.app import main; doctor.REPETITIONS = 1; main()"
    )
    done = subprocess.run([sys.executable, "-c", command, "doctor"], capture_output=True, text=True)
    assert f"kernel          {KERNEL}" in done.stdout
    assert f"The command line uses the kept kernel {KERNEL}" in done.stdout


def test_a_damaged_choice_does_no_harm_to_a_command(settings: Path) -> None:
    doctor.keep(KERNEL).write_text("rubbish")
    damaged = glassnet("recipes")
    assert damaged.returncode == 0
    assert damaged.stderr.startswith("warning: ")
