"""What stands in place of an identifier: invented, of the same shape, and the same wherever the same is meant."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import random
import re
import string
from functools import cache

from faker import Faker
from faker.providers.address.en_US import Provider as Addresses
from faker.providers.person.en_US import Provider as People

from ..components.deid.identifiers import IdentifierKind
from ..components.deid.tokens import fold, word_flags
from .dates import shift_date

_LONGEST_SHIFT = 364  # days: within a year, so that ages and seasons stay nearly what they were
_KEPT_WORDS = frozenset(
    [
        "van",
        "von",
        "de",
        "der",
        "den",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "das",
        "du",
        "la",
        "le",
        "los",
        "las",
        "al",
        "el",
        "bin",
        "ibn",
        "ben",
        "ter",
        "ten",
        "y",
        "e",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "and",
    ]
)
_INSTITUTIONS = re.compile(
    r"(?i)\b(hospital|medical cent(?:er|re)|clinic|infirmary|hospice|nursing home|health (?:system|cent(?:er|re)|plan)|"
    r"healthcare|assisted living|university|college|school|church|pharmacy|rehab\w*|dialysis|ambulance|prison|snf)\b"
)
_REGION = re.compile(r"\b[A-Z]{2}\b")
_OLDEST = "90"


class Surrogates:
    """Surrogates for one patient; the same secret and patient give the same ones in every note and run.

    Parameters
    ----------
    secret
        Key of the choice. Who has it and the list of names could find out who is meant: keep it, or throw it away.
    patient_id
        Two patients get different surrogates for the same name, and different shifts of dates.

    Examples
    --------
    >>> one = Surrogates(b"secret", "p1")
    >>> one.replace("Smith, John", IdentifierKind.NAME).split(", ")[::-1] == one.replace(
    ...     "John Smith", IdentifierKind.NAME
    ... ).split()
    True
    >>> one.replace("12", IdentifierKind.ID) == one.replace("12", IdentifierKind.ID)
    True
    """

    def __init__(self, secret: bytes, patient_id: str) -> None:
        self._key = hmac.new(secret, patient_id.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        chance = self._random("shift", "")
        self.days = chance.choice((-1, 1)) * chance.randint(1, _LONGEST_SHIFT)

    def _random(self, kind: str, value: str) -> random.Random:
        digest = hmac.new(self._key, f"{kind}\x1f{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return random.Random(int.from_bytes(digest[:16], "big"))

    def date(self, date: dt.date) -> dt.date:
        """A date moved by the patient's days."""
        return date + dt.timedelta(self.days)

    def replace(self, text: str, kind: IdentifierKind, anchor: dt.date | None = None) -> str:
        """The surrogate for a piece of text. ``anchor`` is the note's date."""
        if kind is IdentifierKind.NAME:
            return self._name(text)
        if kind is IdentifierKind.DATE:
            return shift_date(text, self.days, anchor) or "[DATE]"
        if kind is IdentifierKind.AGE:
            return re.sub(r"\d+", _OLDEST, text) if re.search(r"\d", text) else _cased("ninety", text)
        if kind is IdentifierKind.EMAIL:
            return f"{self._scrambled(text.partition('@')[0], 'email')}@example.com"
        if kind is IdentifierKind.URL:
            return f"https://example.org/{self._random('url', text.lower()).randrange(10**6):06}"
        if kind is IdentifierKind.IP:
            return f"192.0.2.{self._random('ip', text).randint(1, 254)}"
        if kind is IdentifierKind.ADDRESS:
            return "\n".join(self._address(line) for line in text.split("\n"))
        if kind is IdentifierKind.LOCATION:
            return self._location(text)
        if kind is IdentifierKind.ORGANIZATION:
            return self._organization(text)
        if kind is IdentifierKind.PHONE:
            return self._phone(text)
        return self._scrambled(text, "id")

    def _name(self, text: str) -> str:
        """Word by word, so that "Smith, John" and "John" stay one person."""
        return re.sub(r"[^\W\d_]+", lambda match: self._name_word(match.group()), text)

    def _name_word(self, word: str) -> str:
        folded = fold(word)
        if folded in _KEPT_WORDS:
            return word
        chance = self._random("name", folded)
        if len(word) <= 2 or (word.isupper() and len(word) == 3 and folded not in word_flags()):
            letters = "".join(chance.choice(string.ascii_uppercase) for _ in word)
            return letters.lower() if word.islower() else letters if word.isupper() else letters.capitalize()
        names = _names()
        flags = word_flags().get(folded, "")
        kind = "female" if folded in names["known female"] else "male" if folded in names["known male"] else "last"
        if kind != "last" and re.search("s[12]", flags) and not re.search("f1", flags):
            kind = "last"
        choice = names[kind][chance.randrange(len(names[kind]))]
        if fold(choice) == folded:
            choice = names[kind][(names[kind].index(choice) + 1) % len(names[kind])]
        return _cased(choice, word)

    def _scrambled(self, text: str, kind: str) -> str:
        """Figures for figures and letters for letters; how it is spaced or dashed does not matter."""
        chance = self._random(kind, re.sub(r"[\W_]", "", text).lower())

        def other(character: str) -> str:
            if character.isdigit():
                return chance.choice(string.digits)
            if character.isalpha():
                letter = chance.choice(string.ascii_lowercase)
                return letter.upper() if character.isupper() else letter
            return character

        return "".join(map(other, text))

    def _phone(self, text: str) -> str:
        """A number of the block that is kept for fiction, where it is long enough."""
        digits = re.sub(r"\D", "", re.split(r"(?i)x|ext", text)[0])
        new = self._scrambled(digits, "phone")
        if len(digits) >= 7:
            new = new[:-7] + "55501" + new[-2:]
        rest = iter(new)
        return "".join(next(rest, self._scrambled(c, "extension")) if c.isdigit() else c for c in text)

    def _faker(self, kind: str, value: str) -> Faker:
        fake = _fake()
        fake.seed_instance(self._random(kind, value).randrange(2**32))
        return fake

    def _address(self, line: str) -> str:
        if not re.search(r"[^\W\d_]{3}", line) or re.fullmatch(
            r"(?i)\W*(apt|suite|ste|unit|flat|#|p\.?o\.? box|\W|\d)+[a-z]?", line
        ):
            return (
                self._scrambled(line, "address")
                if not re.search(r"[^\W\d_]{2}", line)
                else re.sub(r"\d+", lambda m: self._scrambled(m.group(), "address"), line)
            )
        new = str(self._faker("address", _squeezed(line)).street_address())
        return _cased(new if re.search(r"\d", line) else re.sub(r"^\d+ ", "", new), line)

    def _location(self, text: str) -> str:
        if re.search(r"\d", text):
            return re.sub(r"\d+", lambda m: self._scrambled(m.group(), "room"), text)
        parts = re.split(r"(,\s*)", text)
        return "".join(part if index % 2 else self._place(part) for index, part in enumerate(parts))

    def _place(self, text: str) -> str:
        chance = self._random("place", _squeezed(text))
        if _REGION.fullmatch(text.strip()):
            return chance.choice(Addresses.states_abbr)
        names = _names()["last"]
        ending = chance.choice(("ville", "ton", "burgh", "side", "stad", "view"))
        return _cased(names[chance.randrange(len(names))] + ending, text)

    def _organization(self, text: str) -> str:
        chance = self._random("organization", _squeezed(text))
        names = _names()["last"]
        name = names[chance.randrange(len(names))]
        match = _INSTITUTIONS.search(text)
        ending = match.group().title() if match else chance.choice(("Group", "Partners", "and Sons", "Inc"))
        return _cased(f"{name} {ending}", text)


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", " ", fold(text)).strip()


def _cased(new: str, old: str) -> str:
    """The new words in capitals or small letters where the old ones were."""
    letters = [c for c in old if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return new.upper()
    return new.lower() if letters and all(c.islower() for c in letters) else new


@cache
def _fake() -> Faker:
    return Faker("en_US")


@cache
def _names() -> dict[str, list[str]]:
    """Names to choose from: none that is a word of the language or of medicine, so that no finding is made up."""

    def plain(names: object) -> list[str]:
        lists = word_flags()
        return sorted({n for n in names if not re.search("[wmgcp]", lists.get(fold(n), "w"))})  # type: ignore[attr-defined]

    female, male = list(People.first_names_female), list(People.first_names_male)
    return {
        "female": plain(female), "male": plain(male), "last": plain(People.last_names),
        "known female": sorted({n.lower() for n in female} - {n.lower() for n in male}),
        "known male": sorted({n.lower() for n in male}),
    }  # fmt: skip
