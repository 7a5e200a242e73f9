"""How many names of a list the vocabulary knows: diagnoses of a case set, labels of a classifier, a problem list."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...schemas.problems import UserError
from ...schemas.vocabulary import Vocabulary

_STRAY = " \t\r\n\"'"
_BRACKETS = re.compile(r"\s*[(\[]([^)\]]*)[)\]]")


@dataclass(frozen=True)
class NameReport:
    """How many distinct names are known.

    Attributes
    ----------
    names : int
        Distinct names of the list.
    found : int
        Those that the vocabulary knows, as written, without what stands in brackets, by that alone, or by one of
        several names that a stroke divides.
    by_label : dict
        What they are: node label of the best concept -> number.
    missing : tuple of str
        Those that it does not know.
    rows, rows_found : int
        The same with a name counted as often as the list has it.
    """

    names: int
    found: int
    by_label: dict[str, int]
    missing: tuple[str, ...]
    rows: int = 0
    rows_found: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The figures and the missing names.

        Examples
        --------
        >>> NameReport(2, 1, {"Disease": 1}, ("ague",)).to_dict()["share"]
        0.5
        """
        share = round(self.found / self.names, 4) if self.names else 0.0
        return {
            "names": self.names,
            "found": self.found,
            "share": share,
            "rows": self.rows,
            "share_of_rows": round(self.rows_found / self.rows, 4) if self.rows else 0.0,
            **{f"as {label}": number for label, number in sorted(self.by_label.items())},
            "missing": list(self.missing),
        }


def evaluate_names(path: str | Path, vocabulary: Vocabulary, *, column: str | None = None) -> NameReport:
    """Look up every distinct name of a list.

    Parameters
    ----------
    path
        A text file with one name a line, or a .csv file.
    vocabulary
        Where the names are looked up.
    column
        Column of the .csv file that holds the names. May be left out if there is one column only.
    """
    labels: Counter[str] = Counter()
    missing = []
    names = Counter(bare for name in _names(Path(path), column) if (bare := name.strip(_STRAY)))
    for name in sorted(names):
        label = _label(name, vocabulary)
        if label is None:
            missing.append(name)
        else:
            labels[label] += 1
    rows, lost = sum(names.values()), sum(names[name] for name in missing)
    return NameReport(len(names), len(names) - len(missing), dict(labels), tuple(missing), rows, rows - lost)


def _label(name: str, vocabulary: Vocabulary) -> str | None:
    plain = _BRACKETS.sub("", name)
    for form in (name, plain, *_BRACKETS.findall(name), *plain.split("/")):
        found = [c for c in vocabulary.lookup(form) if c.kind != "related"]
        if found:
            return vocabulary.concept(found[0].concept).label
    return None


def _names(path: Path, column: str | None) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} cannot be read ({type(error).__name__})", "give a text or .csv file in UTF-8"
        ) from error
    if path.suffix.lower() != ".csv":
        yield from (line.strip() for line in text.splitlines())
        return
    rows = csv.DictReader(text.splitlines(keepends=True))
    columns = list(rows.fieldnames or ())
    if column is None and len(columns) == 1:
        column = columns[0]
    if column not in columns:
        wanted = f'no column "{column}"' if column else "several columns"
        raise UserError(
            f"{path.name} has {wanted}. Columns found: {', '.join(columns)}", "say which one holds the names: --column"
        )
    for row in rows:
        yield (row[column] or "").strip()
