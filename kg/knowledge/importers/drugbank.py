"""DrugBank's full database XML, one drug in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from .reading import InputFile, InputFiles, Rejected
from .records import Concept, Fact, LeftOut, Record

_CHUNK = 1 << 18
_NAMESPACE = "{http://www.drugbank.ca}"
_HEAD_VERSION = re.compile(r'<drugbank\b[^>]*?\sversion="([^"]+)"')
_HEAD_DATE = re.compile(r'<drugbank\b[^>]*?\sexported-on="([^"]+)"')


def version(files: InputFiles) -> str | None:
    """Version and date of the root element."""
    head = "".join(_main(files).head(20))
    found = [m[1] for m in (_HEAD_VERSION.search(head), _HEAD_DATE.search(head)) if m]
    return " of ".join(found) or None


def _main(files: InputFiles) -> InputFile:
    return files.one("full database.xml", "full_database.xml", "drugbank*.xml", "*.xml")


def records(files: InputFiles) -> Iterator[Record]:
    """Each drug with its classes, and its interactions with other drugs."""
    file = _main(files)
    for drug in _drugs(file):
        if isinstance(drug, Rejected):
            yield drug
        else:
            yield from _records_of(file, *drug)


def _records_of(file: InputFile, line: int, drug: Element) -> Iterator[Record]:
    place = file.place(line)
    ids = [(e.get("primary") == "true", (e.text or "").strip()) for e in drug.findall(f"{_NAMESPACE}drugbank-id")]
    id = next((i for primary, i in sorted(ids, reverse=True) if i), "")
    if not id:
        yield Rejected(place, "the drug has no DrugBank id")
        return
    drug_id = f"DRUGBANK:{id}"
    same_as = [f"UNII:{t}" for t in _texts(drug, "unii")] + [f"CAS:{t}" for t in _texts(drug, "cas-number")]
    synonyms = tuple(_texts(drug, "synonyms", "synonym"))
    name = next(iter(_texts(drug, "name")), "")
    yield Concept(drug_id, "Drug", name, place, tuple(same_as), synonyms)
    yield from _classes(file, line, drug, drug_id)
    for other in _all(drug, "drug-interactions", "drug-interaction"):
        other_id = next(iter(_texts(other, "drugbank-id")), "")
        if not other_id:
            yield Rejected(place, f"an interaction of {drug_id} names no drug")
            continue
        effect = next(iter(_texts(other, "description")), None)
        properties = {"severity": "moderate", "effect": effect}
        yield Fact("INTERACTS_WITH", drug_id, f"DRUGBANK:{other_id}", place, properties)


def _classes(file: InputFile, line: int, drug: Element, drug_id: str) -> Iterator[Record]:
    place = file.place(line)
    for category in _all(drug, "categories", "category"):
        name = next(iter(_texts(category, "category")), "")
        mesh = next(iter(_texts(category, "mesh-id")), "")
        if not mesh:
            yield LeftOut("DrugBank: categories without a MeSH id")
            continue
        yield Concept(f"MESH:{mesh}", "DrugClass", name, place, by_name=False)
        yield Fact("IN_CLASS", drug_id, f"MESH:{mesh}", place)
    for code in _all(drug, "atc-codes", "atc-code"):
        levels = code.findall(f"{_NAMESPACE}level")
        if levels and levels[0].get("code"):  # the narrowest group stands first
            class_id = f"ATC:{levels[0].get('code')}"
            yield Concept(class_id, "DrugClass", (levels[0].text or "").strip(), place)
            yield Fact("IN_CLASS", drug_id, class_id, place)


def _all(element: Element, *path: str) -> list[Element]:
    return element.findall("/".join(_NAMESPACE + step for step in path))


def _texts(element: Element, *path: str) -> list[str]:
    return [text for e in _all(element, *path) if (text := " ".join((e.text or "").split()))]


def _drugs(file: InputFile) -> Iterator[tuple[int, Element] | Rejected]:
    """The children of the root with the line they begin on. Drugs also stand within pathways: those are not ours."""
    builder: TreeBuilder | None = None
    depth = 0
    done: list[tuple[int, Element]] = []
    begin = 0
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal builder, depth, begin
        depth += 1
        if depth == 2:
            builder, begin = TreeBuilder(), parser.CurrentLineNumber
        if builder is not None:
            builder.start("{" + tag if "}" in tag else tag, attributes)

    def end(tag: str) -> None:
        nonlocal builder, depth
        if builder is not None:
            builder.end("{" + tag if "}" in tag else tag)
        if depth == 2 and builder is not None:
            done.append((begin, builder.close()))
            builder = None
        depth -= 1

    def text(data: str) -> None:
        if builder is not None:
            builder.data(data)

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        with file.open() as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
                file.tell()
                yield from _own(file, done)
                done.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from _own(file, done)
        yield file.broken_off(error.lineno, error)
    except (EOFError, OSError) as error:
        yield from _own(file, done)
        yield file.broken_off(parser.CurrentLineNumber, error)


def _own(file: InputFile, elements: list[tuple[int, Element]]) -> Iterator[tuple[int, Element] | Rejected]:
    for line, element in elements:
        if element.tag == f"{_NAMESPACE}drug":
            yield line, element
        else:
            yield Rejected(
                file.place(line), f"<{element.tag}> where a drug of the namespace http://www.drugbank.ca belongs"
            )
