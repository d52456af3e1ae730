import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.data.csv import LONGEST_LINE, read_csv, read_train_and_test, write_csv, write_submission
from glassnet.data.errors import DataError

many = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
X = np.array([[[0, 9], [10, 99]], [[100, 255], [3, 0]]], np.uint8)
KAGGLE = "label,pixel0,pixel1,pixel2,pixel3\n7,0,9,10,99\n12,100,255,3,0\n"


def file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        KAGGLE,
        KAGGLE.replace("label,pixel0,pixel1,pixel2,pixel3", "label,1x1,1x2,2x1,2x2"),
        KAGGLE.replace("label,pixel0,pixel1,pixel2,pixel3", "label,0,1,2,3"),
        KAGGLE.replace("label,pixel0,pixel1,pixel2,pixel3", '"label","pixel0","pixel1","pixel2","pixel3"'),
        KAGGLE.replace("label,", "Class, "),
        KAGGLE.split("\n", 1)[1],
        KAGGLE.replace("\n", "\r\n"),
        KAGGLE.replace("\n", "\r"),
        "\ufeff" + KAGGLE,
        "\ufeff" + KAGGLE.split("\n", 1)[1],
        KAGGLE + "\n",
        KAGGLE + "\r\n \n\n",
        KAGGLE[:-1],
        KAGGLE.replace("7,0,9", '"7", 0 ,\t9'),
    ],
)
def test_labelled_dialects(tmp_path: Path, text: str) -> None:
    for path in (file(tmp_path, text), file(tmp_path, gzip.compress(text.encode()))):
        for labelled in (None, True):
            x, y = read_csv(path, labelled=labelled)
            assert x.dtype == np.uint8
            assert np.array_equal(x, X)
            assert y is not None
            assert y.dtype == np.int64
            assert y.tolist() == [7, 12]
        with pytest.raises(DataError, match="line 1: expected no label column before the pixels, got one"):
            read_csv(path, labelled=False)


@pytest.mark.parametrize("header", ["pixel0,pixel1,pixel2,pixel3\n", "1x1,1x2,2x1,2x2\n", ""])
def test_unlabelled_dialects(tmp_path: Path, header: str) -> None:
    path = file(tmp_path, header + "0,9,10,99\n100,255,3,0\n")
    for labelled in (None, False):
        x, y = read_csv(path, labelled=labelled)
        assert np.array_equal(x, X)
        assert y is None
    with pytest.raises(DataError, match="expected a label column before the pixels, got none"):
        read_csv(path, labelled=True)


@many
@given(st.data(), st.booleans(), st.booleans())
def test_what_is_written_is_read(tmp_path: Path, data: st.DataObject, labelled: bool, zipped: bool) -> None:
    count, side = data.draw(st.integers(1, 5)), data.draw(st.integers(2, 6))
    x = data.draw(arrays.arrays(np.uint8, (count, side, side)))
    y = data.draw(arrays.arrays(np.int64, count, elements=st.integers(0, 2**63 - 1))) if labelled else None
    path = tmp_path / ("a.csv.gz" if zipped else "a.csv")
    write_csv(path, x, y)
    for stated in (None, labelled):
        x_back, y_back = read_csv(path, labelled=stated)
        assert np.array_equal(x_back, x)
        assert y_back is None if y is None else np.array_equal(y_back, y)


