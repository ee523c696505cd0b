"""The template of the page of advice, which is not code: the rule that writes the page watches `template_digest`."""

from hashlib import blake2b
from importlib.resources import files


def template_text() -> str:
    """The Jinja2 template of `advice.html`."""
    return files("lightmill.transfer").joinpath("templates/advice.html").read_text(encoding="utf-8")


def template_digest() -> str:
    """Hex digest of the template."""
    return blake2b(template_text().encode(), digest_size=16).hexdigest()
