"""Wiring diagrams: which output feeds which input."""

from dataclasses import dataclass
from math import prod

from theorylab.systems.errors import InterfaceError
from theorylab.systems.finite.checks import instance, numbers
from theorylab.systems.finite.lens import Lens
from theorylab.systems.finite.poly import Poly, monomial, y

OUTSIDE = -1
Source = tuple[int, int]


@dataclass(frozen=True)
class Box:
    """A box with input and output ports; each port has a number of possible values.

    Raises:
        InterfaceError: a port has no whole number of values.

    >>> print(Box(inputs=(2, 3), outputs=(5,)).interface)
    5y^6
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def __post_init__(self):
        numbers("inputs", self.inputs)
        numbers("outputs", self.outputs)

    @property
    def interface(self) -> Poly:
        """The monomial: what all outputs show, what all inputs receive."""
        return monomial(prod(self.outputs), prod(self.inputs))


@dataclass(frozen=True)
class Wiring:
    """A wiring diagram: boxes inside a box, and for every port where its value comes from.

    Args:
        inner: the boxes inside.
        outer: the box around them.
        feed: for each inner box and each of its inputs a source: `(box, port)` for an output of
            an inner box, `(-1, port)` for an input of the outer box.
        show: for each output of the outer box a source. It must be an output of an inner box:
            what a box shows cannot depend on what it receives in the same tick.

    Raises:
        InterfaceError: a source does not exist or carries other values than the port.

    >>> bit = Box((2,), (2,))
    >>> chain = Wiring((bit, bit), bit, feed=(((-1, 0),), ((0, 0),)), show=((1, 0),))
    >>> chain.substitute(0, chain).inner == (bit, bit, bit)
    True
    >>> Wiring((bit,), bit, feed=(((-1, 0),),), show=((-1, 0),))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    theorylab...InterfaceError: output 0 of the outer box comes from its own input 0: ...
    """

    inner: tuple[Box, ...]
    outer: Box
    feed: tuple[tuple[Source, ...], ...]
    show: tuple[Source, ...]

    def __post_init__(self):
        for what in ("inner", "feed", "show"):
            instance(what, getattr(self, what), tuple)
        for box in (*self.inner, self.outer):
            instance("a box", box, Box)
        for sources in self.feed:
            instance("the feed of a box", sources, tuple)
        for source in (*self.show, *(source for sources in self.feed for source in sources)):
            if not isinstance(source, tuple) or [type(n) for n in source] != [int, int]:
                raise InterfaceError(f"a source is {source!r}; allowed: a pair (box, port)")
        ports = [*self.inner, Box((), self.outer.inputs)]
        if len(self.feed) != len(self.inner):
            raise InterfaceError(f"feed is for {len(self.feed)} boxes; there are {len(self.inner)}")
        ends = [
            (f"input {k} of box {b}", size, source)
            for b, (box, sources) in enumerate(zip(self.inner, self.feed, strict=True))
            for k, (size, source) in enumerate(_paired(f"box {b}", box.inputs, sources))
        ]
        for k, (size, source) in enumerate(_paired("show", self.outer.outputs, self.show)):
            if source[0] == OUTSIDE:
                raise InterfaceError(
                    f"output {k} of the outer box comes from its own input {source[1]}: a "
                    "position cannot depend on a direction"
                )
            ends.append((f"output {k} of the outer box", size, source))
        for name, size, (box, port) in ends:
            if not OUTSIDE <= box < len(self.inner) or not 0 <= port < len(ports[box].outputs):
                raise InterfaceError(f"{name}: there is no source {(box, port)}")
            given = ports[box].outputs[port]
            if given != size:
                raise InterfaceError(
                    f"{name} takes {size} values; source {(box, port)} has {given}"
                )

    @classmethod
    def unit(cls, box: Box) -> "Wiring":
        """One box inside its like, every port joined to itself."""
        ins = tuple((OUTSIDE, k) for k in range(len(box.inputs)))
        return cls((box,), box, (ins,), tuple((0, k) for k in range(len(box.outputs))))

    def substitute(self, place: int, other: "Wiring") -> "Wiring":
        """Open inner box `place` and put the inside of `other` there.

        Raises:
            InterfaceError: there is no such place, or the box around `other` is not the box it is
                put into.
        """
        instance("other", other, Wiring)
        if type(place) is not int or not 0 <= place < len(self.inner):
            raise InterfaceError(f"place is {place!r}; allowed: 0 to {len(self.inner) - 1}")
        if other.outer != self.inner[place]:
            raise InterfaceError(f"box {place} is {self.inner[place]}; put in was {other.outer}")
        extra = len(other.inner) - 1

        def from_self(source: Source) -> Source:
            box, port = source
            if box == place:
                inside, port = other.show[port]
                return place + inside, port
            return (box + extra if box > place else box), port

        def from_other(source: Source) -> Source:
            box, port = source
            return from_self(self.feed[place][port]) if box == OUTSIDE else (place + box, port)

        outside = [tuple(map(from_self, sources)) for sources in self.feed]
        inside = [tuple(map(from_other, sources)) for sources in other.feed]
        return Wiring(
            self.inner[:place] + other.inner + self.inner[place + 1 :],
            self.outer,
            (*outside[:place], *inside, *outside[place + 1 :]),
            tuple(map(from_self, self.show)),
        )

    def as_lens(self) -> Lens:
        """The lens from the parallel product of the inner interfaces to the outer one.

        >>> bit = Box((2,), (2,))
        >>> Wiring.unit(bit).as_lens() == Lens.identity(bit.interface)
        True
        """
        dom = y
        for box in self.inner:
            dom = dom @ box.interface
        sizes = [size for box in self.inner for size in box.outputs]
        pos, back = [], []
        for shown in range(len(dom)):
            digits = iter(_digits(shown, sizes))
            values = [[next(digits) for _ in box.outputs] for box in self.inner]
            pos.append(_number([values[b][k] for b, k in self.show], list(self.outer.outputs)))
            back.append(
                tuple(self._received(values, given) for given in range(prod(self.outer.inputs)))
            )
        return Lens(dom, self.outer.interface, tuple(pos), tuple(back))

    def _received(self, values: list, given: int) -> int:
        known = [*values, _digits(given, list(self.outer.inputs))]
        sources = [source for sources in self.feed for source in sources]
        sizes = [size for box in self.inner for size in box.inputs]
        return _number([known[b][k] for b, k in sources], sizes)


def _paired(name: str, sizes: tuple, sources: tuple) -> list:
    if len(sizes) != len(sources):
        raise InterfaceError(f"{name}: {len(sources)} sources for {len(sizes)} ports")
    return list(zip(sizes, sources, strict=True))


def _digits(number: int, sizes: list[int]) -> list[int]:
    found = []
    for size in reversed(sizes):
        number, digit = divmod(number, size)
        found.append(digit)
    return found[::-1]


def _number(digits: list[int], sizes: list[int]) -> int:
    number = 0
    for digit, size in zip(digits, sizes, strict=True):
        number = number * size + digit
    return number
