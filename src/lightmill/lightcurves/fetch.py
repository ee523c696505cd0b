"""From an archive to the store: one shard of targets, each with its own outcome."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

from lightmill.config.archives import MissionArchive
from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.files import write_parquet
from lightmill.lightcurves.archives.bases import Base, FolderBase, Listings, open_bases
from lightmill.lightcurves.archives.finding import Finder
from lightmill.lightcurves.archives.names import TREES
from lightmill.lightcurves.archives.portal import open_portal
from lightmill.lightcurves.archives.wanted import Wanted, read_wanted
from lightmill.lightcurves.fetching.download import Downloader
from lightmill.lightcurves.fetching.events import EventLog
from lightmill.lightcurves.fetching.progress import FetchProgress
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.lightcurves.outcomes import Outcome, manifest_table, products_table
from lightmill.lightcurves.receiving import NOT_LISTED, Received
from lightmill.lightcurves.target import TargetFetcher
from lightmill.logs import logger
from lightmill.network.breaker import Breakers
from lightmill.network.errors import TransientError
from lightmill.network.session import Connections
from lightmill.targets import Mission


def fetch_shard(
    targets: str | Path,
    mission: Mission,
    archive: MissionArchive,
    store: str | Path,
    manifest: str | Path,
    products: str | Path,
    *,
    network: NetworkSettings | None = None,
    connections: int | None = None,
    events: str | Path | None = None,
) -> None:
    """Fetch the light curves of one shard's targets into the store and write the shard's manifest, last of all.

    Parameters
    ----------
    targets : parquet file of what is to be downloaded; see `read_wanted`
    mission : whose targets they are
    archive : where the files are, and whose are wanted
    store : folder of the light-curve store
    manifest, products : parquet files to write: one row per target, and one per file
    network : how to ask servers
    connections : how many files to fetch at once from servers, `network.connections` unless given
    events : log to add to: what was asked of servers, when, and how often

    No target fails the others: each has its outcome in the manifest.

    Raises
    ------
    LightCurveError
        If the list holds something else than targets of the mission, or if a folder of the archive is not there.
    RefusedError
        If a server refuses to be asked (400, 401, 403): nothing more is asked of it, and no manifest is written.
    StoreError
        If the store, the manifests or the log cannot be written.
    """
    network = network or NetworkSettings()
    wanted = read_wanted(targets, mission)
    log = EventLog(events if archive.remote else None)
    outcomes: list[Outcome] = []
    with FetchProgress(f"{mission} light curves", len(wanted)) as progress:
        for target, received in _fetched(wanted, mission, archive, store, network, connections, log):
            outcome = received.outcome
            if outcome.outcome != "ok" or outcome.detail:
                logger.warning("%s: %s: %s", target.target_id, outcome.outcome, received.reason or outcome.detail)
            if not network.offline:
                event = {"target_id": outcome.target_id, "outcome": outcome.outcome, "bytes": received.received_bytes}
                log.write("target", **event, **({"reason": received.reason} if received.reason else {}))
            progress.add(outcome.outcome, received.received_bytes, received.was_settled)
            outcomes.append(outcome)
    for path, table in ((products, products_table(outcomes)), (manifest, manifest_table(outcomes))):
        with on_disk(Path(path)):
            write_parquet(path, table)


def _fetched(
    wanted: list[Wanted],
    mission: Mission,
    archive: MissionArchive,
    store: str | Path,
    network: NetworkSettings,
    connections: int | None,
    log: EventLog,
) -> Iterator[tuple[Wanted, Received]]:
    """Every target with what became of it, as they come."""
    if not wanted:
        return
    at_once = (connections or network.connections) if archive.remote else 1
    shared = Connections(network, at_once)
    bases = open_bases(archive.base_url, network, shared)
    _require_folders(bases, mission)
    portal = open_portal(network) if archive.remote and not network.offline else None
    # Whoever is offline cannot say of a file that nobody has it.
    offline = archive.remote and network.offline
    breakers = Breakers(
        (base.url for base in bases if base.remote), network.breaker_failures, network.retry_after_max_s
    )
    finder = Finder(mission, archive.authors, archive.chosen_segments, Listings(bases, breakers, offline), portal)
    with closing(Downloader(bases, network, breakers, log, shared, offline)) as downloader:
        fetcher = TargetFetcher(store, archive, bases, finder, downloader, network)
        unsettled = []
        for target in wanted:
            settled = fetcher.settled(target)
            if settled is None:
                unsettled.append(target)
            else:
                fetcher.clear_up(settled)
                yield target, Received(settled, 0, was_settled=True)
        try:
            finder.prepare(unsettled)
        except TransientError as error:
            for target in unsettled:
                yield target, Received(Outcome(target.target_id, "transient", NOT_LISTED), 0, reason=str(error))
            return
        # Twice as many hands as connections: while one verifies a file, another uses the connection.
        yield from _in_parallel(unsettled, fetcher, 2 * at_once if archive.remote else 1)


def _in_parallel(targets: list[Wanted], fetcher: TargetFetcher, at_once: int) -> Iterator[tuple[Wanted, Received]]:
    """Fetch targets in `at_once` threads, each one target at a time.

    An error ends it: the targets under way are finished, no others are begun.
    """
    if at_once == 1:
        for target in targets:
            yield target, fetcher.fetch(target)
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="fetch") as pool:
        running: dict[Future[Received], Wanted] = {}
        waiting = iter(targets)
        try:
            while True:
                while len(running) < at_once and (wanted := next(waiting, None)) is not None:
                    running[pool.submit(fetcher.fetch, wanted)] = wanted
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _require_folders(bases: list[Base], mission: Mission) -> None:
    """Raise LightCurveError where a folder has none of the mission's trees: an unmounted disk makes nothing absent."""
    trees = list(TREES[mission].values())
    for base in bases:
        if isinstance(base, FolderBase) and not any(base.path(tree).is_dir() for tree in trees):
            raise LightCurveError(
                f"base URL {base.url!r}: no folder {base.path(trees[0])} (seen from {Path.cwd()}); "
                f"put right archives.{mission.lower()}.base_url, or mount it"
            )
