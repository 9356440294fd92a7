"""A page as a tree, strictly read: a tag that is not closed, or closed twice, is an error."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
_SVG_SELF_CLOSED = frozenset({"path", "circle", "rect"})


@dataclass
class Node:
    """An element; `children` are elements and texts in order."""

    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)
    parent: "Node | None" = field(default=None, repr=False)

    def all(self, *tags: str, **attributes: str) -> list["Node"]:
        """Return the elements below with one of the tags (any if none) and these attributes (`_` is `-`)."""
        asked = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            node
            for node in self.walk()
            if (not tags or node.tag in tags) and all(node.attributes.get(k) == v for k, v in asked.items())
        ]

    def having(self, attribute: str) -> list["Node"]:
        """Return the elements below that have the attribute."""
        return [node for node in self.walk() if attribute in node.attributes]

    def walk(self) -> Iterator["Node"]:
        """Give every element below, in order."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def texts(self) -> Iterator[tuple["Node", str]]:
        """Give every text with the element it stands in."""
        for child in self.children:
            if isinstance(child, Node):
                yield from child.texts()
            elif child.strip():
                yield self, child.strip()

    @property
    def text(self) -> str:
        """All text below, with single blanks."""
        return " ".join(" ".join(text for _, text in self.texts()).split())

    def nearest(self, attribute: str) -> str | None:
        """Return the attribute here or at the next element above that has it."""
        node: Node | None = self
        while node is not None:
            if attribute in node.attributes:
                return node.attributes[attribute]
            node = node.parent
        return None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, {name: value or "" for name, value in attrs}, parent=self.open)
        self.open.children.append(node)
        if tag not in _VOID:
            self.open = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _SVG_SELF_CLOSED, f"<{tag}/> is no HTML"
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.tag == tag, f"</{tag}> closes <{self.open.tag}>"
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


def read_page(page: str) -> Node:
    """Return the page's tree; fail if it is not well formed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open is reader.root, f"<{reader.open.tag}> is not closed"
    return reader.root
