"""How people write dates and times."""

from datetime import datetime

import pytest

from glassnet.tables.date_form import find_date_forms, read_date


@pytest.mark.parametrize(
    ("cells", "form", "last"),
    [
        (["2024-03-01", "2023-12-31"], "%Y-%m-%d", "2023-12-31"),
        (["2024-03-01T10:00:00Z", "2024-03-02T08:15:30.5Z"], "%Y-%m-%d", "2024-03-02 08:15:30.500"),
        (["2024-03-01 10:30", "2024-03-02"], "%Y-%m-%d", "2024-03-02"),
        (["01.03.24", "31.03.24"], "%d.%m.%y", "2024-03-31"),
        (["1.2.2024", "12.11.2024 7:05"], "%d.%m.%Y", "2024-11-12 07:05"),
        (["03/04/24", "13/04/24"], "%d/%m/%y", "2024-04-13"),
        (["03/04/2024", "04/13/2024"], "%m/%d/%Y", "2024-04-13"),
        (["01-Mar-2024", "02-Apr-2024"], "%d-%b-%Y", "2024-04-02"),
        (["Fri, 01 March 2024", "Sat, 02 March 2024"], "%d %b %Y", "2024-03-02"),
        (["1. März 2024", "15. Okt. 2024", "3. Mrz 2024", "Fr. 1. Mai 2024"], "%d %b %Y", "2024-05-01"),
        (["1er mars 2024", "mar. 2 août 2022", "14 févr. 2023 08:30"], "%d %b %Y", "2023-02-14 08:30"),
        (["3 de marzo de 2024", "12 set 2024", "1 dez 2023"], "%d %b %Y", "2023-12-01"),
        (["Mar 1, 2024", "Mar 2nd, 2024"], "%b %d %Y", "2024-03-02"),
        (["mar 01/03/2022", "mer 30/03/2022"], "%d/%m/%Y", "2022-03-30"),
        (["Mai-24", "Dez-24"], "%b-%y", "2024-12-01"),
        (["March 1, 2024 3:05 pm", "Sept. 2, 2024 12:00 am"], "%b %d %Y", "2024-09-02 00:00"),
        (["20240301", "20241231"], "%Y%m%d", "2024-12-31"),
        (["2024-03", "2024-12"], "%Y-%m", "2024-12-01"),
        (["Mar-24", "Dec-99"], "%b-%y", "1999-12-01"),
        (["10:30", "23:59:01"], "", "1970-01-01 23:59:01"),
    ],
)
def test_cells_that_have_one_form(cells: list[str], form: str, last: str) -> None:
    assert find_date_forms(cells) == [form]
    assert read_date(cells[-1], form) == datetime.fromisoformat(last)


@pytest.mark.parametrize("cells", [["03/04/24"], ["05/05/2024"], ["03-04-2024", "12-12-2024"]])
def test_cells_that_leave_open_whether_the_day_comes_first(cells: list[str]) -> None:
    day, month = find_date_forms(cells)
    assert (day[:2], month[:2]) == ("%d", "%m")


@pytest.mark.parametrize(
    "cells",
    [
        ["12.5"],
        ["1.2.3"],
        ["1234"],
        ["12345678"],
        ["10:75"],
        ["E11"],
        ["may"],
        ["jui 2024"],
        ["room 3 2024"],
        ["2024-02-30"],
        ["30.02.24"],
        [""],
        [],
        ["2024-01-01", "01.02.2024"],
        ["13:00 pm"],
        ["2024-01-01 and so on"],
        ["1" * 50],
    ],
)
def test_cells_that_are_no_dates(cells: list[str]) -> None:
    assert find_date_forms(cells) == []
