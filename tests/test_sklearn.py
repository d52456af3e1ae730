"""The estimators for scikit-learn: they behave as its own do, and share one network with the rest of glassnet."""

import copy
import inspect
import io
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn

pytest.importorskip("sklearn", reason="the estimators need the extra 'sklearn'")

import joblib
from joblib.externals.loky import get_reusable_executor
from scipy.sparse import csr_array
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from glassnet.nn.dense import Dense
from glassnet.nn.settings import final_classes
from glassnet.sklearn import MLPClassifier, MLPRegressor, from_sklearn, to_sklearn

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray

PAIRS = [(MLPClassifier, neural_network.MLPClassifier), (MLPRegressor, neural_network.MLPRegressor)]


@pytest.fixture(scope="module")
def digits() -> tuple[Array, Array]:
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


@pytest.fixture
def processes() -> Iterator[int]:
    """How many processes joblib may use; they are stopped afterwards, for glassnet forks only while it is alone."""
    yield 2
    get_reusable_executor().shutdown(wait=True)


@pytest.fixture(scope="module")
def diabetes() -> tuple[Array, Array]:
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X)[:400], (y[:400] - y.mean()) / y.std()


def several_labels(y: Array) -> Array:
    """Three labels of a digit: whether it is odd, above 4, a multiple of 3."""
    return np.stack([y % 2 == 1, y > 4, y % 3 == 0], axis=1).astype(int)


@unconverged
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_what_scikit_learn_asks_of_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


# The same arguments, with the same meaning


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_argument_of_scikit_learns_is_there_with_its_default(ours: type, theirs: type) -> None:
    mine, wanted = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    assert {name: mine[name].default for name in wanted} == {name: p.default for name, p in wanted.items()}
    places = [name for name, p in wanted.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert list(mine)[: len(places)] == places


CLASSES = {"ten classes": lambda y: y, "two classes": lambda y: y > 4, "several labels": several_labels}
SOLVERS: dict[str, dict[str, Any]] = {
    "descent": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.05},
    "invscaling": {"solver": "sgd", "momentum": 0, "learning_rate": "invscaling", "learning_rate_init": 0.2},
    "momentum invscaling": {
        "solver": "sgd",
        "nesterovs_momentum": False,
        "learning_rate": "invscaling",
        "learning_rate_init": 0.2,
    },
    "nesterov invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.2},
    "nesterov adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    "adaptive": {"solver": "sgd", "momentum": 0, "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    "stops": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1, "tol": 0.05, "n_iter_no_change": 1},
    "penalty": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1, "alpha": 3.0},
    "adam": {"solver": "adam", "alpha": 0, "epsilon": 1e-12},  # theirs adds epsilon before the bias is corrected
    "lbfgs": {"solver": "lbfgs", "max_iter": 10},
}


@unconverged
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [*CLASSES, "numbers"])
def test_from_the_same_weights_both_learn_the_same(digits, diabetes, solver: str, kind: str) -> None:
    """Without shuffling and from the same start, every step is the same but for rounding."""
    if kind == "numbers":
        (X, y), theirs = diabetes, neural_network.MLPRegressor()
    else:
        X, y, theirs = digits[0][:, 18:46], CLASSES[kind](digits[1]), neural_network.MLPClassifier()
    start = {"learning_rate_init": 1e-9, "solver": "sgd", "max_iter": 1, "warm_start": True}
    settings = {"hidden_layer_sizes": (9, 7), "activation": "tanh", "batch_size": 100, "shuffle": False}
    theirs.set_params(random_state=0, **settings, **start).fit(X, y)
    ours = from_sklearn(theirs)
    theirs.loss_curve_, theirs.best_loss_, theirs._no_improvement_count, theirs.t_ = [], np.inf, 0, 0
    ours.loss_curve_, ours.t_ = [], 0
    for estimator in (theirs, ours):
        estimator.set_params(**{"max_iter": 12, "learning_rate_init": 0.001, **SOLVERS[solver]}).fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    for mine, wanted in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        # Where a pixel is hardly ever used, Adam divides by next to nothing, and epsilon has its say.
        np.testing.assert_allclose(mine, wanted, atol=1e-5 if solver == "adam" else 1e-8)
    outputs = "predict" if kind == "numbers" else "predict_proba"
    np.testing.assert_allclose(
        getattr(ours, outputs)(X), getattr(theirs, outputs)(X), atol=1e-5 if solver == "adam" else 1e-7
    )
    if solver != "lbfgs" and ours.alpha <= 1e-4:  # the penalty of an epoch: theirs is a mean, ours that at its end
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, atol=1e-5)


@unconverged
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_a_second_fit_begins_at_the_full_rate(digits, momentum: float) -> None:
    """As there: with "invscaling", a warm start has the full rate in its first epoch."""
    X, y = digits
    settings = {"solver": "sgd", "learning_rate": "invscaling", "shuffle": False, "warm_start": True, "max_iter": 3}
    settings |= {"momentum": momentum, "learning_rate_init": 0.1, "random_state": 0}
    theirs = neural_network.MLPClassifier((9,), **settings).fit(X, y)
    ours = from_sklearn(theirs)
    for _ in range(2):
        theirs.fit(X, y)
        ours.fit(X, y)
        np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-8)


