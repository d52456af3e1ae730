"""Where trials are kept: a journal that a kill has cut short, and a real PostgreSQL server that two machines share."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import glassnet as gn
import postgres
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.folder import RunError
from glassnet.sweeps.run import open_trials
from glassnet.sweeps.space import space_of
from glassnet.sweeps.storage import LostError, StorageError, open_study, storage_errors, url_of
from glassnet.sweeps.sweep import Sweep
from glassnet.sweeps.trials import Trials
from sweeps.test_sweep import SEARCH, command, table

pytest.importorskip("optuna", reason="sweeps need the extra 'sweep'")
import sqlalchemy.exc


def test_a_journal_that_was_cut_short_within_a_line_is_read_and_written_on(tmp_path: Path) -> None:
    space = space_of(SEARCH)
    trials = Trials(open_study(tmp_path, rises=True, url=None, alone=True, epochs=5), space, seed=0)
    trials.begin(8, "here")
    journal = tmp_path / "journal.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-7])
    (tmp_path / "journal.log.lock").symlink_to(journal)  # which its owner could not remove
    again = Trials(open_study(tmp_path, rises=True, url=None, alone=True, epochs=5), space, seed=0)
    assert again.all()[0].settings.keys() < SEARCH.keys()  # one was lost with the line
    again.repeat_dead(alone=True, most=8)
    again.begin(8, "here")
    first, same = trials_of(whole, tmp_path / "other"), again.all()
    assert [trial.settings for trial in same] == [trial.settings for trial in first]
    assert [trial.number for trial in same] == [1]


def trials_of(journal: bytes, folder: Path) -> list[object]:
    folder.mkdir()
    (folder / "journal.log").write_bytes(journal)
    return Trials(open_study(folder, rises=True, url=None, alone=True, epochs=5), space_of(SEARCH), seed=0).all()


def test_a_trial_that_was_killed_keeps_its_number_and_its_settings(tmp_path: Path) -> None:
    trials = Trials(open_study(tmp_path, rises=True, url=None, alone=True, epochs=5), space_of(SEARCH), seed=0)
    begun = [trials.begin(8, "here") for _ in range(2)]
    settings = [trial.settings for trial, _ in filter(None, begun)]
    trials.repeat_dead(alone=True, most=8)
    for number in (1, 2):
        again = trials.begin(8, "here")
        assert again
        assert again[0].number == number
        assert again[0].settings == settings[number - 1]
    new = trials.begin(8, "here")
    assert new
    assert new[0].number == 3
    assert trials.begin(3, "here") is None


def test_a_silent_trial_of_another_machine_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = Trials(open_study(tmp_path, rises=True, url=None, alone=True, epochs=5), space_of(SEARCH), seed=0)
    begun = trials.begin(8, "there")
    assert begun
    seconds = [100.0]
    monkeypatch.setattr("glassnet.sweeps.trials.time.monotonic", lambda: seconds[0])
    look = {"alone": False, "most": 8}
    for later, beats in ((0, None), (100, 1), (119, None), (2, None)):  # 119 + 2 seconds after its last beat
        seconds[0] += later
        if beats:
            begun[1].set_user_attr("alive", beats)
        trials.repeat_dead(**look)
    assert [trial.state for trial in trials.all()] == ["waiting"]


def test_two_machines_that_repeat_a_trial_at_once_train_it_once(tmp_path: Path) -> None:
    def trials() -> Trials:
        return Trials(open_study(tmp_path, rises=True, url=None, alone=False, epochs=5), space_of(SEARCH), seed=0)

    first, second = trials(), trials()
    begun = first.begin(8, "first")
    assert begun
    first.repeat(begun[0])
    second.repeat(begun[0])  # it saw the attempt while it still ran
    assert [attempt.state.name for attempt in first.study.get_trials()] == ["FAIL", "WAITING"]
    first._add(begun[0])  # what a machine would add that had died between two lines
    again, other = first.begin(8, "first"), second.begin(8, "second")
    assert again
    assert other
    assert (again[0].number, other[0].number) == (1, 2)
    with pytest.raises(LostError):
        first.finish(begun[1], 0.5, {})
    with pytest.raises(LostError), storage_errors(None):
        begun[1].report(0.5, 1)
    first.finish(again[1], 0.5, {"epochs": 3})
    assert [(trial.number, trial.state, trial.value) for trial in first.all()] == [
        (1, "complete", 0.5),
        (2, "running", None),
    ]


def test_what_a_killed_process_leaves_is_no_obstacle(digits: gn.Dataset, tmp_path: Path) -> None:
    recipe = load_recipe("classic", settings={"data.name": "digits", "training.epochs": 2})
    folder = tmp_path / "s"
    run = folder / "trials" / "001"
    for place, left in ((folder, "search.toml.host-1.part"), (run, ".writable"), (run, "recipe.toml.part")):
        shutil.rmtree(folder, ignore_errors=True)
        place.mkdir(parents=True)
        (place / left).touch()
        (folder / "journal.log").touch()
        if place is run:
            Sweep(recipe, space_of(SEARCH)).begin(tmp_path / "new")
            for name in ("base.toml", "search.toml"):
                (folder / name).write_bytes((tmp_path / "new" / name).read_bytes())
        else:
            (folder / "journal.log").unlink()
        assert gn.sweep(recipe, SEARCH, trials=1, out=folder, dataset=digits, pictures=False).evaluation


@pytest.mark.parametrize("line", ["{", "[]", '{"op_code":99,"worker_id":"a"}', "nothing"])
def test_a_damaged_journal_is_one_line(line: str, tmp_path: Path) -> None:
    trials = Trials(open_study(tmp_path, rises=True, url=None, alone=True, epochs=5), space_of(SEARCH), seed=0)
    trials.begin(8, "here")
    with (tmp_path / "journal.log").open("a") as file:
        file.write(f"{line}\n" * 2)
    with pytest.raises(StorageError, match=r"journal\.log: damaged"):
        open_study(tmp_path, rises=True, url=None, alone=True, epochs=5)


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:S3cret@h/d",
        "S3cret",
        "postgresql://u:S3cret@h",
        "postgresql://u:S3cret@h:port/d",
        "sqlite:///S3cret",
        "postgresql://u:pa@S3cret@h/d",
    ],
)
def test_what_is_no_address_of_a_database_is_refused_without_a_word_of_it(address: str) -> None:
    with pytest.raises(gn.InputError) as caught:
        url_of(address)
    assert "expected" in str(caught.value)
    assert "S3cret" not in str(caught.value)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.mark.repeats
@pytest.mark.postgres
def test_two_machines_share_the_trials_of_one_database(database: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here" / "sweep", tmp_path / "there" / "sweep"
    commands = [
        (command(here, trials=4, epochs=3), os.environ | {"GLASSNET_STORAGE": database}),
        (command(there, "--storage", database, trials=4, epochs=3), dict(os.environ)),
    ]
    started = [
        subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line, env in commands
    ]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    runs = [{path.name for path in (folder / "trials").glob("*")} for folder in (here, there)]
    assert runs[0] | runs[1] == {f"{number:03d}" for number in range(1, 5)}
    assert not runs[0] & runs[1]
    assert table(here) == table(there)
    assert len(table(here)) == 4
    assert (here / "best.toml").read_bytes() == (there / "best.toml").read_bytes()
    measured = ["which no trial has seen" in text for text in said]
    assert sorted(measured) == [False, True]  # by the one that has the run
    assert "the best network is measured where its run is" in said[measured.index(False)]
    kept = [path.read_bytes() for folder in (here, there) for path in folder.rglob("*") if path.is_file()]
    assert not any(postgres.PASSWORD.encode() in contents for contents in kept)
    assert not any(postgres.PASSWORD in text for text in said)
    recipe = load_recipe("classic", settings={"data.name": "digits", "training.epochs": 3})
    with pytest.raises(RunError, match="its recipe, search, seed or data are others"):
        gn.sweep(recipe, SEARCH, seed=7, out=tmp_path / "third" / "sweep", storage=database)
    assert not (tmp_path / "third").exists()


@pytest.mark.postgres
def test_a_database_that_refuses_or_is_not_there_is_one_line(database: str, tmp_path: Path) -> None:
    wanted = Sweep(load_recipe("classic", settings={"data.name": "digits"}), space_of(SEARCH))
    digits = wanted.recipe.data.load()
    wrong = database.replace(postgres.PASSWORD, "wr0ng-Pa55")
    gone = "postgresql://tester:wr0ng-Pa55@127.0.0.1:1/postgres"
    for address, why in ((wrong, "password authentication failed"), (gone, "Connection refused")):
        with pytest.raises(StorageError, match=why) as caught:
            open_trials(wanted, digits, tmp_path / "s", url_of(address), alone=False)
        assert "wr0ng-Pa55" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_password_in_the_words_of_a_driver_is_left_out() -> None:
    url = "postgresql+psycopg://me:S3cret@here/sweeps"
    cause = RuntimeError('invalid option "S3cret"\nHINT: look up S3cret')
    with pytest.raises(StorageError) as caught, storage_errors(url):
        raise sqlalchemy.exc.OperationalError("select 1", {}, cause)
    assert str(caught.value) == "postgresql://here/sweeps: the connection failed"


def test_a_folder_keeps_its_trials_where_they_began(digits: gn.Dataset, tmp_path: Path) -> None:
    recipe = load_recipe("classic", settings={"data.name": "digits", "training.epochs": 2})
    gn.sweep(recipe, SEARCH, trials=1, out=tmp_path / "s", dataset=digits, pictures=False)
    with pytest.raises(StorageError, match=r"kept in journal\.log"):
        gn.sweep(recipe, SEARCH, trials=2, out=tmp_path / "s", dataset=digits, storage="postgresql://u@127.0.0.1:1/d")
    (tmp_path / "s" / "journal.log").unlink()
    with pytest.raises(StorageError, match="the file was deleted"):
        gn.sweep(recipe, SEARCH, trials=2, out=tmp_path / "s", dataset=digits)
