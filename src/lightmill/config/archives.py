"""Configuration of the archives that light curves come from."""

from pydantic import Field, field_validator

from lightmill.config.section import Section


class Archive(Section):
    """One mission's light curves: where they are, and into how many shards its targets are dealt."""

    base_url: str | list[str] = Field(
        description="Base URL with the archive's own folder tree below it, or a list tried in order: "
        "`file://` with a folder (a relative one counts from the working directory). Nothing is fetched over the "
        "network: mirror an archive into a folder first."
    )
    shards: int = Field(default=64, ge=1, le=256, description="Number of shards; changing it deals all targets anew.")

    @field_validator("base_url")
    @classmethod
    def _known_scheme(cls, value: str | list[str]) -> str | list[str]:
        urls = [value] if isinstance(value, str) else value
        if not urls:
            raise ValueError("expected at least one URL")
        for url in urls:
            if url.startswith(("http://", "https://")):
                raise ValueError(
                    f"{url!r}: this version reads folders (file://) only; mirror the archive's tree into a folder, so "
                    "that missions/... lies below it, and name that: file:///path/to/folder"
                )
            if not url.startswith("file://"):
                raise ValueError(f"{url!r}: expected a URL that starts with file://")
        return value

    @property
    def urls(self) -> list[str]:
        """The base URLs as a list."""
        return [self.base_url] if isinstance(self.base_url, str) else self.base_url


class Archives(Section):
    """The archives of a run; a mission that is not named makes no jobs."""

    kepler: Archive | None = Field(default=None, description="Kepler long-cadence light curves.")
    k2: Archive | None = Field(default=None, description="K2 long-cadence light curves.")
    tess: Archive | None = Field(default=None, description="TESS two-minute light curves.")

    def by_mission(self) -> dict[str, Archive]:
        """The archives named in this run, by mission: `{"Kepler": ..., "K2": ..., "TESS": ...}`."""
        named = {"Kepler": self.kepler, "K2": self.k2, "TESS": self.tess}
        return {mission: archive for mission, archive in named.items() if archive is not None}
