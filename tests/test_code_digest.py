"""Digests of code: what changes them and what does not."""

import pytest

from lightmill.code_digest import code_digest


@pytest.fixture
def project(tmp_path):
    source = tmp_path / "lightmill"
    (source / "views").mkdir(parents=True)
    (source / "__init__.py").write_text("")
    (source / "views" / "__init__.py").write_text("from lightmill.views.fold import fold\n")
    (source / "views" / "fold.py").write_text('def fold(x):\n    """Fold."""\n    return x % 1\n')
    (source / "other.py").write_text("A = 1\n")
    script = tmp_path / "make_views.py"
    script.write_text("from lightmill.views import fold\nprint(fold(2))\n")
    return source, script


def test_comments_docstrings_and_other_modules_change_nothing(project):
    source, script = project
    before = code_digest(script, source)
    (source / "views" / "fold.py").write_text('# why\ndef fold(x):\n    """Fold it."""\n\n    return x % 1\n')
    (source / "other.py").write_text("A = 2\n")
    assert code_digest(script, source) == before


def test_the_description_of_a_key_changes_nothing_its_default_does(project):
    source, script = project
    digests = []
    for text in (
        'A = Field(default=1, description="a")',
        'A = Field(default=1, description="b")',
        "A = Field(default=2)",
    ):
        (source / "views" / "fold.py").write_text(f"def fold(x):\n    return x\n\n\n{text}\n")
        digests.append(code_digest(script, source))
    assert digests[0] == digests[1] != digests[2]


def test_logic_in_an_imported_module_changes_it(project):
    source, script = project
    before = code_digest(script, source)
    (source / "views" / "fold.py").write_text("def fold(x):\n    return x % 2\n")
    assert code_digest(script, source) != before


def test_logic_in_the_script_changes_it(project):
    source, script = project
    before = code_digest(script, source)
    script.write_text("from lightmill.views import fold\nprint(fold(3))\n")
    assert code_digest(script, source) != before


def test_imports_inside_functions_count(project):
    source, script = project
    script.write_text("def f():\n    from lightmill.other import A\n    return A\n")
    before = code_digest(script, source)
    (source / "other.py").write_text("A = 2\n")
    assert code_digest(script, source) != before


def test_relative_imports_are_refused(project):
    source, script = project
    script.write_text("from . import x\n")
    with pytest.raises(ValueError, match="relative import"):
        code_digest(script, source)


def test_names_of_a_package_that_loads_lazily_are_refused(project):
    source, script = project
    (source / "views" / "__init__.py").write_text("def __getattr__(name):\n    raise AttributeError(name)\n")
    script.write_text("from lightmill.views import folded\n")
    with pytest.raises(ValueError, match="import folded from the module that defines it"):
        code_digest(script, source)
    script.write_text("from lightmill.views.fold import folded\n")
    assert code_digest(script, source)
