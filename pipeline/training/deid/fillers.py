"""Invented values for the slots of a template: names, dates, numbers, places, in the shapes that notes have them."""

from __future__ import annotations

import datetime as dt
import random
import re
import string
import tomllib
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from importlib.resources import files

from ...components.deid.identifiers import IdentifierKind
from ...components.deid.tokens import word_flags

K = IdentifierKind
Part = tuple[str, IdentifierKind | None]  # a piece of text, and what it is

_FIRST_WEIGHTS = {"f1": 6, "f2": 4, "f3": 2, "f4": 2}
_LAST_WEIGHTS = {"s1": 4, "s2": 4, "s3": 4, "s4": 2}


class Filler:
    """Fills slots with values drawn from one random source.

    Parameters
    ----------
    random
        The source; the same one gives the same values.
    diseases, drugs, words
        Medical names and words, which are nothing personal.
    """

    def __init__(
        self, random: random.Random, diseases: Sequence[str] = (), drugs: Sequence[str] = (), words: Sequence[str] = ()
    ) -> None:
        self.random = random
        self.diseases = diseases or ("asthma", "Crohn disease")
        self.drugs = drugs or ("aspirin", "metformin")
        self.words = words or ("pain", "surgery")

    def fill(self, slot: str) -> list[Part]:
        """The parts that stand in place of ``{slot}``."""
        return self._slots[slot]()

    @cached_property
    def _slots(self) -> dict[str, Callable[[], list[Part]]]:
        return {
            "name": self.name, "full": lambda: [(self.full(), K.NAME)], "first": lambda: [(self.given(), K.NAME)],
            "last": lambda: [(self.surname(), K.NAME)], "staff": self.staff, "lastfirst": self.last_first,
            "initials": lambda: [(self.initials(), K.NAME)], "date": lambda: [(self.date(), K.DATE)],
            "day": lambda: [(self.day(), K.DATE)], "year": lambda: [(self.year(), K.DATE)],
            "age": lambda: [(self.age(), K.AGE)], "phone": lambda: [(self.phone(), K.PHONE)],
            "email": lambda: [(self.email(), K.EMAIL)], "url": lambda: [(self.url(), K.URL)],
            "ip": lambda: [(".".join(str(self.random.randint(1, 254)) for _ in range(4)), K.IP)],
            "id": lambda: [(self.number(), K.ID)], "login": lambda: [(self.login(), K.ID)],
            "card": lambda: [(self.card(), K.ID)], "iban": lambda: [(self.iban(), K.ID)],
            "ssn": lambda: [(self.pattern("###-##-####"), K.ID)],
            "street": lambda: [(self.street(), K.ADDRESS)], "address": self.address,
            "building": lambda: [(self.pattern(self.pick(("##", "###", "####", "#####"))), K.ADDRESS)],
            "zip": lambda: [(self.zip(), K.ADDRESS)], "place": lambda: [(self.place(), K.LOCATION)],
            "room": lambda: [(self.room(), K.LOCATION)],
            "org": lambda: [(self.compose(_lists()["companies"]), K.ORGANIZATION)],
            "hospital": lambda: [(self.compose(_lists()["hospitals"]), K.ORGANIZATION)],
            "disease": lambda: [(self.pick(self.diseases), None)], "drug": lambda: [(self.pick(self.drugs), None)],
            "word": lambda: [(self.pick(self.words), None)],
            "Word": lambda: [(self.pick(self.words).capitalize(), None)],
            "WORD": lambda: [(self.pick(self.words).upper(), None)],
            "n": lambda: [(str(self.random.choice((self.random.randint(1, 9), self.random.randint(10, 300)))), None)],
            "time": lambda: [(self.time(), None)],
            "title": lambda: [(self.pick(("Mr.", "Mrs.", "Ms.", "Dr.", "Miss")), None)],
            "nrp": lambda: [(self.pick(("American", "Spanish", "French", "Chinese", "Somali", "Polish")), None)],
        }  # fmt: skip

    def pick(self, values: Sequence[str]) -> str:
        """One of the values."""
        return values[int(self.random.random() * len(values))]

    def chance(self, share: float) -> bool:
        """True in this share of calls."""
        return self.random.random() < share

    def pattern(self, shape: str) -> str:
        """``#`` becomes a figure, ``@`` a capital letter."""
        digit, letter = string.digits, string.ascii_uppercase
        return re.sub("[#@]", lambda m: self.pick(digit if m.group() == "#" else letter), shape)

    # names -------------------------------------------------------------------------------------------------------
    def given(self) -> str:
        """A given name, now and then one that is made up or also a word."""
        roll = self.random.random()
        if roll < 0.25:
            return self.pick(_foreign()["f"])
        if roll < 0.35:
            return self._made_up(_listed(tuple(_FIRST_WEIGHTS)))
        rank = self.random.choices(list(_FIRST_WEIGHTS), list(_FIRST_WEIGHTS.values()))[0]
        name = self.pick(_listed((rank,)))
        return f"{name}-{self.pick(_listed(('f1',)))}" if self.chance(0.02) else name

    def surname(self) -> str:
        """A surname, also double, with a particle, made up, or a word of the language."""
        roll = self.random.random()
        if roll < 0.25:
            return self.pick(_foreign()["s"])
        if roll < 0.37:
            return self._made_up(_listed(tuple(_LAST_WEIGHTS)))
        if roll < 0.45:
            return self.pick(_wordlike())
        rank = self.random.choices(list(_LAST_WEIGHTS), list(_LAST_WEIGHTS.values()))[0]
        name = self.pick(_listed((rank,)))
        if self.chance(0.05):
            return f"{name}-{self.pick(_listed(('s2',)))}"
        if self.chance(0.04):
            return (
                self.pick(("van ", "de ", "de la ", "von ", "O'", "Mc", "D'", "St. ", "el-", "Al-", "Mac", "di "))
                + name
            )
        return name

    def _made_up(self, names: Sequence[str]) -> str:
        """The start of one name and the end of another: what matters is where it stands."""
        one, other = self.pick(names), self.pick(names)
        return (one[: max(2, len(one) // 2)] + other[len(other) // 2 :].lower()).capitalize()

    def full(self) -> str:
        """First and last name, at times with a middle one."""
        roll = self.random.random()
        middle = ""
        if roll < 0.15:
            middle = f" {self.pick(string.ascii_uppercase)}."
        elif roll < 0.22:
            middle = f" {self.pick(string.ascii_uppercase)}"
        elif roll < 0.28:
            middle = f" {self.given()}"
        elif roll < 0.3:
            middle = f' "{self.given()}"'
        first = self.given()
        if self.chance(0.08):
            first = first[0] + ("." if self.chance(0.7) else "")
        suffix = self.pick((" Jr", " Jr.", ", Jr.", " III", " Sr.")) if self.chance(0.03) else ""
        return f"{first}{middle} {self.surname()}{suffix}"

    def name(self) -> list[Part]:
        """A name in any of the shapes of a header."""
        roll = self.random.random()
        if roll < 0.5:
            return [(self.full(), K.NAME)]
        if roll < 0.85:
            return self.last_first()
        return [(self.surname() if self.chance(0.5) else self.given(), K.NAME)]

    def last_first(self) -> list[Part]:
        """``Smith, John A.``"""
        middle = self.pick(("", "", f" {self.pick(string.ascii_uppercase)}.", f" {self.pick(string.ascii_uppercase)}"))
        return [(f"{self.surname()}{self.pick((', ', ', ', ', ', ',', ' '))}{self.given()}{middle}", K.NAME)]

    def staff(self) -> list[Part]:
        """A doctor or nurse, with titles and credentials, which are nothing personal."""
        roll = self.random.random()
        if roll < 0.25:
            return [("Dr. " if self.chance(0.7) else "Dr ", None), (self.pick((self.surname(), self.full())), K.NAME)]
        if roll < 0.35:
            return [(f"{self.surname()}, {self.given()}", K.NAME), (", " + self.pick(_lists()["credentials"]), None)]
        if roll < 0.42:
            return [(self.surname(), K.NAME), (self.pick((", ", " ")) + self.pick(_lists()["credentials"]), None)]
        if roll < 0.5:
            return [(self.full(), K.NAME)]
        if roll < 0.56:
            return [
                (f"{self.pick(string.ascii_uppercase)}. {self.surname()}", K.NAME),
                (self.pick((", ", " ")) + self.pick(_lists()["credentials"]), None),
            ]
        return [(self.full(), K.NAME), (self.pick((", ", ", ", " ")) + self.pick(_lists()["credentials"]), None)]

    def initials(self) -> str:
        """Two or three letters."""
        letters = "".join(self.pick(string.ascii_uppercase) for _ in range(self.random.choice((2, 2, 3, 3, 1))))
        roll = self.random.random()
        return letters.lower() if roll < 0.45 else ".".join(letters) + "." if roll < 0.55 else letters

    # dates -------------------------------------------------------------------------------------------------------
    def date(self) -> str:
        """A date in any shape."""
        day = dt.date(self.random.choice((self.random.randint(1920, 2025), self.random.randint(1995, 2025))), 1, 1)
        day += dt.timedelta(days=self.random.randint(0, 364))
        month = self.pick(_lists()["months"][day.month - 1 : day.month])
        short = month[:3]
        weekday = _lists()["weekdays"][day.weekday()]
        d, m, y = day.day, day.month, day.year
        suffix = "th" if 10 < d < 20 else {1: "st", 2: "nd", 3: "rd"}.get(d % 10, "th")
        shapes = (
            f"{m:02}/{d:02}/{y}", f"{m}/{d}/{y}", f"{m}/{d}/{y % 100:02}", f"{m:02}/{d:02}/{y % 100:02}", f"{m}/{d}",
            f"{y}-{m:02}-{d:02}", f"{m}-{d}-{y % 100:02}", f"{d:02}.{m:02}.{y}", f"{d}/{m}/{y}", f"{month} {d}, {y}",
            f"{short} {d}, {y}", f"{d} {short} {y}", f"{d}-{short}-{y}", f"{d:02}-{short.upper()}-{y}", f"{month} {d}",
            f"{month} {d}{suffix}", f"{month} {y}", f"{m}/{y}", f"{d}{suffix} {month} {y}",
            f"the {d}{suffix} of {month}",
            f"{short}. {d}", f"{y}", f"{month}", f"{y}{m:02}{d:02}", f"{m:02}{d:02}{y % 100:02}", f"{m:02}-{d:02}-{y}",
            f"{weekday}, {month} {d}", f"{short} '{y % 100:02}", f"{m}.{d}.{y % 100:02}",
            f"{y}-{m:02}-{d:02} {self.pattern('1#:0#')}", f"{d} {month}", f"{short} {y}", f"the {d}{suffix}",
        )  # fmt: skip
        return self.pick(shapes)

    def day(self) -> str:
        """A weekday, a holiday or a day in words."""
        roll = self.random.random()
        if roll < 0.5:
            return self.pick(_lists()["weekdays"])
        if roll < 0.65:
            return self.pick(("Mon", "Tues", "Wed", "Thurs", "Fri", "Sat", "Sun"))
        if roll < 0.75:
            return self.pick(("Christmas", "Thanksgiving", "Easter", "New Year's Eve", "July 4th", "Memorial Day"))
        return self.date()

    def year(self) -> str:
        """A year."""
        return str(self.random.randint(1940, 2025)) if self.chance(0.93) else f"'{self.random.randint(0, 99):02}"

    def time(self) -> str:
        """A time of the day."""
        return self.pick(
            (self.pattern("1#:0#"), self.pattern("0#:3# AM"), self.pattern("1#1#"), self.pattern("#:4# p.m."))
        )

    def age(self) -> str:
        """An age; the tagger learns all, those over 89 are identifiers."""
        return str(self.random.choice((self.random.randint(1, 89), self.random.randint(18, 105))))

    # numbers -----------------------------------------------------------------------------------------------------
    def phone(self) -> str:
        """A phone number, American or of elsewhere."""
        shapes = _lists()["phones"]
        return self.pattern(self.pick(shapes).replace("@", self.pick(_lists()["areas"])))

    def number(self) -> str:
        """A record, account or serial number."""
        shapes = _lists()["numbers"]
        return self.pattern(self.pick(shapes))

    def card(self) -> str:
        """Digits of a payment card."""
        return self.pattern(
            self.pick(
                ("4###############", "5###############", "3##############", "6###########", "4###-####-####-####")
            )
        )

    def iban(self) -> str:
        """An account number."""
        return self.pattern(
            self.pick(("GB##@@@@##############", "DE####################", "FR## #### #### #### #### #### ###"))
        )

    def login(self) -> str:
        """A user name."""
        return self.given().lower()[:1] + self.surname().lower().replace(" ", "") + self.pick(("", "1", "22"))

    def email(self) -> str:
        """An e-mail address."""
        return f"{self.login()}@{self.surname().lower().replace(' ', '')}.{self.pick(('com', 'org', 'co.uk', 'de'))}"

    def url(self) -> str:
        """A web address."""
        return (
            self.pick(("http://", "https://www.", "www."))
            + f"{self.surname().lower()}.{self.pick(('com', 'org', 'net'))}/"
        )

    # places ------------------------------------------------------------------------------------------------------
    def place(self) -> str:
        """A town, region or country."""
        roll = self.random.random()
        if roll < 0.5:
            town = self.pick(_towns())
            return f"{town}, {self.pick(_lists()['regions'])}" if self.chance(0.2) else town
        if roll < 0.6:
            before = self.pick(("New", "East", "Port", "Lake", "San", "West", "Fort", "Saint", "Upper", "North"))
            return f"{before} {self.pick(_towns())}"
        if roll < 0.85:
            return self.pick(_lists()["countries"])
        if roll < 0.93:
            return self.surname().rstrip("s") + self.pick(
                ("ville", "ton", "burg", "dale", " Springs", " Falls", "field", "wick", "by")
            )
        return self.pick(_lists()["regions"])

    def street(self) -> str:
        """A street address, whole or in part."""
        base = self.pick(
            (
                self.surname(),
                self.pick(_towns()),
                self.pick(("Main", "Oak", "Elm", "1st", "42nd", "Maple", "Church", "Park", "Mill")),
            )
        )
        roll = self.random.random()
        if roll < 0.12:
            return self.pick(
                (
                    f"P.O. Box {self.pattern('####')}",
                    f"PO Box {self.pattern('###')}",
                    self.pattern("Apt. ###"),
                    self.pattern("Suite ###"),
                    self.pattern("RR # Box ##"),
                )
            )
        if roll < 0.27:
            kind = self.pick(("straße", "gatan", "vej", "weg", "gade", "utca", " u.", " tie"))
            return f"{base}{kind} {self.pattern('##')}"
        if roll < 0.37:
            return (
                f"{self.pick(('Via', 'Rua', 'Calle', 'Rue', 'Avenida', 'rue de', 'ul.'))} {base} {self.pattern('##')}"
            )
        if roll < 0.43:
            other = self.pick(_towns())
            return self.pick(
                (
                    f"The Old {self.pick(_wordlike())}, {base} Lane",
                    f"corner of {base} and {other}",
                    f"Unit {self.pattern('#/##')} {base} {self.pick(_wordlike())}",
                    f"{self.pick(('Rua das', 'Calle de', 'Rue des'))} {other}, {self.pattern('##')}",
                    f"{base} House, {other} Road",
                    f"I-{self.pattern('##')} exit {self.pattern('##')}",
                )
            )
        number = "" if roll < 0.5 else self.pattern(self.pick(("# ", "## ", "### ", "#### ")))
        unit = (
            self.pick((", Apt ", " Apt. ", " #", ", Unit ", " Suite ")) + self.pattern("##") if self.chance(0.2) else ""
        )
        return f"{number}{base} {self.pick(_lists()['streets'])}{self.pick(('', '', '.'))}{unit}"

    def address(self) -> list[Part]:
        """A whole postal address as one identifier."""
        if self.chance(0.35):
            return [(self.street(), K.ADDRESS)]
        lines = self.pick((", ", "\n", "\n ", " "))
        return [(f"{self.street()}{lines}{self.place()}{self.pick((' ', ', ', lines))}{self.zip()}", K.ADDRESS)]

    def zip(self) -> str:
        """A postal code."""
        return self.pattern(
            self.pick(
                ("#####", "#####", "#####-####", "####", "@@# #@@", "@#@ #@#", "###", "#### @@", "##-###", "### ##")
            )
        )

    def room(self) -> str:
        """A room, bed or ward."""
        return self.pattern(
            self.pick(
                ("###", "###@", "##-#", "Room ###", "Bed ##", "#@", "@###", "ICU-#", "# West", "#@-##", "Ward #")
            ).replace("@", self.pick("ABCDENW"))
        )

    def compose(self, shapes: Sequence[str]) -> str:
        """A hospital or company after one of the shapes."""
        parts: dict[str, Callable[[], str]] = {
            "s": self.surname, "f": self.given, "c": lambda: self.pick(_towns()), "W": lambda: self.pick(_wordlike()),
            "w": lambda: self.pick(_wordlike()).lower(), "A": lambda: self.pattern(self.pick(("@@@", "@@@@", "@@"))),
        }  # fmt: skip
        return re.sub(r"\{(\w)\}", lambda m: parts[m.group(1)](), self.pick(shapes))


@cache
def _lists() -> dict[str, list[str]]:
    return tomllib.loads(files(__package__).joinpath("fillers.toml").read_text(encoding="utf-8"))


@cache
def _listed(marks: tuple[str, ...]) -> tuple[str, ...]:
    """Capitalised words of the word list with any of the marks."""
    return tuple(
        word.capitalize() for word, flags in word_flags().items() if len(word) > 1 and any(m in flags for m in marks)
    )


@cache
def _wordlike() -> tuple[str, ...]:
    """Words of the language that are also surnames: Long, Gray, Rose."""
    return tuple(
        w.capitalize()
        for w, f in word_flags().items()
        if re.search("s[1-3]", f) and re.search("w[1-3]", f) and len(w) > 2
    )


@cache
def _towns() -> tuple[str, ...]:
    return tuple(word.capitalize() for word, flags in word_flags().items() if "c" in flags and len(word) > 3)


@cache
def _foreign() -> dict[str, tuple[str, ...]]:
    """Names with their accents."""
    from .words import faker_names

    names: dict[str, set[str]] = {"f": set(), "s": set()}
    for letter, name in faker_names():
        names[letter].add(name)
    return {letter: tuple(sorted(values)) for letter, values in names.items()}