@unconverged
def test_several_targets_and_counts(diabetes) -> None:
    X, y = diabetes
    for targets, loss in ((np.stack([y, -y, y**2], 1), "squared_error"), (np.floor(np.exp(y)), "poisson")):
        theirs = neural_network.MLPRegressor(loss, max_iter=30, random_state=0).fit(X, targets)
        ours = MLPRegressor(loss, max_iter=30, random_state=0).fit(X, targets)
        assert ours.predict(X).shape == theirs.predict(X).shape
        assert ours.out_activation_ == theirs.out_activation_
        assert ours.n_outputs_ == theirs.n_outputs_
        np.testing.assert_allclose(from_sklearn(theirs).predict(X), theirs.predict(X), atol=1e-6)
        np.testing.assert_allclose(to_sklearn(ours).predict(X), ours.predict(X), atol=1e-6)


@unconverged
@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conversion_both_ways(digits, kind: str, activation: str, dtype: type) -> None:
    X, y = digits[0].astype(dtype), CLASSES[kind](digits[1])
    names = np.array(["no", "yes"], dtype=object)
    y = names[y.astype(int)] if kind == "two classes" else y
    settings = {"hidden_layer_sizes": (12, 5), "activation": activation, "max_iter": 3, "random_state": 1}
    theirs, ours = neural_network.MLPClassifier(**settings).fit(X, y), MLPClassifier(**settings).fit(X, y)
    for fitted, converted in ((theirs, from_sklearn(theirs)), (ours, to_sklearn(ours))):
        np.testing.assert_array_equal(converted.predict(X), fitted.predict(X))
        np.testing.assert_allclose(converted.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
        np.testing.assert_array_equal(converted.classes_, fitted.classes_)
        assert converted.coefs_[0].dtype == dtype
        assert converted.n_features_in_ == 64
        assert len(converted.loss_curve_) == 3
    again = from_sklearn(to_sklearn(ours))
    np.testing.assert_array_equal(again.network_.theta, ours.network_.theta)
    for converted in (to_sklearn(ours), again):  # and training goes on from there
        assert converted.partial_fit(X, y).loss_ < ours.loss_curve_[0]


def test_what_cannot_be_converted(digits) -> None:
    X, y = digits
    with pytest.raises(gn.InputError, match="expected an MLPClassifier or MLPRegressor of scikit-learn, got Stan"):
        from_sklearn(StandardScaler())
    with pytest.raises(gn.InputError, match="expected an MLPClassifier or MLPRegressor of glassnet, got Stan"):
        to_sklearn(StandardScaler())
    for convert, estimator in ((from_sklearn, neural_network.MLPClassifier()), (to_sklearn, MLPClassifier())):
        with pytest.raises(NotFittedError):
            convert(estimator)
    for settings in ({"activation": "gelu"}, {"batch_norm": True}, {"activation": ["relu", "tanh"]}):
        ours = MLPClassifier((5, 5), **settings).partial_fit(X, y, classes=range(10))
        with pytest.raises(gn.InputError, match="scikit-learn knows one activation for all hidden layers"):
            to_sklearn(ours)
    with pytest.raises(gn.InputError, match="scikit-learn has no loss Huber"):
        to_sklearn(MLPRegressor(gn.Huber(), (5,)).partial_fit(X, y.astype(float)))
    dropped = MLPClassifier((5,), dropout=0.5, solver="rmsprop").partial_fit(X, y, classes=range(10))
    np.testing.assert_allclose(to_sklearn(dropped).predict_proba(X), dropped.predict_proba(X), atol=1e-6)


# Views


def assert_views(estimator: Any) -> None:
    theta = estimator.network_.theta
    assert all(np.shares_memory(theta, part) for part in estimator.coefs_ + estimator.intercepts_)
    normalised = sum(2 * layer.gamma.size for layer in estimator.network_.layers if isinstance(layer, gn.BatchNorm))
    assert sum(part.size for part in estimator.coefs_ + estimator.intercepts_) == theta.size - normalised


@unconverged
def test_copies_of_every_kind_keep_their_views(digits, tmp_path: Path) -> None:
    X, y = digits
    ours = MLPClassifier((6,), max_iter=3, random_state=0).fit(X, y)
    joblib.dump(ours, tmp_path / "ours.joblib")
    memory = io.BytesIO()
    joblib.dump(ours, memory)
    memory.seek(0)
    copies = [
        pickle.loads(pickle.dumps(ours)),
        copy.deepcopy(ours),
        joblib.load(memory),
        joblib.load(tmp_path / "ours.joblib"),
        joblib.load(tmp_path / "ours.joblib", mmap_mode="r"),
    ]
    for other in copies:
        assert_views(other)
        np.testing.assert_array_equal(other.predict_proba(X), ours.predict_proba(X))
        assert not np.shares_memory(other.network_.theta, ours.network_.theta)
    copies[0].coefs_[0][...] = 0
    assert ours.coefs_[0].any()
    copies[1].partial_fit(X, y)
    assert_views(copies[1])
    assert not hasattr(clone(ours), "network_")
    assert_views(clone(ours).fit(X, y))


@unconverged
def test_the_network_is_one_of_glassnet(digits, tmp_path: Path) -> None:
    X, y = digits
    names = np.array([f"digit {d}" for d in y])
    ours = MLPClassifier((6,), max_iter=5, random_state=0, dropout=0.1, batch_norm=True).fit(X, names)
    assert ours.network_.classes == tuple(ours.classes_)
    gn.save_network(ours.network_, tmp_path / "ours.safetensors")
    loaded = gn.load_network(tmp_path / "ours.safetensors")
    np.testing.assert_array_equal(ours.classes_[loaded.predict(X)], ours.predict(X))
    assert gn.explain(ours.network_, X[0]).predicted == loaded.predict(X[:1])[0]


# In the company of scikit-learn


@unconverged
@pytest.mark.long
def test_pipelines_searches_and_calibration_with_processes(digits, processes: int) -> None:
    X, y = digits
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier((16,), max_iter=30, learning_rate_init=0.01, random_state=0)
    )
    grid = {"mlpclassifier__alpha": [1e-4, 1], "mlpclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=processes).fit(X, y)
    assert_views(search.best_estimator_[-1])
    assert search.best_score_ > 0.8
    scores = cross_val_score(pipeline, X, y, cv=3, n_jobs=processes)
    assert scores.min() > 0.8
    np.testing.assert_array_equal(scores, cross_val_score(pipeline, X, y, cv=3))  # the same in one process
    calibrated = CalibratedClassifierCV(pipeline, cv=2, n_jobs=processes).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


@unconverged
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(digits, library: str) -> None:
    frames = pytest.importorskip(library)
    names = [f"pixel{k}" for k in range(64)]
    X, y = frames.DataFrame({name: digits[0][:, k] for k, name in enumerate(names)}), frames.Series(digits[1])
    ours = MLPClassifier((8,), max_iter=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(ours.feature_names_in_, names)
    np.testing.assert_array_equal(
        ours.predict(X), MLPClassifier((8,), max_iter=3, random_state=0).fit(*digits).predict(digits[0])
    )
    with pytest.raises(ValueError, match="feature names should match"):
        ours.predict(X.rename({"pixel3": "other"}, **({"axis": 1} if library == "pandas" else {})))
    scaler = StandardScaler().set_output(transform=library)
    through = make_pipeline(scaler, MLPClassifier((8,), max_iter=3, random_state=0)).fit(X, y)
    np.testing.assert_array_equal(through[-1].feature_names_in_, names)
    numbers = MLPRegressor(max_iter=3).fit(X, frames.DataFrame({"a": digits[1] * 1.0, "b": digits[1] / 2}))
    assert numbers.predict(X).shape == (600, 2)


@unconverged
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("form", ["csr_matrix", "csc_matrix", "csr_array"])
def test_sparse_input_learns_the_same(digits, solver: str, early_stopping: bool, form: str) -> None:
    import scipy.sparse

    X, y = digits
    S = getattr(scipy.sparse, form)(X)
    settings: dict[str, Any] = {"solver": solver, "early_stopping": early_stopping, "max_iter": 8, "random_state": 0}
    dense = MLPClassifier((9,), batch_norm=solver == "adam", **settings).fit(X, y, validation_data=(X[:90], y[:90]))
    sparse = clone(dense).fit(S, y, validation_data=(S[:90], y[:90]))
    np.testing.assert_allclose(sparse.network_.theta, dense.network_.theta, atol=1e-9)
    np.testing.assert_allclose(sparse.predict_proba(S), dense.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(sparse.predict_proba(X), dense.predict_proba(S), atol=1e-9)
    np.testing.assert_allclose(sparse.validation_loss_curve_, dense.validation_loss_curve_)
    assert_views(sparse)
    assert isinstance(sparse.network_.layers[0], Dense)
    if solver == "adam" and not early_stopping:
        np.testing.assert_allclose(sparse.partial_fit(S, y).coefs_[0], dense.partial_fit(X, y).coefs_[0], atol=1e-9)


def test_a_sparse_matrix_is_never_made_dense() -> None:
    import scipy.sparse

    rng = np.random.default_rng(0)
    X = scipy.sparse.random(500, 2_000_000, 1e-6, format="csr", rng=rng)  # 8 GB if it were dense
    ours = MLPRegressor(hidden_layer_sizes=(2,), batch_size=100).partial_fit(X, rng.standard_normal(500))
    assert ours.predict(X).shape == (500,)


# What is added


@unconverged
def test_layers_as_asked_for(digits) -> None:
    X, y = digits
    ours = MLPClassifier(
        (7, 6, 5),
        ["gelu", "leaky_relu", gn.ELU(0.5)],
        dropout=[0.1, 0, 0.3],
        batch_norm=True,
        init="HeNormal",
        max_iter=2,
    ).fit(X, y)
    kinds = [type(layer).__name__ for layer in ours.network_.layers]
    expected = "Dense BatchNorm GELU Dropout Dense BatchNorm LeakyReLU Dense BatchNorm ELU Dropout Dense"
    assert kinds == expected.split()
    assert [layer.rate for layer in ours.network_.layers if isinstance(layer, gn.Dropout)] == [0.1, 0.3]
    assert all(layer.init == gn.HeNormal() for layer in ours.network_.layers if isinstance(layer, Dense))
    assert ours.network_.layers[9].alpha == 0.5
    assert ours.activation[2].output_shape == ()  # the argument itself is untouched, and serves another fit
    assert clone(ours).fit(X, y).network_.theta.size == ours.network_.theta.size


@unconverged
@pytest.mark.parametrize("solver", ["rmsprop", "AdaGrad", "adamw", gn.RMSProp(0.01, momentum=0.5), gn.SGD(0.2)])
@pytest.mark.parametrize("learning_rate", ["constant", gn.CosineDecay(), gn.OneCycle()])
def test_every_optimizer_and_schedule(digits, solver: Any, learning_rate: Any) -> None:
    X, y = digits
    settings: dict[str, Any] = {"solver": solver, "learning_rate": learning_rate, "learning_rate_init": 0.01}
    ours = MLPClassifier((16,), max_iter=15, random_state=0, **settings).fit(X, y)
    assert ours.loss_ < 0.9 * ours.loss_curve_[0]
    rates = ours.history_["learning_rate"]
    assert (len(set(rates)) == 1) == (learning_rate == "constant")


@unconverged
def test_shards_are_computed_at_once_and_learn_the_same(digits) -> None:
    import scipy.sparse

    X, y = digits
    settings: dict[str, Any] = {"max_iter": 4, "random_state": 0, "hidden_layer_sizes": (20,)}
    one, two = (MLPClassifier(shards=shards, **settings).fit(X, y) for shards in (1, 2))
    np.testing.assert_allclose(two.network_.theta, one.network_.theta, atol=1e-10)
    sparse = clone(two).fit(scipy.sparse.csr_array(X), y)
    np.testing.assert_allclose(sparse.network_.theta, one.network_.theta, atol=1e-10)
    assert_views(two)
    assert_views(sparse)


@unconverged
def test_class_weights(digits) -> None:
    X, y = digits
    few = np.concatenate([np.flatnonzero(y == 1)[:10], np.flatnonzero(y == 8)])
    X, y = X[few], y[few] == 1  # one in seven
    weigh = {"max_iter": 30, "random_state": 0, "hidden_layer_sizes": (4,)}
    by_class = {
        "none": None,
        "balanced": "balanced",
        "dictionary": {True: len(y) / 20, False: len(y) / 2 / (len(y) - 10)},
    }
    sure = {name: MLPClassifier(class_weight=given, **weigh).fit(X, y) for name, given in by_class.items()}
    p = {name: estimator.predict_proba(X)[:, 1] for name, estimator in sure.items()}
    assert (p["balanced"] > p["none"]).all()
    np.testing.assert_allclose(p["balanced"], p["dictionary"])
    twice = MLPClassifier(class_weight={True: 2, False: 1}, **weigh).fit(X, y, sample_weight=np.full(len(y), 0.5))
    once = MLPClassifier(**weigh).fit(X, y, sample_weight=np.where(y, 1.0, 0.5))
    np.testing.assert_array_equal(twice.network_.theta, once.network_.theta)


def test_validation_data_of_ones_own(digits) -> None:
    X, y = digits
    held = X[400:], y[400:]
    with pytest.warns(ConvergenceWarning, match=r"12 epochs \(max_iter\) have passed"):
        ours = MLPClassifier((20,), max_iter=12, random_state=0).fit(X[:400], y[:400], validation_data=held)
    assert len(ours.validation_loss_curve_) == len(ours.validation_scores_) == len(ours.loss_curve_) == 12
    assert ours.validation_scores_[-1] == ours.score(*held)
    p = ours.predict_proba(held[0])
    assert ours.validation_loss_curve_[-1] == pytest.approx(-np.log(p[np.arange(200), held[1]]).mean())
    assert ours.best_loss_ == min(ours.loss_curve_)

    stopped = MLPClassifier((20,), solver="sgd", learning_rate_init=0.5, max_iter=500, early_stopping=True)
    stopped.set_params(random_state=0, n_iter_no_change=3).fit(X[:400], y[:400], validation_data=held)
    assert stopped.n_iter_ < 500
    assert stopped.score(*held) == stopped.best_validation_score_ == max(stopped.validation_scores_)
    assert stopped.best_loss_ is None

    by_loss = clone(stopped).set_params(monitor="validation_loss", early_stopping=False)
    by_loss.fit(X[:400], y[:400], validation_data=held)
    p = by_loss.predict_proba(held[0])
    least = min(by_loss.validation_loss_curve_)
    assert -np.log(p[np.arange(200), held[1]]).mean() == pytest.approx(least)


@unconverged
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping_scores_as_score_does(diabetes, digits, weighted: bool) -> None:
    for estimator, (X, y) in (
        (MLPRegressor(solver="sgd", learning_rate_init=0.01), diabetes),
        (MLPClassifier((8,), max_iter=20), (digits[0], several_labels(digits[1]))),
    ):
        weights = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
        ours = estimator.set_params(early_stopping=True, random_state=0, validation_fraction=0.25)
        ours.fit(X, y, sample_weight=weights)
        theirs = to_sklearn(ours)
        rng = np.random.RandomState(0)
        rng.randint(np.iinfo(np.int32).max)
        from sklearn.model_selection import train_test_split

        rows = train_test_split(np.arange(len(y)), random_state=rng, test_size=0.25)[1]
        weight = None if weights is None else weights[rows]
        assert theirs.score(X[rows], y[rows], weight) == pytest.approx(ours.best_validation_score_)
        assert ours.best_validation_score_ == max(ours.validation_scores_)


@unconverged
def test_callbacks_see_every_epoch(digits) -> None:
    X, y = digits

    class Watch(gn.Callback):
        def __init__(self) -> None:
            self.seen: list[dict[str, float]] = []

        def on_epoch(self, training) -> None:
            self.seen.append(training.history.records[-1])
            if len(self.seen) == 4:
                training.stop("enough")

    watch = Watch()
    ours = MLPClassifier((5,), callbacks=[watch], early_stopping=True, random_state=0).fit(X, y)
    assert ours.n_iter_ == len(watch.seen) == 4
    assert [record["validation_score"] for record in watch.seen] == ours.validation_scores_


@unconverged
def test_a_progress_bar(digits, capsys) -> None:
    MLPClassifier((5,), max_iter=2, verbose=True).fit(*digits)
    first, second = capsys.readouterr().out.splitlines()  # there is no terminal
    assert re.fullmatch(r"Iteration 1, loss \d\.\d{8}", first)
    assert second.startswith("Iteration 2, loss ")
    MLPClassifier((5,), max_iter=2, verbose=True, early_stopping=True).fit(*digits)
    assert re.search(r"^Iteration 2, loss \d\.\d{8}, validation score 0\.\d{6}$", capsys.readouterr().out, re.MULTILINE)
    MLPClassifier((5,), max_iter=2, verbose=True, solver="lbfgs").fit(*digits)
    assert "Iteration 2, loss" in capsys.readouterr().out
    MLPClassifier((5,), max_iter=2).fit(*digits)
    assert capsys.readouterr() == ("", "")


# Training that goes on


@unconverged
def test_partial_fit_goes_on_where_it_ended(digits) -> None:
    """Epochs one by one are those of one training: the optimizer remembers, and counts its steps."""
    X, y = digits
    settings: dict[str, Any] = {"shuffle": False, "random_state": 0, "tol": 0, "batch_size": 150}
    for solver in ("adam", "sgd"):
        whole = MLPClassifier((8,), solver=solver, max_iter=6, **settings).fit(X, y)
        parts = MLPClassifier((8,), solver=solver, **settings)
        for _ in range(6):
            parts.partial_fit(X, y, classes=range(10))
        np.testing.assert_array_equal(parts.network_.theta, whole.network_.theta)
        assert parts.loss_curve_ == whole.loss_curve_
        assert parts.t_ == whole.t_ == 3600
        assert parts.n_iter_ == 1
        kept = pickle.loads(pickle.dumps(parts))  # and so does a copy
        np.testing.assert_array_equal(kept.partial_fit(X, y).coefs_[0], parts.partial_fit(X, y).coefs_[0])
    some = MLPClassifier((8,)).partial_fit(X[y < 3], y[y < 3], classes=range(10))
    assert some.predict_proba(X).shape == (600, 10)


@unconverged
def test_warm_start_goes_on_from_the_weights(digits) -> None:
    X, y = digits
    ours = MLPClassifier((8,), max_iter=5, warm_start=True, random_state=0).fit(X, y)
    before, seen = ours.loss_, ours.t_
    ours.fit(X, y)
    assert ours.loss_curve_[5] < before * 1.1
    assert len(ours.loss_curve_) == 10
    assert ours.t_ == 2 * seen
    assert ours.n_iter_ == 5
    with pytest.raises(
        gn.InputError, match=r"is Dense\(8\), ReLU\(\), Dense\(10\), but the settings now need Dense\(8\), Tanh"
    ):
        ours.set_params(activation="tanh").fit(X, y)
    with pytest.raises(ValueError, match=r"classes not in `self.classes_`"):
        ours.set_params(activation="relu").fit(X, y + 1)


@unconverged
def test_the_seed_alone_decides(digits) -> None:
    X, y = digits
    thetas = [MLPClassifier((8,), max_iter=2, random_state=s).fit(X, y).network_.theta for s in (3, 3, 4, None, None)]
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])
    assert not np.array_equal(thetas[3], thetas[4])


def test_an_interruption_keeps_what_was_learned(digits) -> None:
    X, y = digits

    class Interrupt(gn.Callback):
        def on_epoch(self, training) -> None:
            if training.epoch == 3:
                raise KeyboardInterrupt

    ours = MLPClassifier((8,), callbacks=[Interrupt()], random_state=0)
    with pytest.warns(UserWarning, match="interrupted by user"):
        ours.fit(X, y)
    assert ours.n_iter_ == 3
    assert ours.loss_ < ours.loss_curve_[0]
    p = ours.predict_proba(X)[np.arange(len(y)), y]
    assert -np.log(p).mean() < ours.loss_


@unconverged
def test_the_network_of_several_labels_does_not_choose_one(digits) -> None:
    X, y = digits
    ours = MLPClassifier((9,), max_iter=5).fit(X, several_labels(y))
    assert ours.network_.classes is None
    np.testing.assert_allclose(ours.network_.predict(X), ours.predict_proba(X))
    np.testing.assert_array_equal(ours.network_.predict(X) > 0.5, ours.predict(X))


def test_what_holds_a_network_is_no_network(digits, tmp_path: Path) -> None:
    fitted = MLPClassifier((4,)).partial_fit(*digits, classes=range(10))
    for write in (gn.save_network, gn.export_onnx, gn.export_torch):
        with pytest.raises(gn.InputError, match=r"expected a Network, got MLPClassifier: that of a fitted .* network_"):
            write(fitted, tmp_path / "file.onnx")
    assert not list(tmp_path.iterdir())


def test_warnings_name_the_line_that_called_fit(digits) -> None:
    for solver, text in (("adam", "max_iter"), ("lbfgs", "has not converged"), ("adam", "it is clipped")):
        ours = MLPClassifier((4,), solver=solver, max_iter=2, batch_size=700 if "clipped" in text else "auto")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ours.fit(*digits)
        assert any(text in str(warning.message) for warning in caught)
        assert {warning.filename for warning in caught} == {__file__}


# Bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": "many"}, "hidden_layer_sizes must be > 0"),
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"activation": ["relu"]}, "activation: expected one for each of the 2 hidden layers, got 1"),
        ({"solver": "admw"}, "solver: expected 'lbfgs', 'sgd', 'adam'.*did you mean 'adamw'"),
        ({"alpha": -1}, r"alpha: expected a number in \[0, inf\), got -1"),
        ({"momentum": 1.5}, r"momentum: expected a number in \[0, 1\), got 1.5"),
        ({"learning_rate": "fast"}, "learning_rate: expected 'constant', 'invscaling', 'adaptive' or a schedule"),
        ({"learning_rate_init": "0.1"}, "learning_rate_init: expected a number"),
        ({"max_iter": 0}, "max_iter: expected a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size: expected 'auto' or a whole number"),
        ({"n_iter_no_change": 2.5}, "n_iter_no_change: expected a whole number of at least 1, or infinity"),
        ({"dropout": 1.0}, "dropout: .*rate must be from 0 to below 1"),
        ({"init": "HeNorm"}, "init: unknown type 'HeNorm'; did you mean 'HeNormal'"),
        ({"early_stopping": "no"}, "early_stopping: expected True or False, got 'no'"),
        ({"activation": gn.Dense(7)}, "activation: expected 'identity'"),
        ({"solver": "lbfgs", "alpha": 1e308}, "Solver produced non-finite parameter weights"),
        ({"monitor": "loss"}, "monitor: expected one of training_loss, validation_loss, validation_score"),
        ({"monitor": "validation_loss"}, "monitor: validation_loss needs validation data"),
        ({"solver": "lbfgs", "monitor": "validation_loss"}, "monitor: the solver 'lbfgs' minimises the training loss"),
        ({"early_stopping": True, "callbacks": [gn.EarlyStopping("validation_score")]}, "cannot monitor .*score'; did"),
        ({"callbacks": print}, "callbacks: expected a list of callbacks"),
        ({"solver": "lbfgs", "callbacks": [gn.EarlyStopping()]}, "'lbfgs' has no epochs"),
        ({"solver": "lbfgs", "dropout": 0.5}, "L-BFGS minimises one fixed function"),
        ({"class_weight": "even"}, "class_weight"),
    ],
)
def test_arguments_that_cannot_be_used(digits, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**{"hidden_layer_sizes": (4, 4), **settings}).fit(*digits)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"sample_weight": [1, 2]}, "sample_weight: expected 600 numbers, one for each example"),
        ({"sample_weight": np.full(600, -1.0)}, "sample_weight: expected numbers that are not negative, got -1"),
        ({"validation_data": 3}, r"validation_data: expected \(X, y\) or .*, got int"),
        ({"validation_data": (1, 2, 3, 4)}, r"validation_data: expected \(X, y\) or .*, got 4 parts"),
        ({"validation_data": (np.ones((3, 4)), [0, 1, 2])}, "X has 4 features"),
        ({"validation_data": (np.ones((1, 64)), [77])}, "classes not in `self.classes_`"),
    ],
)
def test_data_that_cannot_be_used(digits, data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier((4,)).fit(*digits, **data)


def test_more_that_is_refused(digits, diabetes) -> None:
    X, y = digits
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="does not support early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=range(10))
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    with pytest.raises(ValueError, match="expected those of the first call"):
        MLPClassifier((3,)).partial_fit(X, y, classes=range(10)).partial_fit(X, y, classes=range(11))
    with pytest.raises(ValueError, match="loss: expected 'squared_error', 'poisson'"):
        MLPRegressor("hinge").fit(*diabetes)
    with pytest.raises(ValueError, match="must not be negative"):
        MLPRegressor("poisson").fit(*diabetes)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor(solver="sgd", learning_rate_init=1e9).fit(*diabetes)
    with pytest.warns(UserWarning, match="batch_size is 900, but there are 600 examples"):
        MLPClassifier((3,), batch_size=900).partial_fit(X, y, classes=range(10))


def test_without_scikit_learn_one_line_says_what_to_install() -> None:
    script = "import sys; sys.modules['sklearn'] = None; import glassnet.sklearn"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: glassnet.sklearn needs scikit-learn: pip install 'glassnet[sklearn]'"
    )


