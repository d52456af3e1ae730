"""What `make release` checks before it builds. The whole of it takes minutes, and is run for a release."""

import re
import sys
from pathlib import Path

import pytest

import glassnet

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import release


def test_all_files_name_one_version() -> None:
    assert release.version() == glassnet.__version__


def test_a_file_that_names_another_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("src/glassnet/version.py", "CITATION.cff", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((release.ROOT / name).read_bytes())
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 9.9.9 (one day)\n")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    expected = f"error: CHANGELOG.md names 9.9.9, src/glassnet/version.py {glassnet.__version__}"
    with pytest.raises(SystemExit, match=f"^{re.escape(expected)}$"):
        release.version()


def test_an_archive_that_lacks_a_file_or_has_one_too_many_is_told() -> None:
    with pytest.raises(SystemExit, match=r"^error: the wheel is not what the commit holds: it lacks a, b; it holds c "):
        release.compare("the wheel", {"c", "d"}, {"a", "b", "d"})