def test_the_text_is_that_of_kaggle(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", X, np.array([7, 12], np.uint8))
    assert (tmp_path / "train.csv").read_text() == KAGGLE
    write_csv(tmp_path / "test.csv", X)
    assert (tmp_path / "test.csv").read_text() == "pixel0,pixel1,pixel2,pixel3\n0,9,10,99\n100,255,3,0\n"
    write_csv(tmp_path / "flat.csv", X.reshape(2, 4), np.array([7, 12]))
    assert (tmp_path / "flat.csv").read_text() == KAGGLE


def test_every_pixel_value_is_written_as_its_number(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", np.arange(256, dtype=np.uint8).reshape(1, 16, 16))
    assert (tmp_path / "a.csv").read_text().split("\n")[1] == ",".join(map(str, range(256)))


def test_files_longer_than_one_portion(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (3001, 28, 28), dtype=np.uint8)  # a portion is 1,336 or so
    y = random.integers(0, 10, 3001)
    seen: list[tuple[str, int, int | None]] = []
    write_csv(tmp_path / "a.csv", x, y, progress=lambda *news: seen.append(news))
    assert seen[-1] == ("writing a.csv", 3001, 3001)
    assert len(seen) > 1
    seen.clear()
    x_back, y_back = read_csv(tmp_path / "a.csv", progress=lambda *news: seen.append(news))
    assert np.array_equal(x_back, x)
    assert y_back is not None
    assert np.array_equal(y_back, y)
    size = (tmp_path / "a.csv").stat().st_size
    assert seen[-1] == ("reading a.csv", size, size)
    assert len(seen) > 1
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[2999] = lines[2999].rsplit(",", 1)[0] + ",256"
    with pytest.raises(DataError, match=r"a.csv, line 3000, column 785: expected a pixel from 0 to 255, got '256'"):
        read_csv(file(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: is empty"),
        ("\n \r\n", "a.csv: is empty"),
        ("label,pixel0,pixel1,pixel2,pixel3\n", "has a header but no examples"),
        ("label,pixel0,pixel1,pixel2,pixel3\n\n\n", "has a header but no examples"),
        (KAGGLE + "1,2,3\n", "line 4: expected 5 columns as in the first line, got 3"),
        (KAGGLE + "1,2,3,4,5,6\n", "line 4: expected 5 columns as in the first line, got 6"),
        (KAGGLE.replace("7,0,9", "0,9"), "line 2: expected 5 columns as in the first line, got 4"),
        (KAGGLE.replace("\n", ",\n"), "line 1: expected a label and a square number of pixels .* got 6 columns"),
        (KAGGLE.replace("255", "256"), "line 3, column 3: expected a pixel from 0 to 255, got '256'"),
        (KAGGLE.replace("255", "-1"), "line 3, column 3: expected a pixel from 0 to 255, got '-1'"),
        (KAGGLE.replace("255", "9" * 40), "line 3, column 3: expected a pixel from 0 to 255, got '9999"),
        (KAGGLE.replace("255", "dark"), "line 3, column 3: expected a pixel from 0 to 255, got 'dark'"),
        (KAGGLE.replace("255", "25.5"), r"line 3, column 3: expected a pixel from 0 to 255, got '25.5'"),
        (KAGGLE.replace("255", "nan"), "line 3, column 3: expected a pixel from 0 to 255, got 'nan'"),
        (KAGGLE.replace("255", "1_0"), "line 3, column 3: expected a pixel from 0 to 255, got '1_0'"),
        (KAGGLE.replace("255", "٣"), "line 3, column 3: expected a pixel from 0 to 255, got '٣'"),
        (KAGGLE.replace("255", ""), "line 3, column 3: the pixel is missing"),
        (KAGGLE.replace("12,", ","), "line 3, column 1: the label is missing"),
        (KAGGLE.replace("12,", " ,"), "line 3, column 1: the label is missing"),
        (KAGGLE.replace("12,", "-1,"), "line 3, column 1: expected a label, a whole number from 0 on, got '-1'"),
        (KAGGLE.replace("12,", "seven,"), "line 3, column 1: expected a label, a whole number from 0 on, got 'seven'"),
        (KAGGLE.replace("12,", f"{2**63},"), f"line 3, column 1: expected a label.*got '{2**63}'"),
        (KAGGLE.replace("\n12", "\n\n12"), "line 3: is empty"),
        ("\n" + KAGGLE, "line 1: is empty"),
        ("0,9,10,x\n", "line 1, column 4: expected a pixel from 0 to 255, got 'x'"),
        ("x,9,10,99\n", "line 1, column 1: expected a pixel from 0 to 255, got 'x'"),
        ("0,,10,99\n", "line 1, column 2: the pixel is missing"),
        (KAGGLE.replace(",", ";"), "line 1: expected a label .* separated by commas; got 1 columns"),
        (",,,\n1,2,3,4\n", "line 1, column 1: the pixel is missing"),
        (KAGGLE.replace("12,100", "300,256"), "line 3, column 2: expected a pixel from 0 to 255, got '256'"),
        (
            "1,2,3\n",
            "line 1: expected a label and a square number .*784.*commas; got 3 columns; for any other table, name",
        ),
        ("pixel0,pixel1,pixel2,pixel3,label\n1,2,3,4,5\n", "the label is in the last column, 'label'"),
        (KAGGLE + '"1,2,3,4,5\n6,7,8,9,9\n', "line 4: expected 5 columns"),
        (KAGGLE + "1,2,3,4,5\0\n", "line 4, column 5: expected a pixel"),
        (KAGGLE + '1,2,3,4,"5\n"\n', "line 4|line 5"),
        (b"\xff\xfe" + KAGGLE.encode("utf-16-le"), "expected text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "expected text in UTF-8"),
        (gzip.compress(KAGGLE.encode(), mtime=0)[:-9], "truncated"),
        (gzip.compress(KAGGLE.encode(), mtime=0)[:-8] + bytes(8), "broken gzip"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(DataError, match=message) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_csv(tmp_path / "absent.csv")


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    path = file(tmp_path, gzip.compress(b"1" * (20 * LONGEST_LINE), 1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="line 1: over 1,048,576 characters"):
            read_csv(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * LONGEST_LINE
    finally:
        tracemalloc.stop()


@many
@given(st.data())
def test_a_damaged_file_is_two_arrays_or_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    contents = bytearray(KAGGLE.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    try:
        x, y = read_csv(file(tmp_path, bytes(contents)))
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017 (that it is read is right too)
        return
    assert x.dtype == np.uint8
    assert y is None or len(x) == len(y)


def test_test_examples_count_only_if_they_have_labels(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", X, np.array([7, 12]))
    write_csv(tmp_path / "test.csv", X[:1], np.array([3]))
    write_csv(tmp_path / "kaggle.csv", X[:1])
    train, test, kaggle = (tmp_path / f"{name}.csv" for name in ("train", "test", "kaggle"))
    assert {name: array.tolist() for name, array in read_train_and_test(train, test).items() if name[0] == "y"} == {
        "y_train": [7, 12],
        "y_test": [3],
    }
    assert set(read_train_and_test(train, kaggle)) == set(read_train_and_test(train)) == {"x_train", "y_train"}
    with pytest.raises(DataError, match=r"kaggle.csv, line 1: expected a label column"):
        read_train_and_test(kaggle)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X.astype(float), None),
        (X[0, 0], None),
        (X, np.array([1])),
        (X, np.array([1, -1])),
        (X, np.array([1.0, 2.0])),
        (X, np.array([[1], [2]])),
    ],
)
def test_what_is_no_set_of_images_is_not_written(tmp_path: Path, x: np.ndarray, y: np.ndarray | None) -> None:
    with pytest.raises(DataError, match=r"a.csv: expected"):
        write_csv(tmp_path / "a.csv", x, y)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(tmp_path / "a.csv", X, progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_submission_numbers_the_images_from_1(tmp_path: Path) -> None:
    write_submission(tmp_path / "s.csv", np.array([7, 0, 12]))
    assert (tmp_path / "s.csv").read_text() == "ImageId,Label\n1,7\n2,0\n3,12\n"
    with pytest.raises(DataError, match="expected labels as integers"):
        write_submission(tmp_path / "s.csv", np.array([0.5]))


@pytest.mark.parametrize("name", ["ImageId", "id", "Unnamed: 0", "index"])
def test_a_column_that_names_the_rows_is_left_out_and_said(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{name},pixel0,pixel1,pixel2,pixel3\n1,10,20,30,40\n2,50,60,70,80\n")
    with pytest.warns(UserWarning, match=f"its first column, '{name}', names the rows: it is left out"):
        x, y = read_csv(path)
    np.testing.assert_array_equal(x, [[[10, 20], [30, 40]], [[50, 60], [70, 80]]])
    assert y is None
    with (
        pytest.warns(UserWarning, match="names the rows"),
        pytest.raises(DataError, match="expected a label column before the pixels, got none"),
    ):
        read_csv(path, labelled=True)
    path.write_text(f"{name},label,pixel0,pixel1,pixel2,pixel3\na7,3,10,20,30,40\nb8,1,50,60,70,256\n")
    with (
        pytest.warns(UserWarning, match="names the rows"),
        pytest.raises(DataError, match="line 3, column 6: expected a pixel from 0 to 255"),
    ):
        read_csv(path)
    path.write_text(f"{name},label,pixel0,pixel1,pixel2,pixel3\na7,3,10,20,30,40\nb8,1,50,60,70,80\n")
    with pytest.warns(UserWarning, match="names the rows"):
        assert read_csv(path)[1].tolist() == [3, 1]


@pytest.mark.parametrize("cell", ["0.0", "0.996", "1.0", ".5", "3.9e-03"])
def test_pixels_that_are_divided_by_255_already_are_named(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"pixel0,pixel1,pixel2,pixel3\n0,0,0,{cell}\n")
    with pytest.raises(
        DataError, match=r"line 2, column 4: .*these pixels are divided by 255 already; write them as they"
    ):
        read_csv(path)
