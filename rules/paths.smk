# Where things of this run are: what the rules and the targets are made of. No rule stands here.
from collections import defaultdict
from glob import glob
from pathlib import Path

from lightmill.catalogs.identify import identify_table
from lightmill.code_digest import code_digest
from lightmill.config.questions import same_questions
from lightmill.config.sources import NO_SOURCE
from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.simulate.paths import simulated_catalogs, simulated_manifests
from lightmill.views.layout import array_layout

ROOT = Path(workflow.basedir)
SHARDS = {
    mission: [f"{shard:03d}" for shard in range(archive.shards)]
    for mission, archive in CONFIG.archives.by_mission().items()
}
TRAINED = {name: experiment for name, experiment in CONFIG.experiments.items() if experiment.source is None}
# Trained experiments that ask the same question of the same dataset, where there are several.
QUESTIONS = same_questions(CONFIG)
TRANSFERS = {name: experiment for name, experiment in CONFIG.experiments.items() if experiment.source is not None}
# Experiments whose members leave out a part each, so that every label can be doubted.
FOLDED = [name for name in TRAINED if CONFIG.experiment_training(name).members == "folds"]
# Whether views are made straight from a simulation: then no light curve is written, fetched or plotted.
DIRECT = CONFIG.simulation is not None and CONFIG.simulation.direct
# Whether the catalogs' ephemerides are looked at before they are folded on; a simulation without light curves on disk
# leaves nothing to look at. And which stars are searched for signals that nobody has listed, if any.
REFINES = (CONFIG.search.complete or CONFIG.search.refine) and not DIRECT
FIND = CONFIG.search.find
SHARD_LISTS = ["targets", "signals", "labels", "listed"] + (["searched"] if FIND is not None else [])
# The arrays of views of every shard and of a mission's dataset; sets that others made have these two views and no more.
ARRAYS = list(array_layout(CONFIG.views))
IMPORTED_ARRAYS = ["global", "local"]
DATASET_FILES = {"manifest": "manifest.json", "meta": "meta.parquet"}
# What is made of a transfer's results.
TRANSFER_TABLES = ["curves", "differences", "best", "worth", "rates", "claims", "shared_stars"]
TRANSFER_FIGURES = ["transfer_learning_comparison", "learning_curves", "optimum", "claims"]


def code(rule_name):
    """The digest of a rule's script and of all the library code that it imports: a change of logic reruns the rule."""
    return code_digest(ROOT / "scripts" / f"{rule_name}.py")


# The digests of every rule's code, by rule.
CODE = {script.stem: code(script.stem) for script in sorted((ROOT / "scripts").glob("*.py"))}


def catalog_tables():
    """The catalogs of this run by kind of table; simulated ones are known before they are written."""
    simulated = simulated_catalogs(CONFIG.simulation) if CONFIG.simulation else {}
    tables = defaultdict(list)
    for pattern in CONFIG.catalogs:
        known = [table for table, path in simulated.items() if path == pattern]
        if known:
            tables[known[0]].append(pattern)
            continue
        paths = sorted(glob(pattern))
        if not paths:
            raise WorkflowError(
                f"catalogs: no file {pattern!r}; name catalog files that exist, as paths or globs, or fetch fresh ones "
                "into data/catalogs with `lightmill catalog fetch`"
            )
        for path in paths:
            tables[identify_table(path).table].append(path)
    return dict(sorted(tables.items()))


try:
    TABLES = catalog_tables()
except LightmillError as error:
    raise WorkflowError(f"catalogs: {error}")


def require_archives():
    """Raise WorkflowError where an archive folder does not exist; a simulated one is written by the run itself."""
    if CONFIG.simulation is None:
        for mission, archive in CONFIG.archives.by_mission().items():
            for base in archive.base_url:
                if not base.remote and not Path(base.url.removeprefix("file://")).is_dir():
                    raise WorkflowError(
                        f"archives.{mission.lower()}.base_url: no folder {base.url.removeprefix('file://')!r}; "
                        "name one that has the archive's tree below it"
                    )


require_archives()


def require_trained_models():
    """Raise WorkflowError where models of another run, or the dataset that they were trained on, do not exist."""
    for name, trained in CONFIG.trained_models.items():
        for key, folder, file in (
            ("ensemble", trained.ensemble, "model.json"),
            ("dataset", trained.dataset, DATASET_FILES["manifest"]),
        ):
            if not (Path(folder) / file).is_file():
                raise WorkflowError(
                    f"trained_models.{name}.{key}: no {file} in {folder!r}; name a folder that another run has made, "
                    "results/<run>/models/<experiment>/ensemble and results/<run>/datasets/<name>, or run that one first"
                )


require_trained_models()


def uses_sector_lists():
    """Whether the archive's lists of TESS's two-minute light curves are wanted, and a server may have them."""
    tess = CONFIG.archives.tess
    return tess is not None and "SPOC" in tess.authors and tess.remote and not DIRECT


def sector_bases():
    """Where the lists of sectors are looked for."""
    return [base.model_dump(mode="json") for base in CONFIG.archives.tess.base_url] if uses_sector_lists() else []


def sector_lists():
    """The lists of sectors, where they are used."""
    return [f"{RUN}/lightcurves/TESS/sectors.parquet"] if uses_sector_lists() else []


def sectors_chosen():
    """Which sectors are wanted, as the configuration says it."""
    return CONFIG.archives.tess.segments if uses_sector_lists() else ""


