"""How people write numbers: which forms a column of cells can have, and the numbers that it then holds."""

import pytest

import glassnet as gn
from glassnet.tables.number_form import NumberForm, find_forms, usual_form


@pytest.mark.parametrize(
    ("cells", "form", "numbers"),
    [
        (["1", "2.5", "-3e5", "+4", ".5", "5."], NumberForm(), [1, 2.5, -3e5, 4, 0.5, 5]),
        (["12", "12,5", "-0,25"], NumberForm(","), [12, 12.5, -0.25]),
        (["0,250", "1,250"], NumberForm(","), [0.25, 1.25]),  # no thousands begin with 0
        (["1,25", "12,5", "3e2"], NumberForm(","), [1.25, 12.5, 300]),
        (["550", "1,200", "2,000"], NumberForm(".", ","), [550, 1200, 2000]),
        (["1,250,000", "3"], NumberForm(".", ","), [1_250_000, 3]),
        (["₹12,50,000", "₹ 1,250", "₹900"], NumberForm(".", ",", "₹"), [1_250_000, 1250, 900]),
        (["1,250.50", "-12.00"], NumberForm(".", ","), [1250.5, -12]),
        (["1.250,50", "3"], NumberForm(",", "."), [1250.5, 3]),
        (["1.250.000", "3"], NumberForm(",", "."), [1_250_000, 3]),
        (["1 250", "300"], NumberForm(".", " "), [1250, 300]),
        (["1\u00a0250,5", "12\u202f000"], NumberForm(",", " "), [1250.5, 12000]),
        (["1'250.5", "12\u2019000"], NumberForm(".", "'"), [1250.5, 12000]),
        (["$1,250.50", "$3.00", "-$4.10"], NumberForm(".", ",", "$"), [1250.5, 3, -4.1]),
        (["3 €", "4,50 €"], NumberForm(",", "", "€"), [3, 4.5]),
        (["CHF 1'250", "CHF 80"], NumberForm(".", "'", "CHF"), [1250, 80]),
        (["15%", "12.5%"], NumberForm(unit="%"), [15, 12.5]),
        (["7 %", "-12 %"], NumberForm(unit="%"), [7, -12]),
        (["5 kg net", "7.5 kg net"], NumberForm(unit="kg net"), [5, 7.5]),
        (["6 l/100km", "7.5 l/100km"], NumberForm(unit="l/100km"), [6, 7.5]),
        (["12,-", "9,50"], NumberForm(","), [12, 9.5]),
        (["Rs 500", "Rs 1,200"], NumberForm(".", ",", "Rs"), [500, 1200]),
        (["\u20135", "3"], NumberForm(), [-5, 3]),
        (["5 kg", "7.5kg"], NumberForm(unit="kg"), [5, 7.5]),
        (["5 m²", "7,5 m²"], NumberForm(",", "", "m²"), [5, 7.5]),
        (["21.5 °C", "-3 °C"], NumberForm(unit="°C"), [21.5, -3]),
        (["(1,200)", "300", "(5)"], NumberForm(".", ","), [-1200, 300, -5]),
        (["\u22125", "3.5"], NumberForm(), [-5, 3.5]),
        (["5-", "3.5"], NumberForm(), [-5, 3.5]),
    ],
)
def test_cells_that_have_one_form(cells: list[str], form: NumberForm, numbers: list[float]) -> None:
    assert form in (find_forms(cells)[0], usual_form(cells, find_forms(cells)))
    assert len(find_forms(cells)) == 1 or usual_form(cells, find_forms(cells)) == form
    assert [form.number(cell) for cell in cells] == numbers


@pytest.mark.parametrize(
    ("cells", "likelier", "other"),
    [
        (["1,250"], NumberForm(","), NumberForm(".", ",")),
        (["1,250", "3,500"], NumberForm(","), NumberForm(".", ",")),
        (["1,234", "550"], NumberForm(","), NumberForm(".", ",")),
        (["1,250", "1250"], NumberForm(","), NumberForm(".", ",")),  # nobody writes either of them so
        (["1.250", "3.500"], NumberForm(), NumberForm(",", ".")),
        (["1.250", "550"], NumberForm(",", "."), NumberForm()),
        (["1.250", "3.500", "0"], NumberForm(",", "."), NumberForm()),
        (["1.250 €", "3.500 €"], NumberForm(unit="€"), NumberForm(",", ".", "€")),
    ],
)
def test_cells_that_have_two(cells: list[str], likelier: NumberForm, other: NumberForm) -> None:
    assert find_forms(cells) == [likelier, other]
    assert usual_form(cells, [likelier, other]) is None


@pytest.mark.parametrize(
    "cells",
    [
        ["V27", "410"],
        ["p0", "p1"],
        ["5 kg", "7 g"],
        ["5", "7 g"],
        ["12,5", "12.5"],
        ["nan", "1"],
        ["inf"],
        ["2024-01-01"],
        ["10.0.0.1"],
        ["--5"],
        ["-(5)"],
        ["1,25,0"],
        ["12 34"],
        ["5 kg net of it", "6 kg net of it"],
        ["+49 171 123 456", "+49 171 654 321"],
        ["٣", "٤"],
    ],
)
def test_cells_that_are_no_numbers_in_one_form(cells: list[str]) -> None:
    assert find_forms(cells) == []


def test_a_form_reads_only_what_is_written_in_it() -> None:
    form = NumberForm(",", ".", "€")
    assert form.number("1.250,5 €") == 1250.5
    assert [form.number(cell) for cell in ("1.250,5", "1,250.5 €", "1.25 €", "", "x")] == [None] * 5
    assert (str(form), str(NumberForm())) == ("decimal comma, thousands by points, in €", "")


def test_forms_that_are_none() -> None:
    for decimal, group in ((";", ""), (".", "."), (",", "_")):
        with pytest.raises(gn.DataError, match="expected a decimal mark"):
            NumberForm(decimal, group)
