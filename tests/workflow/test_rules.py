"""Every rule says what it reads, writes, logs, measures and needs, and has a script of its own name."""

import re
from pathlib import Path
from shutil import copytree

import pytest

from lightmill.code_digest import SOURCE, code_digest

ROOT = Path(__file__).resolve().parents[2]


def rules():
    """The text of every rule, by name."""
    found = {}
    for path in sorted((ROOT / "rules").glob("*.smk")):
        parts = re.split(r"(?m)^ *(?:rule|checkpoint) (\w+):\n", path.read_text())
        found.update(zip(parts[1::2], parts[2::2], strict=True))
    return found


def directive(text, name):
    """The lines below one directive of a rule, without their indent."""
    match = re.search(rf"(?m)^( +){name}:(.*(?:\n\1 +.*|\n)*)", text)
    assert match, f"no {name}:"
    return [line.strip() for line in match[2].splitlines() if line.strip()]


@pytest.mark.parametrize("name", sorted(rules()))
def test_a_rule_is_complete(name):
    text = rules()[name]
    for needed in ("log", "benchmark", "conda", "threads", "resources", "params"):
        assert directive(text, needed)
    assert directive(text, "threads") == ["1"]
    assert any(line.startswith("mem_mb=") for line in directive(text, "resources"))
    assert any(line == f'code=code("{name}"),' or line == "code=CODE," for line in directive(text, "params"))
    assert directive(text, "script") == [f'"../scripts/{name}.py"']


@pytest.mark.parametrize("name", sorted(rules()))
def test_inputs_and_outputs_are_named(name):
    for needed in ("input", "output"):
        if needed == "input" and not re.search(r"(?m)^ +input:", rules()[name]):
            continue
        outer = [
            line
            for line in re.search(rf"(?m)^( +){needed}:\n((?:\1    \S.*\n|\1     .*\n)+)", rules()[name])[
                2
            ].splitlines()
        ]
        indent = len(outer[0]) - len(outer[0].lstrip())
        items = [
            line.strip()
            for line in outer
            if len(line) - len(line.lstrip()) == indent and line.strip() not in ("]", "],", "),")
        ]
        assert items
        assert all(re.match(r"\w+=|\*\*|unpack\(|#", item) for item in items), items


def test_every_script_belongs_to_a_rule():
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == set(rules())


@pytest.mark.parametrize("name", ["train_model", "suspect_labels", "ensemble_models"])
def test_nothing_of_evaluation_or_figures_makes_a_model_anew(name, tmp_path):
    source = copytree(SOURCE, tmp_path / "lightmill")
    script = ROOT / "scripts" / f"{name}.py"
    before = code_digest(script, source)
    for path in [*(source / "evaluation").glob("*.py"), source / "figures.py"]:
        path.write_text(path.read_text() + "\nCHANGED = 1\n")
    assert code_digest(script, source) == before
    path = source / "training" / "fitting.py"
    path.write_text(path.read_text() + "\nCHANGED = 1\n")
    assert code_digest(script, source) != before
