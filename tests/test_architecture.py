"""The arrows between the packages, and what importing costs: read from the source and seen in a fresh interpreter."""

import ast
import functools
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import glassnet

SOURCE = Path(glassnet.__file__).parent
ROOT = Path(__file__).parent.parent
ANY: set[str] = set()  # whatever lies below
EVERYBODYS = ("version", "warn", "wholefile")

# The packages from top to bottom: who may import whom. Modules of one package may import each other, without a cycle.
ARROWS = {
    "__main__": {"cli"},
    "cli": ANY,
    "page": ANY,
    "__init__": ANY,  # the public names
    "sweeps": {"runs", "model", "recipes", "plots", "progress", "train", "data", "nn", *EVERYBODYS},
    "runs": {*("model", "recipes", "plots", "train", "modelfile", "tables", "data", "nn"), *EVERYBODYS},
    "sklearn": {"progress", "train", "nn", "warn"},
    "export": {
        *("web", "model", "modelfile", "experiments", "explanation", "recipes", "reading", "tables", "data", "nn"),
        *EVERYBODYS,
    },
    "web": set(),
    "model": {
        *("pretrained", "modelfile", "explanation", "reading", "tables", "data", "nn", *EVERYBODYS),
        *("recipes", "train"),  # late: to measure
    },
    "experiments": {"recipes", "train", "data", "nn"},
    "recipes": {"train", "modelfile", "tables", "data", "nn"},
    "plots": {"train", "explanation", "nn"},
    "progress": {"train", "nn"},
    "doctor": {"nn"},
    "pretrained": {"modelfile", "nn"},
    "train": {"modelfile", "reading", "nn", *EVERYBODYS},
    "modelfile": {"nn", *EVERYBODYS},
    "explanation": {"nn"},
    "reading": {"data", "nn"},
    "tables": {"data", "nn"},
    "data": {"nn", *EVERYBODYS},
    "nn": set(),
    **{module: set() for module in EVERYBODYS},
}

# The one home of each third-party package; inside functions only, except NumPy and, in the command line, the page and
# the estimators for scikit-learn, their own.
HOMES = {
    "safetensors": {"modelfile", "export.torch", "export.statedict"},
    "onnx": {"export.onnx"},
    "threadpoolctl": {"runs.run", "nn.threads", "doctor"},
    "platformdirs": {"data.registry", "doctor"},
    "sklearn": {"tables.bundled", "train.baseline", "sklearn"},
    "pyarrow": {"tables.arrow", "tables.arrow_cells"},
    "scipy": {"train.lbfgs", "sklearn.sparse"},
    "PIL": {"reading.picture"},
    "matplotlib": {"plots"},
    "rich": {"progress", "cli"},
    "typer": {"cli"},
    "tomli_w": {"recipes.toml"},
    "starlette": {"page"},
    "uvicorn": {"page"},
    "websockets": {"page"},
    "anyio": {"page"},
    "mpi4py": {"train.ranks"},
    "optuna": {"sweeps"},
    "sqlalchemy": {"sweeps.storage"},
    "latex2mathml": {"page.course"},
    "markdown_it": {"page.course"},
    "mdit_py_plugins": {"page.course"},
}


@functools.cache
def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts), path))
    return found


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Full names of imported modules; those under `if TYPE_CHECKING` cost nothing but are arrows all the same."""
    tree = parsed(path)
    names = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "glassnet")
        for child in ast.iter_child_nodes(node):
            if top_level_only and (
                isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(child)
            ):
                continue
            visit(child)

    visit(tree)
    return names


def glassnet_modules(path: Path) -> set[str]:
    """The modules of glassnet that a file imports, without `glassnet.`; of a name in a module, the module."""
    known = {name for name, _ in modules()}
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {"glassnet.__init__" if alias.name == "glassnet" else alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = "glassnet.__init__" if node.module == "glassnet" else str(node.module)  # a public name
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name.removeprefix("glassnet.") in known else home for name in names}
    return {name.removeprefix("glassnet.") for name in found if name.startswith("glassnet.")}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_arrows() -> None:
    for name, path in modules():
        here = name.split(".")[0]
        assert here in ARROWS, f"{name} has no place in the house"
        for imported in glassnet_modules(path):
            there = imported.split(".")[0]
            if ARROWS[here] is not ANY:
                assert there == here or there in ARROWS[here], f"{name} must not import glassnet.{there}"


def test_all_arrows_go_down() -> None:
    rooms = list(ARROWS)
    below = {room: set(rooms[level + 1 :]) for level, room in enumerate(rooms)}
    assert {room: arrows - below[room] for room, arrows in ARROWS.items()} == {room: set() for room in rooms}


def test_no_files_import_each_other_in_a_circle() -> None:
    """Late imports and those for type checkers included."""
    graph = {name: glassnet_modules(path) - {name} for name, path in modules()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


LONGEST = 60  # lines of a function without its docstring


def test_no_function_is_long() -> None:
    long = []
    for folder in ("src", "tools", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    first = node.body[ast.get_docstring(node) is not None :]
                    lines = (node.end_lineno or 0) - first[0].lineno + 1 if first else 0
                    lines += node.body[0].lineno - node.lineno  # its signature
                    long += [f"{path.relative_to(ROOT)}: {node.name}, {lines} lines"] if lines > LONGEST else []
    assert not long


def test_third_party_packages_stay_at_home() -> None:
    for name, path in modules():
        third_party = {i.split(".")[0] for i in imports(path)} - sys.stdlib_module_names - {"glassnet", "numpy"}
        for package in third_party:
            assert package in HOMES, f"{name} imports {package}, which has no home"
            assert any(name == home or name.startswith(f"{home}.") for home in HOMES[package]), (
                f"{name} imports {package}"
            )
        if name.split(".")[0] not in {"cli", "page", "sklearn"}:
            top = {i.split(".")[0] for i in imports(path, top_level_only=True)}
            assert not top & HOMES.keys(), f"{name} imports a third-party package outside a function"


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for it."""
    script = f"import sys; old = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - old))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_names_are_imported_when_they_are_used() -> None:
    assert "numpy" not in loaded_by("import glassnet")
    assert "numpy" not in loaded_by("import glassnet.cli.app")  # which may still choose NumPy's kernel
    assert "urllib.request" not in loaded_by("from glassnet import *")  # HTTP is for downloads
    assert {"glassnet.nn.dense", "numpy"} <= loaded_by("import glassnet; glassnet.Dense")


