"""The student edition: the same book without the solutions (`THEORYLAB_EDITION=student`).

The option `hide_solutions` of sphinx-exercise would leave the content of solutions that hold
code cells on the page; here the whole solution goes, once its parts have been put together.
"""

import os

from sphinx_exercise.nodes import solution_node


def choose(app, config):
    """Leave the solutions out where the environment asks for it."""
    config.theorylab_student = os.environ.get("THEORYLAB_EDITION") == "student"


def remove(app, doctree):
    """Take the solutions out of a page, before anything on it is counted or linked."""
    if app.config.theorylab_student:
        for solution in list(doctree.findall(solution_node)):
            solution.parent.remove(solution)


def setup(app):
    """Connect."""
    app.add_config_value("theorylab_student", False, "env", bool)
    app.connect("config-inited", choose)
    app.connect("doctree-read", remove, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
