"""Names of towns, typed by hand over many years, in one spelling.

"ST. GALLEN" and "st. gallen" are one town. Words that are small within a name stay small; what has no letter is no name.
"""

from wit_world import exports
from wit_world.exports.plugin import About, OptionDescription
from wit_world.exports.transformer import Change, Outcome, RowFailure, Setup, Shape
from wit_world.imports.types import Value, Value_Null, Value_Text

SMALL = {"am", "an", "auf", "de", "del", "der", "di", "im", "la", "le", "of", "on", "sur", "the", "upon"}

column = ""


class Plugin(exports.Plugin):
    def describe(self) -> About:
        option = OptionDescription(name="town", help="The column, which is overwritten", default="town", secret=False)
        return About(
            name="title-case",
            version="1.0.0",
            summary="Writes names of towns in one spelling.",
            options=[option],
            reversible=False,
        )


class Transformer(exports.Transformer):
    def init(self, setup: Setup) -> Shape:
        global column
        column = next(option.value for option in setup.options if option.name == "town")
        return Shape(reads=[column], writes=[column])

    def transform(self, rows: list[list[Value]]) -> Outcome:
        changes = []
        failures = []
        for row, (town,) in enumerate(rows):
            if isinstance(town, Value_Null):
                continue
            if not isinstance(town, Value_Text) or not any(letter.isalpha() for letter in town.value):
                failures.append(RowFailure(row, column, "it is no name"))
                continue
            name = spelled(town.value)
            if name != town.value:
                changes.append(Change(row, [Value_Text(name)]))
        return Outcome(changes, failures)


def spelled(town: str) -> str:
    words = town.split()
    return " ".join(word_in_name(word.lower(), first=place == 0) for place, word in enumerate(words))


def word_in_name(word: str, first: bool) -> str:
    if word in SMALL and not first:
        return word
    return "-".join(part if part in SMALL and place else part.capitalize() for place, part in enumerate(word.split("-")))
