"""What results were made from: a digest of the code behind each, in terms of logic instead of time stamps."""

import ast
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).resolve().parent


def code_digest(script: str | Path, source: Path = SOURCE) -> str:
    """Hex digest of the logic in `script` and in every lightmill module that it imports, directly or not.

    Syntax trees are hashed without docstrings and without the descriptions of configuration keys: a comment, a
    docstring, a blank line or a new time stamp changes nothing, a change of logic in any imported module does.
    `source` is the folder of the lightmill package.

    Raises ValueError, naming file and line, for imports that do not say which module they run: relative ones, and
    names taken from a package that loads them when first asked for.
    """
    script = Path(script)
    modules = {script.name: script}
    waiting = [script]
    while waiting:
        for name, path in _imported_modules(waiting.pop(), source).items():
            if name not in modules:
                modules[name] = path
                waiting.append(path)
    summary = blake2b(digest_size=16)
    for name in sorted(modules):
        summary.update(f"{name}\0{_module(modules[name]).logic}\0".encode())
    return summary.hexdigest()


def logic_digest(*modules: str, source: Path = SOURCE) -> str:
    """Hex digest of the logic in the modules that are named, and of nothing that they import.

    For results that are dear: what they depend on is named by hand, so that nothing else spoils them. Raises OSError if
    there is no such module.
    """
    summary = blake2b(digest_size=16)
    for name in sorted(modules):
        path = source.joinpath(*name.split(".")[1:]).with_suffix(".py")
        summary.update(f"{name}\0{_module(path).logic}\0".encode())
    return summary.hexdigest()


class _Module(NamedTuple):
    """What a digest needs of one file: its import statements, and its syntax tree as text."""

    imports: tuple[ast.Import | ast.ImportFrom, ...]
    logic: str


def _module(path: Path) -> _Module:
    return _parsed_module(path, path.stat().st_mtime_ns)


@cache
def _parsed_module(path: Path, _changed_ns: int) -> _Module:
    """One file, parsed once for all the digests of a process as long as it does not change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
        elif isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if not _documents(keyword)]
    imports = tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    return _Module(imports, ast.dump(tree, include_attributes=False))


def _documents(keyword: ast.keyword) -> bool:
    """Whether an argument only tells people something: the text of `description=` on a configuration key."""
    return keyword.arg == "description" and isinstance(keyword.value, ast.Constant)


def _imported_modules(path: Path, source: Path) -> dict[str, Path]:
    """The lightmill modules that one file's import statements run, wherever in the file they stand."""
    found: dict[str, Path] = {}
    for node in _module(path).imports:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: relative import; write the full name, digests follow names")
            _refuse_lazy_names(path, node, source)
            names = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            found.update(_module_files(name, source))
    return found


def _refuse_lazy_names(path: Path, node: ast.ImportFrom, source: Path) -> None:
    """Raise ValueError where a name comes from a package that loads its names when first asked for."""
    package = source.joinpath(*(node.module or "").split(".")[1:]) / "__init__.py"
    if not (node.module or "").startswith("lightmill.") or not package.is_file():
        return
    if "__getattr__" in package.read_text(encoding="utf-8"):
        for alias in node.names:
            if not (package.with_name(f"{alias.name}.py").is_file() or (package.parent / alias.name).is_dir()):
                raise ValueError(f"{path}:{node.lineno}: import {alias.name} from the module that defines it")


def _module_files(name: str, source: Path) -> dict[str, Path]:
    """The files that importing the dotted `name` runs: the packages on the way, and the module itself."""
    parts = name.split(".")
    if parts[0] != "lightmill":
        return {}
    found: dict[str, Path] = {}
    for depth in range(1, len(parts) + 1):
        place = source.joinpath(*parts[1:depth])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.is_file():
            found[".".join(parts[:depth])] = file
    return found