# What asking a model has no use for.
UNASKED = ("train", "plots", "runs", "recipes", "progress")


def test_asking_a_model_loads_nothing_of_training(tmp_path: Path) -> None:
    page = Image.new("L", (60, 60), 255)
    page.paste(0, (28, 10, 32, 50))
    page.save(tmp_path / "one.png")
    network = glassnet.Network([glassnet.Dense(2)], input_shape=1, classes=["no", "yes"])
    schema = {"inputs": [{"name": "x"}], "target": {"name": "y", "categories": ["no", "yes"]}}
    glassnet.save_network(network, tmp_path / "table.safetensors", about={"table": schema})
    (tmp_path / "rows.csv").write_text("x\n1\n2\n")
    picture, model, rows = (str(tmp_path / name) for name in ("one.png", "table.safetensors", "rows.csv"))
    ask = "import glassnet as gn, numpy as np; model = gn.Model.open"
    command = "import glassnet.cli.app; glassnet.cli.app.app"
    statements = (
        (f"{ask}('cnn'); model.predict(np.zeros((1, 28, 28), np.uint8))", "model.model"),
        (f"{ask}('cnn'); assert model.read({picture!r}).label == '1'", "reading.views"),
        (f"{ask}({model!r}); model.predict(gn.read_table({rows!r}))", "tables.schema"),
        (f"{command}(['predict', {picture!r}], standalone_mode=False)", "cli.images"),
        (f"{command}(['predict', {model!r}, {rows!r}], standalone_mode=False)", "cli.rows"),
    )
    loaded = loaded_by("; ".join(statement for statement, _ in statements))  # all in one process, for none may load it
    assert {f"glassnet.{needed}" for _, needed in statements} <= loaded
    assert not {name for name in loaded if name.startswith("glassnet.") and name.split(".")[1] in UNASKED}


def test_lazy_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(node for node in tree.body if is_type_checking(node))
    seen = {
        alias.asname: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == glassnet._HOMES
    for name, module in seen.items():
        assert getattr(glassnet, name).__module__ == module
    assert set(glassnet.__all__) == {*seen, "__version__"}
    assert set(glassnet.__all__) <= set(dir(glassnet))


def test_names_that_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'glassnet' has no attribute 'Dens'"):
        _ = glassnet.Dens
    assert glassnet.data.__name__ == "glassnet.data"  # modules are found too


def test_no_public_name_is_hidden_by_a_module_of_the_same_name() -> None:
    """Importing glassnet.x sets the attribute x of the package to the module."""
    assert not set(glassnet.__all__) & {name.split(".")[0] for name, _ in modules()}


def test_importing_loads_no_third_party_package_but_numpy() -> None:
    script = "import sys, numpy.random; old = set(sys.modules); from glassnet import *; print(*set(sys.modules) - old)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    packages = {module.split(".")[0] for module in shown} - {"glassnet", "numpy"}
    assert packages <= sys.stdlib_module_names


RUNNING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "code", "runpy"}
LOADING = {"np", "numpy", "torch", "joblib", "pickle"}  # whose `load` may run what it reads


def test_nothing_is_pickled_or_run() -> None:
    for name, path in modules():
        assert not {i for i in imports(path) if i.split(".")[0] in RUNNING}
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is (node.arg == "weights_only")
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{name}, line {node.lineno}"
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                loads = node.func.attr in ("load", "loads") and node.func.value.id in LOADING
                named = {keyword.arg for keyword in node.keywords}
                assert not loads or named & {"allow_pickle", "weights_only"}, f"{name}, line {node.lineno}"