def searched():
    """The list of stars to search, for the lists of shards."""
    return [f"{RUN}/search/targets.parquet"] if FIND is not None and FIND.targets else []


def of_shard(pattern):
    """An input function: one file of one shard, asked for through the checkpoint."""

    def file_of_shard(wildcards):
        checkpoints.shard_catalog.get()
        return expand(pattern, mission=wildcards.mission, shard=wildcards.shard)

    return file_of_shard


def shard_list(kind):
    """An input function: the list (targets, signals or labels) of one shard, as the checkpoint wrote it."""

    def list_of_shard(wildcards):
        checkpoints.shard_catalog.get()
        return f"{RUN}/shards/{kind}/{wildcards.mission}/{wildcards.shard}.parquet"

    return list_of_shard


def shard_lists(kind):
    """An input function: the lists of all shards of one mission, as the checkpoint wrote them."""

    def lists_of_mission(wildcards):
        checkpoints.shard_catalog.get()
        return [f"{RUN}/shards/{kind}/{wildcards.mission}/{shard}.parquet" for shard in SHARDS[wildcards.mission]]

    return lists_of_mission


def resolved_shares(wildcards):
    """The checkpoint's verdict on how many stars of each disposition are known."""
    checkpoints.shard_catalog.get()
    return f"{RUN}/shards/resolved/{wildcards.mission}.json"


def of_shards(pattern):
    """An input function: one file per shard of a mission, asked for through the checkpoint."""

    def files_of_mission(wildcards):
        checkpoints.shard_catalog.get()
        return expand(pattern, mission=wildcards.mission, shard=SHARDS[wildcards.mission])

    return files_of_mission


def dataset_files(name):
    """The files by which a job depends on a dataset: the manifest has the checksums of the arrays."""
    return {key: f"{RUN}/datasets/{name}/{file}" for key, file in DATASET_FILES.items()}


def seeds_of(experiment):
    """The seeds of an experiment; a transfer has those of its sources, unless another run has trained them."""
    trained_here = [source for source in CONFIG.experiments[experiment].sources if source in CONFIG.experiments]
    return CONFIG.experiment_training(trained_here[0] if trained_here else experiment).seeds


def arms_of(experiment):
    """The folders of a transfer's strategies, by source; what has no source stands beside them, once."""
    transfer = CONFIG.experiments[experiment]
    folder = f"{RUN}/transfer/{experiment}"
    origins = {strategy: [NO_SOURCE] if strategy == ALONE else transfer.sources for strategy in transfer.strategies}
    return [f"{folder}/{origin}/{strategy}" for strategy, names in origins.items() for origin in names]


def learning_arms_of(experiment):
    """Those of `arms_of` whose strategy learns."""
    return [arm for arm in arms_of(experiment) if Path(arm).name != AS_IT_IS]


def labels_of_run(wildcards):
    """What the target `labels` makes; nothing where a run has no catalogs."""
    return [f"{RUN}/labels.parquet", f"{RUN}/catalogs/figures/dispositions.png"] if TABLES else []


def light_curves_of_run(wildcards):
    """What the target `light_curves` makes."""
    if DIRECT:
        return []
    return [f"{RUN}/lightcurves/{mission}/coverage.csv" for mission in SHARDS]


def search_of_run(wildcards):
    """What the target `search` makes."""
    if FIND is None:
        return []
    found = [f"{RUN}/search/{mission}/found.csv" for mission in SHARDS]
    return found + [f"{RUN}/search/{mission}/candidates.csv" for mission in FIND.score_with]


def views_of_run(wildcards):
    """What the target `views` makes."""
    made = [f"{RUN}/views/{mission}/{shard}/manifest.json" for mission, shards in SHARDS.items() for shard in shards]
    imported = [dataset_files(name)["manifest"] for name in CONFIG.imported_views]
    return light_curves_of_run(wildcards) + made + imported


def models_of_run(wildcards):
    """What the target `models` makes."""
    return [f"{RUN}/models/{name}/ensemble/model.json" for name in TRAINED]


def evaluation_of_run(wildcards):
    """What the target `evaluation` makes."""
    metrics = [f"{RUN}/evaluation/{name}/model_metrics.csv" for name in TRAINED]
    candidates = [f"{RUN}/evaluation/{name}/candidates.csv" for name in TRAINED]
    explained = TRAINED if CONFIG.evaluation.explain else []
    explanations = [f"{RUN}/evaluation/{name}/explanations.csv" for name in explained]
    samples = [f"{RUN}/evaluation/{name}/sample_views.png" for name in TRAINED]
    light_curves = [
        f"{RUN}/evaluation/{name}/sample_light_curves.png"
        for name, experiment in TRAINED.items()
        if experiment.dataset in SHARDS and not DIRECT
    ]
    today = [f"{RUN}/evaluation/{name}/todays_metrics.csv" for name in TRAINED if TRAINED[name].today is not None]
    suspects = [f"{RUN}/models/{name}/suspect_labels.csv" for name in FOLDED]
    suspects += [f"{RUN}/evaluation/{name}/suspect_labels.png" for name in FOLDED]
    compared = [f"{RUN}/evaluation/comparison.csv"] if QUESTIONS else []
    return metrics + candidates + explanations + samples + light_curves + today + suspects + compared


def transfer_of_run(wildcards):
    """What the target `transfer` makes."""
    ensembles = [f"{arm}/ensemble/model.json" for name in TRANSFERS for arm in learning_arms_of(name)]
    return [f"{RUN}/transfer/{name}/transfer_results.csv" for name in TRANSFERS] + ensembles