def test_the_guide_names_every_argument_and_its_default() -> None:
    page = (Path(__file__).parent.parent / "docs" / "guide" / "sklearn.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in page.splitlines() if line.startswith("| `")]
    for kind in (MLPClassifier, MLPRegressor):
        told = {
            name.split("`")[1]: default.strip(" `")
            for name, default, _ in rows
            if "(" not in name or kind.__name__.lower().removeprefix("mlp") in name
        }
        wanted = {name: repr(p.default).replace("'", '"') for name, p in inspect.signature(kind).parameters.items()}
        assert told == wanted


def test_what_the_estimators_are_made_of_is_no_part_that_a_recipe_can_name() -> None:
    known = {*final_classes(gn.Layer), *final_classes(gn.Optimizer), *final_classes(gn.Schedule)}
    assert not known & {"SparseDense", "Continued", "InverseOfExamples"}


@unconverged
def test_each_fit_obeys_the_settings_it_was_given(digits) -> None:
    X, y = digits
    adaptive = {"learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 1.0, "n_iter_no_change": 1}
    ours = MLPClassifier((8,), solver="sgd", warm_start=True, random_state=0, **adaptive).fit(X, y)
    assert ours.history_["learning_rate"][-1] < 1e-5
    ours.set_params(learning_rate="constant", tol=0, max_iter=3).fit(X, y)
    assert ours.history_["learning_rate"] == [0.1] * 3
    ours.set_params(tol=5.0, n_iter_no_change=2, max_iter=50).fit(X, y)
    assert ours.n_iter_ <= 3
    theirs = to_sklearn(ours).set_params(tol=5.0).fit(X, y)
    assert theirs.n_iter_ <= 3


@unconverged
def test_a_warm_start_never_gives_back_a_worse_network_than_it_began_with(digits) -> None:
    X, y = digits
    held = X[400:], y[400:]
    ours = MLPClassifier((20,), early_stopping=True, warm_start=True, learning_rate_init=0.01, random_state=0)
    ours.fit(X[:400], y[:400], validation_data=held)
    best = ours.best_validation_score_
    assert ours.score(*held) == best > 0.8
    ours.set_params(learning_rate_init=10.0, max_iter=3).fit(X[:400], y[:400], validation_data=held)
    assert ours.score(*held) == ours.best_validation_score_ == best


@unconverged
def test_classes_that_are_too_rare_to_be_divided(digits) -> None:
    X, y = digits
    MLPClassifier((5,), early_stopping=True, max_iter=2).fit(X[:60], y[:60])  # six held out, of ten classes
    once = np.where(np.arange(600) == 5, 77, y % 2)
    MLPClassifier((5,), early_stopping=True, max_iter=2, random_state=0).fit(X, once)


def test_partial_fit_with_another_rule_begins_its_state_anew(digits) -> None:
    X, y = digits
    ours = MLPClassifier((5,)).partial_fit(X, y, classes=range(10))
    for settings in ({"solver": "sgd"}, {"solver": "rmsprop"}, {"solver": "adagrad"}, {"solver": "sgd", "momentum": 0}):
        ours.set_params(**settings).partial_fit(X, y)
        assert ours._steps == 3
        ours.partial_fit(X, y)
        assert ours._steps == 6
    with pytest.raises(gn.InputError, match="a schedule is planned for a whole training"):
        ours.set_params(learning_rate=gn.CosineDecay()).partial_fit(X, y)
    with pytest.raises(gn.InputError, match="'balanced' needs to see all examples"):
        MLPClassifier((5,), class_weight="balanced").partial_fit(X, y, classes=range(10))


@unconverged
def test_targets_and_losses_of_another_kind_are_refused(digits, diabetes) -> None:
    X, y = digits
    warm = MLPClassifier((5,), warm_start=True, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="the same classes as in the previous call"):
        warm.fit(X, y % 9)
    several = MLPClassifier((5,)).partial_fit(X, several_labels(y), classes=[0, 1, 2])
    with pytest.raises(
        ValueError,
        match=r"has the loss BinaryCrossEntropy\(\), but the settings or the targets now need CrossEntropy\(\)",
    ):
        several.partial_fit(X, y % 3)
    X, y = diabetes
    counts = MLPRegressor(hidden_layer_sizes=(5,), warm_start=True, max_iter=1).fit(X, np.floor(np.exp(y)))
    with pytest.raises(
        ValueError, match=r"has the loss SquaredError\(\), but the settings or the targets now need Poisson\(\)"
    ):
        counts.set_params(loss="poisson").fit(X, np.floor(np.exp(y)))


@unconverged
def test_scores_do_not_know_the_weights_of_classes(digits) -> None:
    X, y = digits
    ours = MLPClassifier((5,), class_weight={d: 1 + 9 * (d == 0) for d in range(10)}, random_state=0, max_iter=2)
    ours.set_params(early_stopping=True, validation_fraction=0.5).fit(X, y)
    halves = np.array(ours.validation_scores_) * 300
    np.testing.assert_allclose(halves, np.round(halves), atol=1e-9)  # of 300 examples, each counts the same


@unconverged
def test_a_checkpoint_of_an_estimator(digits, tmp_path: Path) -> None:
    import scipy.sparse

    X, y = digits
    for name, data in (("dense", X), ("sparse", scipy.sparse.csr_array(X))):
        keep = gn.Checkpoint(tmp_path / f"{name}.safetensors", minutes=0)
        MLPClassifier((5,), max_iter=2, callbacks=[keep], random_state=0).fit(data, y)
        assert (tmp_path / f"{name}.safetensors").exists()


@unconverged
def test_validation_data_may_be_sparse_or_dense(digits) -> None:
    import scipy.sparse

    X, y = digits
    S = scipy.sparse.csr_array(X)
    curves = [
        MLPClassifier((5,), max_iter=2, random_state=0).fit(a, y, validation_data=(b, y)).validation_loss_curve_
        for a in (X, S)
        for b in (X, S)
    ]
    for curve in curves[1:]:
        np.testing.assert_allclose(curve, curves[0])
    split = [MLPClassifier((5,), max_iter=3, early_stopping=True, random_state=0).fit(a, y) for a in (X, S)]
    np.testing.assert_allclose(split[0].validation_loss_curve_, split[1].validation_loss_curve_)


def test_an_interruption_of_lbfgs_is_said(digits, monkeypatch) -> None:
    def interrupt(*args, **kwargs) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scipy.optimize.minimize", interrupt)  # as if Ctrl-C were pressed there
    with pytest.warns(UserWarning, match="interrupted by user"):
        MLPClassifier((5,), solver="lbfgs").fit(*digits)


def test_weights_are_set_in_place(digits) -> None:
    ours = MLPClassifier((5,)).partial_fit(*digits, classes=range(10))
    ours.coefs_ = [np.zeros_like(W) for W in ours.coefs_]
    ours.intercepts_ = [np.zeros_like(b) for b in ours.intercepts_]
    assert not ours.network_.theta.any()
    np.testing.assert_allclose(ours.predict_proba(digits[0]), 0.1)
    with pytest.raises(NotFittedError):
        MLPClassifier((5,)).predict(digits[0])


# Weights of classes and of validation data


def test_partial_class_weights_do_not_depend_on_the_classes_of_a_batch(digits) -> None:
    X, y = digits
    settings: dict[str, Any] = {"hidden_layer_sizes": (5,), "random_state": 0, "class_weight": {3: 2.0, 7: 0.5}}
    batch = np.flatnonzero((y < 3) | (y == 7))[:40]  # without the 3, which has a weight
    learner = MLPClassifier(**settings).partial_fit(X[batch], y[batch], classes=range(10))
    by_hand = MLPClassifier(hidden_layer_sizes=(5,), random_state=0)
    by_hand.partial_fit(X[batch], y[batch], np.where(y[batch] == 7, 0.5, 1.0), classes=range(10))
    np.testing.assert_array_equal(learner.network_.theta, by_hand.network_.theta)
    with pytest.raises(gn.InputError, match=r"class_weight: \[11\] are not in the classes"):
        MLPClassifier(class_weight={11: 2.0}).fit(X, y)


@unconverged
def test_early_stopping_holds_out_only_what_counts(digits) -> None:
    X, y = digits
    weights = np.zeros(len(y))
    weights[:40] = 1
    for seed in range(5):
        network = MLPClassifier((5,), early_stopping=True, max_iter=2, random_state=seed).fit(X, y, weights)
        assert np.isfinite(network.validation_scores_).all()
        assert network.validation_scores_[0] * 4 == pytest.approx(round(network.validation_scores_[0] * 4))


@unconverged
def test_validation_data_may_bring_weights(digits) -> None:
    X, y = digits
    right = np.arange(len(y)) < 300
    settings: dict[str, Any] = {"hidden_layer_sizes": (20,), "max_iter": 3, "random_state": 0, "early_stopping": True}
    held_out = X[300:], np.where(right[300:], y[300:], (y[300:] + 1) % 10)
    counted = np.zeros(300)
    counted[:100] = 1
    one = MLPClassifier(**settings).fit(X[:300], y[:300], validation_data=(*held_out, counted))
    two = MLPClassifier(**settings).fit(X[:300], y[:300], validation_data=(held_out[0][:100], held_out[1][:100]))
    assert one.validation_scores_ == two.validation_scores_
    for wrong, message in (
        ((X,), "expected .X, y. or .X, y, sample_weight., got 1 parts"),
        ((X, y, 0 * y), "all its weights"),
    ):
        with pytest.raises(gn.InputError, match=message):
            MLPClassifier(**settings).fit(X, y, validation_data=wrong)


def test_labels_of_any_text(digits) -> None:
    X, y = digits
    labels = np.array(["no,\nrather not", "a\ttab", "long" * 200])[y % 3]
    classifier = MLPClassifier((5,), max_iter=1000, tol=1e-2, random_state=0).fit(X, labels)
    assert set(classifier.predict(X)) <= set(labels)
    assert classifier.network_.classes == tuple(np.unique(labels))


@unconverged
@pytest.mark.parametrize("sparse", [False, True])
def test_missing_numbers_are_answered_with_the_means_of_training(diabetes: tuple[Array, Array], sparse: bool) -> None:
    X, y = diabetes
    X = X + np.arange(10)
    form = csr_array if sparse else np.asarray
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(form(X), y)
    gaps, filled = X[:5].copy(), X[:5].copy()
    gaps[1, [2, 7]] = gaps[3, 2] = np.nan
    filled[1, [2, 7]], filled[3, 2] = X.mean(axis=0)[[2, 7]], X.mean(axis=0)[2]
    with pytest.raises(ValueError, match="contains NaN"):
        model.predict(form(gaps))
    model.set_params(unknown="answer")
    with pytest.warns(UserWarning, match="mean for missing numbers: 2 rows, inputs 2, 7"):
        np.testing.assert_allclose(model.predict(form(gaps)), model.predict(form(filled)), rtol=1e-12)
    gaps[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.predict(form(gaps))


def test_the_means_are_those_of_all_batches_and_a_converted_estimator_has_none(diabetes: tuple[Array, Array]) -> None:
    X, y = diabetes
    ours = (
        MLPRegressor(hidden_layer_sizes=(4,), unknown="answer").partial_fit(X[:50], y[:50]).partial_fit(X[50:], y[50:])
    )
    np.testing.assert_allclose(ours.means_, X.mean(axis=0), atol=1e-12)
    converted = from_sklearn(to_sklearn(ours)).set_params(unknown="answer")
    with pytest.raises(gn.InputError, match="does not know the means of its training data: fit it here"):
        converted.predict(np.full((1, 10), np.nan))
    with pytest.raises(gn.InputError, match="unknown: expected 'refuse' or 'answer', got 'guess'"):
        MLPRegressor(unknown="guess").fit(X, y)
