"""An archive on the loopback interface, made for tests: MAST, its S3 bucket and a TAP service over one folder tree.

It stands on its own and imports nothing of the program that is tested with it.
"""

from .archive import LoopbackArchive
from .record import LoggedRequest

__all__ = ["LoggedRequest", "LoopbackArchive"]
