import subprocess
import sys

import numpy as np
import pytest

from glassnet.data.digits import WHITE, read_digits


def test_the_8x8_digits() -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    x, y = read_digits()
    assert x.shape == (1797, 8, 8)
    assert x.dtype == np.uint8
    assert x.max() == WHITE == 16
    assert y.dtype == np.int64
    assert y[:10].tolist() == list(range(10))
    assert x[0, 3].tolist() == [0, 4, 12, 0, 0, 8, 8, 0]  # a row of the first zero


def test_without_scikit_learn_it_says_what_to_install() -> None:
    hide = "import sys; sys.modules['sklearn'] = None\n"
    run = "from glassnet.data.digits import read_digits\ntry: read_digits()\nexcept ValueError as error: print(error)"
    answer = subprocess.run([sys.executable, "-c", hide + run], capture_output=True, text=True, check=True)
    assert answer.stdout == "the 8x8 digits come with scikit-learn: pip install 'glassnet[sklearn]'\n"
