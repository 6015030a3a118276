"""Says what Alembic makes of graphs of revisions.

Reads one JSON object a line: {"revisions": [...], "calls": [...]}. Answers with one a line: what the graph is, and what
each call comes to. tests/alembic_graph.rs compares the answers with Dunlin's.

Where Alembic goes through a Python set of revisions, its order is another in every process. With --ordered such sets
keep the order in which they were filled, so that everything can be compared exactly; without, Alembic is as it is.
"""

import json
import signal
import sys
import tempfile
import types
import warnings

from alembic import util
from alembic.runtime import migration
from alembic.script import ScriptDirectory, revision
from alembic.script.base import Script
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.util import OrderedSet


class EverySetIsOne(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, set)


class Ordered(OrderedSet, metaclass=EverySetIsOne):
    """What the name `set` is to stand for, also in isinstance()."""


def keep_order_of_sets():
    """The names `set` in Alembic's modules, and the sets that revisions start with."""
    revision.set = Ordered
    migration.set = Ordered
    revision.Revision.nextrev = OrderedSet()
    revision.Revision._all_nextrev = OrderedSet()


def upgrade():
    pass


def downgrade():
    pass


def script_of(given):
    module = types.ModuleType(given["id"])
    module.__doc__ = given["doc"]
    module.down_revision = tuple(given["down"]) or None
    module.depends_on = tuple(given["depends_on"]) or None
    module.branch_labels = tuple(given["labels"]) or None
    module.upgrade = upgrade
    module.downgrade = downgrade
    return Script(module, given["id"], given["path"])


class Recorder:
    """Stands in for a MigrationContext: keeps the statements on the version table."""

    as_sql = True
    version_table = "alembic_version"

    def __init__(self):
        self.statements = []
        self.impl = self
        self._version = Table(
            self.version_table,
            MetaData(),
            Column("version_num", String(32), nullable=False),
            PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
        )

    def _exec(self, construct):
        self.statements.append(str(construct.compile(dialect=postgresql.dialect(paramstyle="named"))))


class Project:
    def __init__(self, directory, revisions):
        self.scripts = ScriptDirectory(directory)
        self.map = revision.RevisionMap(lambda: (script_of(given) for given in revisions))
        self.scripts.revision_map = self.map

    def graph(self):
        self.map._revision_map
        # Labels are keys too.
        found = {key: node for key, node in self.map._revision_map.items() if node and node.revision == key}
        return {
            "heads": list(self.map.heads),
            "real_heads": list(self.map._real_heads),
            "bases": list(self.map.bases),
            "nodes": {id: self.node(node) for id, node in found.items()},
        }

    def node(self, node):
        return {
            "labels": list(node.branch_labels),
            "next": list(node.nextrev),
            "all_next": list(node._all_nextrev),
            "normalized_down": list(node._normalized_down_revisions),
            "line": str(node),
            "log_entry": node.log_entry,
            "history": node.cmd_format(False, include_branches=True, include_doc=True, include_parents=True),
            "head": node.cmd_format(False, include_branches=True, tree_indicators=False),
            "current": node.cmd_format(False),
        }

    def call(self, call):
        rows = tuple(call["rows"])
        kind = call["kind"]
        if kind == "upgrade":
            return self.steps(self.scripts._upgrade_revs(call["target"], rows), rows)
        if kind == "downgrade":
            return self.steps(self.scripts._downgrade_revs(call["target"], rows), rows)
        if kind == "stamp":
            return self.steps(self.scripts._stamp_revs(tuple(call["targets"]), rows), rows)
        if kind == "history":
            found = self.scripts.walk_revisions(call["base"] or "base", call["head"] or "heads")
            return {"order": [node.revision for node in found]}
        if kind == "history_current":
            found = self.scripts.walk_revisions(rows or "base", call["head"] or "heads")
            return {"order": [node.revision for node in found]}
        if kind == "find":
            found = self.scripts.get_revision(call["target"])
            return {"order": [found.revision] if found else []}
        if kind == "find_all":
            found = self.scripts.get_revisions(call["target"])
            return {"order": [node.revision if isinstance(node, Script) else str(node) for node in found]}
        if kind == "current":
            return {"order": [node.revision for node in self.scripts.get_all_current(rows)]}
        if kind == "new_revision":
            with self.scripts._catch_revision_errors(multiple_heads="several heads"):
                found = self.map.get_revisions(tuple(call["targets"]))
            return {"order": [node.revision if isinstance(node, Script) else str(node) for node in found]}
        raise ValueError(kind)

    def steps(self, steps, rows):
        recorder = Recorder()
        heads = migration.HeadMaintainer(recorder, rows)
        result = {"order": [], "statements": [], "rows": []}
        for step in steps:
            result["order"].append("Running %s" % step)
            recorder.statements.clear()
            try:
                heads.update_to_step(step)
            except Exception as error:
                # The steps before it are done.
                result["crash"] = repr(error)
                return result
            result["statements"].append(list(recorder.statements))
            result["rows"].append(sorted(heads.heads))
        return result


def endless(number, frame):
    raise RuntimeError("does not end")


def attempt(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # In some graphs that go round in circles Alembic does so too. This is its own time, not the clock's.
        signal.setitimer(signal.ITIMER_VIRTUAL, 2)
        try:
            result = function()
        except (util.CommandError, revision.RevisionError) as error:
            result = {"error": str(error)}
        except Exception as error:
            result = {"crash": repr(error)}
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    result["warnings"] = [str(warning.message) for warning in caught]
    return result


def main():
    signal.signal(signal.SIGVTALRM, endless)
    if "--ordered" in sys.argv:
        keep_order_of_sets()
    with tempfile.TemporaryDirectory() as directory:
        for line in sys.stdin:
            given = json.loads(line)
            project = Project(directory, given["revisions"])
            answer = {"graph": attempt(project.graph), "calls": []}
            if "heads" in answer["graph"]:
                answer["calls"] = [attempt(lambda: project.call(call)) for call in given["calls"]]
            print(json.dumps(answer))


main()
