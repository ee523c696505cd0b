"""The public face of the package: what its rules' scripts call is there for notebooks too."""

import ast
from pathlib import Path

from lightmill import evaluation

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def test_what_the_scripts_call_of_evaluation_is_public():
    called = {
        (node.module, alias.name)
        for script in SCRIPTS.glob("*.py")
        for node in ast.parse(script.read_text()).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lightmill.evaluation.")
        for alias in node.names
    }
    assert {"evaluate_model", "rank_candidates"} <= {name for _, name in called}
    for module, name in called:
        assert getattr(evaluation, name).__module__ == module


def test_every_public_name_is_there():
    assert all(callable(getattr(evaluation, name)) for name in evaluation.__all__)
