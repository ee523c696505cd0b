"""Configuration of how things are fetched over the network: never of what is fetched, so no change reruns a job."""

from pydantic import Field, field_validator

from lightmill.config.section import Section
from lightmill.network.urls import check_url


class NetworkSettings(Section):
    """Patience, politeness and places: how to fetch. Nothing here changes what a result is made from."""

    offline: bool = Field(
        default=False, description="Open no connection at all: what is in the store is used, the rest is `transient`."
    )
    connections: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Connections of one download job. All jobs of a run together have as many as Snakemake's resource "
        "`mast_connections` says (4 in the default profile).",
    )
    connect_timeout_s: float = Field(default=10, gt=0, le=3600, description="Longest wait for a connection.")
    read_timeout_s: float = Field(
        default=30, gt=0, le=3600, description="Longest silence while an answer is awaited or read."
    )
    deadline_s: float = Field(
        default=600,
        gt=0,
        description="Longest time for one file of one base, or one answer, all attempts and waits included.",
    )
    slowest_bytes_s: float = Field(
        default=1000, ge=0, description="A transfer slower than this over `slow_window_s` is broken off."
    )
    slow_window_s: float = Field(default=20, gt=0, description="Time over which the speed of a transfer is judged.")
    attempts: int = Field(default=5, ge=1, le=50, description="Attempts for one file or answer.")
    backoff_s: float = Field(
        default=1,
        ge=0,
        description="Wait before the second attempt: a random time up to this, and up to twice as much before each "
        "further one (full jitter).",
    )
    backoff_max_s: float = Field(default=60, ge=0, description="Upper limit of that wait.")
    retry_after_max_s: float = Field(
        default=120,
        ge=0,
        description="Longest Retry-After that is waited for; a target is left for later where a server asks for more.",
    )
    breaker_failures: int = Field(
        default=5,
        ge=1,
        description="After so many files in a row that an archive failed to give, it is not asked again in this job: "
        "the rest of the shard ends as `transient`, to be fetched later.",
    )
    retry_wait_s: float = Field(
        default=900,
        ge=0,
        description="`make retry` leaves a target alone for so long after it failed, twice as long after each further "
        "failure, at most a day.",
    )
    keep_fits: bool = Field(
        default=False,
        description="Keep the FITS files that were fetched, in the archive's own tree under `fits/` of the store.",
    )
    redirect_hosts: list[str] = Field(
        default=[
            "archive.stsci.edu",
            "mast.stsci.edu",
            "stpubdata.s3.amazonaws.com",
            "stpubdata.s3.us-east-1.amazonaws.com",
        ],
        description="Hosts that an archive may redirect to, besides its own; over https only.",
    )
    contact: str = Field(
        default="", max_length=200, description="Who runs this (an e-mail address or a URL); archives see it."
    )
    portal_url: str = Field(
        default="https://mast.stsci.edu", description="MAST's portal, asked for light curves of other pipelines."
    )
    tap_url: str = Field(
        default="https://exoplanetarchive.ipac.caltech.edu/TAP",
        description="TAP service of the NASA Exoplanet Archive, which `lightmill catalog fetch` asks.",
    )
    exominer_url: str = Field(
        default="https://raw.githubusercontent.com/nasa/ExoMiner/main/"
        "exominer_vetting_pc_catalog_dash-render-web-app/data/"
        "exominer_vetting_tess-spoc-2-min-s1s67_dashtable_dvm-url_scoregt0.1.csv",
        description="ExoMiner's vetting catalog, which no TAP service has.",
    )

    @field_validator("portal_url", "tap_url", "exominer_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        check_url(value)
        return value.rstrip("/")

    @field_validator("contact")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not (value.isprintable() and value.isascii()):
            raise ValueError("expected one line of ASCII text")
        return value
