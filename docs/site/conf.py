"""The site of the documentation, made by Sphinx from the Markdown files of the repository: `make site`."""

import sys
from pathlib import Path

import ziamath
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

from glassnet.version import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for the extensions below

project = "glassnet"
author = "The glassnet developers"
copyright = author  # noqa: A001 - the name that Sphinx reads
release = version = __version__

extensions = [
    *("myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary"),
    *("pages", "source", "reference", "formulas", "exported", "links"),
]

# The pages: files of the whole repository.
root_doc = "index"
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".py": "python"}
include_patterns = ["*.md", "docs/**.md", "notebooks/*", "src/glassnet/**.py", "src/glassnet/pretrained/*.md"]
exclude_patterns = [".*", "benchmarks", "build", "dist", "runs", "tests", "tools", "**/__pycache__"]
site_contents = {  # the menu at the top; then the pages that stand under another index than that of their folder
    "index": {
        "tutorials/index": "Tutorials",
        "maths/index": "Course",
        "guide/index": "Guides",
        "teachers/index": "Teachers",
        "notebooks/index": "Notebooks",
        "experiments": "Experiments",
        "api/index": "API",
        "decisions/index": "Decisions",
        "benchmarks": "Benchmarks",
        "changelog": "Changelog",
        "contributing": "Contributing",
        "security": "Security",
        "readme": "Read me",
    },
    "guide/index": {
        "settings": "Every setting of a recipe",
        "pretrained/cnn": "The network cnn",
        "pretrained/strong": "The network strong",
        "pretrained/classic": "The network classic",
    },
}

# Markdown as GitHub shows it.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 6
nb_execution_mode = "off"  # the tests run the notebooks
highlight_language = "text"
lexers["csv"] = TextLexer()
smartquotes = False

# The reference.
autodoc_typehints = "none"  # the docstrings say what an argument may be
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_default_options = {  # scikit-learn adds these to every estimator
    "exclude-members": "set_fit_request,set_partial_fit_request,set_score_request"
}
autosummary_generate = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 90
nitpicky = True

# The look. Nothing is loaded from another host.
html_theme = "pydata_sphinx_theme"
html_title = "glassnet"
html_logo = html_favicon = "../../src/glassnet/web/icon.svg"
html_static_path = ["style.css", str(Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf")]
html_css_files = ["style.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {"source/**": [], "index": []}  # no menu on these, nor on pages that are a section alone
html_sidebars |= {page: [] for page in site_contents["index"] if not page.endswith("/index")}
html_theme_options = {
    "logo": {"text": "glassnet"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
