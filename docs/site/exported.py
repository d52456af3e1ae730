"""Two files of `glassnet export`: the network on the front page, and one with the experiments that the pages name."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

import glassnet as gn

NETWORK, LESSON = "cnn.html", "lesson.html"
EXPERIMENT = re.compile(r"(?:glassnet page '|lesson\.html)?(#experiment=[\w-]+)'?")


def export(app: Sphinx) -> None:
    """Write both files; without MNIST only the first, and what names an experiment stays text."""
    folder = Path(app.outdir)
    folder.mkdir(parents=True, exist_ok=True)
    gn.export_html(gn.Model.open("cnn"), folder / NETWORK)
    (folder / LESSON).unlink(missing_ok=True)
    try:
        gn.export_html(gn.Model.open("classic"), folder / LESSON, title="Experiments", training=True)
    except gn.DataError as error:
        logging.getLogger(__name__).info("no links to experiments: %s", error)


def open_experiments(app: Sphinx, doctree: nodes.document) -> None:
    """What names an experiment leads to it: `glassnet page '#experiment=momentum'`."""
    if not (Path(app.outdir) / LESSON).is_file():
        return
    folder = app.builder.get_relative_uri(app.env.docname, app.config.root_doc).rpartition("/")[0]
    for literal in list(doctree.findall(nodes.literal)):
        if found := EXPERIMENT.fullmatch(literal.astext()):
            address = f"{folder}/{LESSON}{found[1]}" if folder else f"{LESSON}{found[1]}"
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=address))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", export)
    app.connect("doctree-read", open_experiments)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
