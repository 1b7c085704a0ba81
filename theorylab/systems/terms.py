"""How a system was put together: the term that is drawn."""

from dataclasses import dataclass, replace

from theorylab.systems.wires import Wire


@dataclass(frozen=True)
class Term:
    """A system as it was written down.

    Args:
        kind: "box", "wires" (nothing but wires), "copy", "swap", "discard", "series", "parallel",
            or "frame" (a name around one part).
        dom, cod: the interfaces.
        label: the name of a box or a frame.
        state: whether a box has a state.
        parts: the terms of what it is made of.
    """

    kind: str
    dom: tuple[Wire, ...]
    cod: tuple[Wire, ...]
    label: str = ""
    state: bool = False
    parts: tuple["Term", ...] = ()

    def __rshift__(self, other: "Term") -> "Term":
        return self._with("series", other, self.dom, other.cod)

    def __matmul__(self, other: "Term") -> "Term":
        return self._with("parallel", other, self.dom + other.dom, self.cod + other.cod)

    def framed(self, label: str) -> "Term":
        """The same in a frame."""
        return Term("frame", self.dom, self.cod, label, self.has_state, (self,))

    @property
    def has_state(self) -> bool:
        """Whether some box in it has a state."""
        return self.state or any(part.has_state for part in self.parts)

    def collapsed(self, depth: int) -> "Term":
        """With every frame inside more than `depth` frames as a plain box."""
        if self.kind == "frame":
            if depth == 0:
                return Term("box", self.dom, self.cod, self.label, self.has_state)
            depth -= 1
        return replace(self, parts=tuple(part.collapsed(depth) for part in self.parts))

    def _with(self, kind: str, other: "Term", dom: tuple, cod: tuple) -> "Term":
        parts = [
            p for term in (self, other) for p in (term.parts if term.kind == kind else (term,))
        ]
        kept = tuple(part for part in parts if part.kind != "wires" or part.dom)
        if kind == "series":
            kept = tuple(part for part in kept if part.kind != "wires")
        if len(kept) == 1:
            return kept[0]
        return Term(kind, dom, cod, parts=kept) if kept else Term("wires", dom, cod)
