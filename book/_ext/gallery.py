"""`{galleryfigure}`: a registered figure, drawn from the store while the site is built."""

import hashlib
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole


class GalleryFigureRole(SphinxRole):
    """Draw the figure of this name; a click on it goes to where a page shows it, if one does."""

    def run(self):
        """Make the file and the image."""
        from theorylab import lab

        key = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        name = f"{self.text.replace('/', '-')}-{key}.svg"
        folder = Path(self.env.app.doctreedir).parent / "gallery"
        folder.mkdir(parents=True, exist_ok=True)
        lab.figures.make(self.text, format="svg", out=folder / name)
        spec = lab.figures.figures()[self.text]
        uri = "/" + (folder / name).relative_to(self.env.srcdir).as_posix()
        image = nodes.image("", uri=uri, alt=f"{spec.title} (figure {self.text})")
        image["classes"] = ["tl-gallery"]
        return [image], []


def setup(app):
    """Connect."""
    app.add_role("galleryfigure", GalleryFigureRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
