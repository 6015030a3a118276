"""A plugin that changes rows. plugins/wit/migration.wit is the interface."""

from wit_world import exports
from wit_world.exports.plugin import About, OptionDescription
from wit_world.exports.transformer import Change, Outcome, RowFailure, Setup, Shape
from wit_world.imports.types import Value, Value_Null, Value_Text

word = ""


class Plugin(exports.Plugin):
    def describe(self) -> About:
        return About(
            name="NAME",
            version="0.1.0",
            summary="Says in one sentence what becomes of a row.",
            options=[OptionDescription(name="word", help="How to greet", default="Hello", secret=False)],
            reversible=False,
        )


class Transformer(exports.Transformer):
    def init(self, setup: Setup) -> Shape:
        global word
        word = next(option.value for option in setup.options if option.name == "word")
        return Shape(reads=["name"], writes=["greeting"])

    def transform(self, rows: list[list[Value]]) -> Outcome:
        changes = []
        failures = []
        for row, (name,) in enumerate(rows):
            if isinstance(name, Value_Null):
                continue
            if name.value == "":
                failures.append(RowFailure(row, "name", "nobody can be greeted without a name"))
            else:
                changes.append(Change(row, [Value_Text(f"{word}, {name.value}")]))
        return Outcome(changes, failures)
