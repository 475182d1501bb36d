"""Matplotlib's SVG made small and accessible: attributes for styles, circles for dots, a key on every mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lxml import etree

from sendwaits.release.charts.palette import INK

__all__ = ["Marks", "clean"]

_NS = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_RECT = re.compile(
    r"M(-?[\d.]+) (-?[\d.]+)L(-?[\d.]+) (-?[\d.]+)L(-?[\d.]+) (-?[\d.]+)L(-?[\d.]+) (-?[\d.]+)Z"
)
_USUAL = {
    "stroke-linejoin": "round",
    "stroke-linecap": "butt",
    "stroke-width": "1",
    "stroke-dashoffset": "0",
    "text-anchor": "start",
    "font-size": "14px",
    "opacity": "1",
    "fill": INK,
}
_PARSER = dict(load_dtd=False, no_network=True, resolve_entities=False, remove_comments=True)


class Marks(NamedTuple):
    """The keys of one artist's marks, in the order in which they are drawn; whether its words have a halo."""

    keys: list[str]
    halo: bool = False


class _Markers(Iterator[str]):
    """Keys that belong to the markers of a line, not to the line itself."""

    def __init__(self, keys: Iterator[str]) -> None:
        self.keys = keys

    def __next__(self) -> str:
        return next(self.keys)


class _Page:
    """What the walk over the drawing carries: shapes and clips by id, marks by id, the prefix of ids kept."""

    def __init__(self, root: etree._Element, marks: dict[str, Marks], prefix: str) -> None:
        self.byid = {e.get("id"): e for e in root.iter() if e.get("id")}
        self.marks, self.prefix = marks, prefix
        self.used: dict[str, etree._Element] = {}


def clean(raw: bytes, marks: dict[str, Marks], alt: str, prefix: str) -> str:
    """The drawing as one element without ids, styles or metadata; ``alt`` its label, without one it is decoration."""
    root = etree.fromstring(raw, etree.XMLParser(**_PARSER))
    width, height = (_short(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    out = etree.Element("svg", {"viewBox": f"0 0 {width} {height}"})
    said = (
        {"role": "img", "aria-label": alt} if alt else {"aria-hidden": "true", "focusable": "false"}
    )
    look = {
        "width": width,
        "height": height,
        "font-family": "Arial, Helvetica, sans-serif",
        "font-size": "14",
        "fill": INK,
        "stroke-linejoin": "round",
    }
    out.attrib.update({**said, **look})
    page = _Page(root, marks, prefix)
    for child in root:
        _walk(page, child, out, iter(()), False)
    if page.used:
        out.insert(0, _definitions(page))
    text = etree.tostring(out, encoding="unicode")
    return text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _walk(page: _Page, node: Any, out: etree._Element, keys: Iterator[str], halo: bool) -> None:
    tag = str(node.tag).removeprefix(_NS)
    if tag in ("defs", "metadata", "style", "title"):
        return
    if tag in ("g", "a"):
        name = node.get("id", "")
        if name in page.marks:
            keys, halo = iter(page.marks[name].keys), page.marks[name].halo
            if node.find(f".//{_NS}use") is not None:
                keys = _Markers(keys)
        inner = _group(page, node, out, name)
        for child in node:
            _walk(page, child, inner, keys, halo)
        if inner is not out and not len(inner):
            out.remove(inner)
        if name in page.marks and next(keys, None) is not None:
            raise AssertionError(f"fewer marks than keys in {name}")
        return
    made = _SHAPES.get(tag, _other)(page, node)
    if made is None:
        return
    _clip(page, node, made)
    skip = isinstance(keys, _Markers) and tag != "use"
    if not skip and (key := next(keys, None)) is not None:
        made.set("data-key", key)
    if halo and tag == "text":
        made.attrib.update({"stroke": "#fff", "stroke-width": "4", "paint-order": "stroke"})
    out.append(made)


def _group(page: _Page, node: Any, out: etree._Element, name: str) -> etree._Element:
    """The same place in the output, or a group where one is needed: an axis (hidden from readers), a turn."""
    kept = {k: _short(node.get(k)) for k in ("transform", "opacity") if node.get(k)}
    if node.get("style"):
        kept |= _style(node)
    if re.match(r"matplotlib\.axis_\d+$", name):
        kept["aria-hidden"] = "true"
    return etree.SubElement(out, "g", kept) if kept else out


def _style(*nodes: Any) -> dict[str, str]:
    """Style declarations as attributes, the later node's first, without those that say the usual."""
    found: dict[str, str] = {}
    for node in nodes:
        for part in filter(None, (node.get("style") or "").split(";")):
            name, _, value = part.partition(":")
            found[name.strip()] = value.strip()
    found.pop("font-family", None)
    if found.get("stroke", "none") == "none":
        found = {k: v for k, v in found.items() if not k.startswith("stroke")}
    if (size := found.get("font-size")) and size != "14px":
        found["font-size"] = size.removesuffix("px")
    return {k: v for k, v in found.items() if _USUAL.get(k) != v}


def _short(text: str) -> str:
    """Numbers to a tenth of a pixel, without spaces that a path does not need."""

    def one(match: re.Match[str]) -> str:
        rounded = f"{float(match[0]):.1f}"
        return (
            rounded.removesuffix(".0").replace("-0", "0")
            if rounded in ("-0.0",)
            else rounded.removesuffix(".0")
        )

    return _NUMBER.sub(one, text)


def _outline(text: str) -> str:
    return re.sub(r"\s*([MLCQZz])\s*", lambda m: m[1].upper(), _short(" ".join(text.split())))


def _path(page: _Page, node: Any) -> etree._Element | None:
    style, outline = _style(node), _outline(node.get("d", ""))
    nothing = style.get("fill") == "none" and "stroke" not in style
    if nothing or not re.search("[LCQ]", outline):
        return None
    if corners := _RECT.fullmatch(outline):
        at = [float(c) for c in corners.groups()]
        xs, ys = sorted(at[0::2]), sorted(at[1::2])
        if xs[0] == xs[1] and xs[2] == xs[3] and ys[0] == ys[1] and ys[2] == ys[3]:
            sides = {"x": xs[0], "y": ys[0], "width": xs[3] - xs[0], "height": ys[3] - ys[0]}
            return etree.Element("rect", {k: _short(repr(v)) for k, v in sides.items()} | style)
    if outline.count("C") == 8:
        return _circle(outline, 0, 0, style)
    return etree.Element("path", {"d": outline, **style})


def _circle(outline: str, x: float, y: float, style: dict[str, str]) -> etree._Element:
    numbers = [float(n) for n in _NUMBER.findall(outline)]
    xs, ys = numbers[0::2], numbers[1::2]
    at = {"cx": x + (min(xs) + max(xs)) / 2, "cy": y + (min(ys) + max(ys)) / 2}
    at["r"] = (max(xs) - min(xs)) / 2
    return etree.Element("circle", {k: _short(repr(v)) for k, v in at.items()} | style)


def _use(page: _Page, node: Any) -> etree._Element | None:
    """A marker: its shape drawn at its place."""
    shape = page.byid[node.get(_HREF).removeprefix("#")]
    x, y = float(node.get("x", 0)), float(node.get("y", 0))
    style, outline = _style(node, shape), shape.get("d", "")
    if outline.count("C") == 8:
        return _circle(outline, x, y, style)
    turn = iter(range(10**6))
    moved = _NUMBER.sub(
        lambda m: repr(float(m[0]) + (y if next(turn) % 2 else x)), " ".join(outline.split())
    )
    return etree.Element("path", {"d": _outline(moved), **style})


def _text(page: _Page, node: Any) -> etree._Element | None:
    if not (node.text or "").strip():
        return None
    style = _style(node)
    if int(style.get("font-weight", 400)) >= 600:
        style["font-weight"] = "700"
    at = {k: _short(node.get(k)) for k in ("x", "y") if node.get(k)}
    turn = re.sub(r"\s*rotate\(-?0[^)]*\)", "", node.get("transform", ""))
    if moved := re.fullmatch(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", turn):
        at |= {"x": _short(moved[1]), "y": _short(moved[2])}
    elif turn:
        at["transform"] = _short(turn)
    made = etree.Element("text", at | style)
    made.text = node.text
    return made


def _other(page: _Page, node: Any) -> etree._Element:
    """Anything else that a figure of the caller's may hold (a picture): as it is, no address but data."""
    made = etree.Element(str(node.tag).removeprefix(_NS))
    for name, value in node.attrib.items():
        if name == _HREF and value.startswith("data:"):
            made.set("href", value)
        elif name not in ("id", "style", "clip-path", _HREF) and not name.startswith("on"):
            made.set(name, value)
    made.attrib.update(_style(node))
    made.text = node.text
    for child in node:
        made.append(_other(page, child))
    return made


_SHAPES = {"path": _path, "use": _use, "text": _text}


def _clip(page: _Page, node: Any, made: etree._Element) -> None:
    """A clip only where the shape really reaches beyond it."""
    holder = node if node.get("clip-path") else node.getparent()
    name = (holder.get("clip-path") or "")[5:-1]
    if not name or name not in page.byid:
        return
    rect = page.byid[name][0]
    left, top = float(rect.get("x", 0)), float(rect.get("y", 0))
    right, bottom = left + float(rect.get("width", 0)), top + float(rect.get("height", 0))
    if made.tag == "circle":
        numbers = [float(made.get("cx")), float(made.get("cy"))]
    elif made.tag == "rect":
        x, y, w, h = (float(made.get(k)) for k in ("x", "y", "width", "height"))
        numbers = [x, y, x + w, y + h]
    elif made.tag == "path":
        numbers = [float(n) for n in _NUMBER.findall(made.get("d"))]
    else:
        return
    inside = all(left - 1 <= x <= right + 1 for x in numbers[0::2]) and all(
        top - 1 <= y <= bottom + 1 for y in numbers[1::2]
    )
    if not inside:
        page.used[name] = rect
        made.set("clip-path", f"url(#{page.prefix}{name})")


def _definitions(page: _Page) -> etree._Element:
    defs = etree.Element("defs")
    for name, rect in page.used.items():
        clip = etree.SubElement(defs, "clipPath", {"id": f"{page.prefix}{name}"})
        sides = {k: _short(rect.get(k)) for k in ("x", "y", "width", "height") if rect.get(k)}
        etree.SubElement(clip, "rect", sides)
    return defs
