# What the jobs of a rule read and are told, where it depends on their wildcards. No rule stands here.
from lightmill.catalogs.epics import epics_digest
from lightmill.catalogs.identify import newest
from lightmill.config.search import EphemerisSettings


def newest_snapshot(wildcards):
    """The newest of the snapshots of one table; older ones are history."""
    return newest(TABLES[wildcards.table])


def facts_used(wildcards):
    """What goes into reading a table besides its file: the EPIC numbers known for K2's hosts."""
    return epics_digest() if wildcards.table == "k2pandc" else ""


def simulated_archive(wildcards):
    """What must be written before the archive can be read: something only where the run simulates it."""
    if CONFIG.simulation is None:
        return []
    return simulated_manifests(CONFIG.simulation, wildcards.mission)


def archive_settings(wildcards):
    """Where the mission's light curves are and which are wanted: all but the number of shards.

    Where lists of sectors name all files, the chosen sectors are in the shards' lists, and concern nobody else.
    """
    archive = CONFIG.archives.by_mission()[wildcards.mission]
    all_listed = wildcards.mission == "TESS" and uses_sector_lists() and archive.authors == ("SPOC",)
    return archive.model_dump(mode="json", exclude={"shards", "segments"} if all_listed else {"shards"})


def connections(wildcards):
    """Connections of one download job; none where nothing is asked of servers."""
    is_remote = CONFIG.archives.by_mission()[wildcards.mission].remote
    return CONFIG.network.connections if is_remote and not CONFIG.network.offline else 0


def coverage_gate(wildcards):
    """The coverage of the mission's light curves, where there are any to be missing."""
    return [] if DIRECT else f"{RUN}/lightcurves/{wildcards.mission}/coverage.csv"


def signals_to_fold(wildcards):
    """A shard's signals: as the search has them where it looks at ephemerides, else as the catalogs have them.

    Through the checkpoint: only behind it does Snakemake look again at what has really changed.
    """
    checkpoints.shard_catalog.get()
    if REFINES:
        return f"{RUN}/search/{wildcards.mission}/{wildcards.shard}/ephemerides.parquet"
    return shard_list("signals")(wildcards)


def ephemeris_settings(wildcards):
    """What is looked for in the ephemerides of a mission's signals."""
    return CONFIG.search.model_dump(include=set(EphemerisSettings.model_fields))


def target_files():
    """The lists of stars to search."""
    found = {pattern: sorted(glob(pattern)) for pattern in FIND.targets}
    for pattern, files in found.items():
        if not files:
            raise WorkflowError(f"search.find.targets: no file {pattern!r}; name files that exist, as paths or globs")
    return sorted({file for files in found.values() for file in files})


def find_settings():
    """How stars are searched: all but which, and what scores what is found."""
    return FIND.model_dump(mode="json", exclude={"targets", "catalog_targets", "score_with"})


def scoring_source(wildcards):
    """What the ensemble that scores is called in the list of candidates."""
    return FIND.score_with[wildcards.mission]


def scoring_model(wildcards):
    """The ensemble that scores what is found in a mission: an experiment's, or one in a folder."""
    checkpoints.shard_catalog.get()
    named = FIND.score_with[wildcards.mission]
    folder = f"{RUN}/models/{named}/ensemble" if named in TRAINED else named
    return {
        "weights": f"{folder}/model.safetensors",
        "description": f"{folder}/model.json",
    }


def view_settings(wildcards):
    """How a mission's views are made."""
    return CONFIG.views.of_mission(wildcards.mission).model_dump(by_alias=True)


def imported_files(wildcards):
    """The files of a set of views made by others."""
    patterns = CONFIG.imported_views[wildcards.name].files
    found = {pattern: sorted(glob(pattern)) for pattern in patterns}
    for pattern, files in found.items():
        if not files:
            raise WorkflowError(
                f"imported_views.{wildcards.name}.files: no file {pattern!r}; name files that exist, as paths or globs"
            )
    return sorted({file for files in found.values() for file in files})


def import_settings(wildcards):
    """How to read a set of views made by others: all but where it is."""
    return CONFIG.imported_views[wildcards.name].model_dump(by_alias=True, exclude={"files"})


def exported_dataset(wildcards):
    """The files of the dataset that is written as one file."""
    return dataset_files(wildcards.name)


def experiment_dataset(wildcards):
    """The files of the dataset that an experiment trains and tests on.

    A mission's dataset is asked for through the checkpoint: only behind a checkpoint does Snakemake look again at what
    has really changed, and without it a new date line in a catalog would train everything anew.
    """
    return files_of_dataset(CONFIG.experiments[wildcards.experiment].dataset)


def files_of_dataset(dataset):
    """As `experiment_dataset`, of a dataset by its name."""
    if dataset in SHARDS:
        checkpoints.shard_catalog.get()
    return dataset_files(dataset)


def experiment_task(wildcards):
    """The question that an experiment asks, and its label map."""
    keys = {"task", "labels"}
    return CONFIG.experiments[wildcards.experiment].model_dump(include=keys)


def todays_files(wildcards):
    """The later tables by which an experiment's labels are judged, and the table of its events, if it needs one."""
    today = CONFIG.experiments[wildcards.experiment].today
    if today is None:
        raise WorkflowError(f"experiments.{wildcards.experiment}.today: not there; name the later tables there")
    wanted = {"tables": today.tables, "events": [] if today.events is None else [today.events]}
    found = {key: {pattern: sorted(glob(pattern)) for pattern in patterns} for key, patterns in wanted.items()}
    for key, of_pattern in found.items():
        for pattern, files in of_pattern.items():
            if not files:
                raise WorkflowError(
                    f"experiments.{wildcards.experiment}.today.{key}: no file {pattern!r}; name catalog files that "
                    "exist, as paths or globs"
                )
    return {key: sorted({file for files in of_pattern.values() for file in files}) for key, of_pattern in found.items()}


def todays_settings(wildcards):
    """What later dispositions mean in an experiment's question: all but where they are."""
    return CONFIG.experiments[wildcards.experiment].today.model_dump(exclude={"tables", "events"})


def exominer_scores(wildcards):
    """ExoMiner's table as read, where a run has it."""
    return [f"{RUN}/catalogs/exominer.parquet"] if "exominer" in TABLES else []


def training_settings(wildcards):
    """How an experiment's networks are fitted: all but the list of seeds, so that one more seed is one more job."""
    return CONFIG.experiment_training(wildcards.experiment).model_dump(exclude={"seeds"})


def member_fold(wildcards):
    """Which part the member of a seed leaves out, and of how many; None where members differ in their seed alone.

    One more seed is one more part, and every fold another.
    """
    settings = CONFIG.experiment_training(wildcards.experiment)
    if settings.members == "seeds":
        return None
    return {"number": sorted(settings.seeds).index(int(wildcards.seed)), "of": len(settings.seeds)}


def suspect_settings(wildcards):
    """What becomes of suspect training labels, where an experiment says so."""
    suspects = CONFIG.experiments[wildcards.experiment].suspects
    return None if suspects is None else suspects.model_dump()


def suspect_table(wildcards):
    """The suspect labels that an experiment treats; nothing where it trains on all."""
    suspects = CONFIG.experiments[wildcards.experiment].suspects
    return [] if suspects is None else f"{RUN}/models/{suspects.of}/suspect_labels.csv"


def bridge_settings(wildcards):
    """How an experiment's examples are degraded in training, where it says so."""
    bridge = CONFIG.experiments[wildcards.experiment].bridge
    return None if bridge is None else bridge.model_dump()


def bridge_target(wildcards):
    """The dataset that an experiment's examples are to look like; nothing where they stay as they are."""
    bridge = CONFIG.experiments[wildcards.experiment].bridge
    if bridge is None:
        return []
    return list(files_of_dataset(bridge.to).values())


def ensemble_members(wildcards):
    """The models of all seeds of an experiment."""
    places = expand(
        f"{RUN}/models/{wildcards.experiment}/{{seed}}",
        seed=seeds_of(wildcards.experiment),
    )
    return {
        "descriptions": [f"{place}/model.json" for place in places],
        "weights": [f"{place}/model.safetensors" for place in places],
    }


def seed_histories(wildcards):
    """The training histories of an experiment's seeds, in the order of the seeds."""
    return expand(
        f"{RUN}/models/{wildcards.experiment}/{{seed}}/training_history.csv",
        seed=seeds_of(wildcards.experiment),
    )


def experiment_seeds(wildcards):
    """The seeds of an experiment."""
    return seeds_of(wildcards.experiment)


def catalog_numbers(wildcards):
    """What the catalogs list of the signals of an experiment's dataset; views made by others come with their numbers."""
    dataset = CONFIG.experiments[wildcards.experiment].dataset
    if dataset not in SHARDS:
        return []
    checkpoints.shard_catalog.get()
    return [f"{RUN}/shards/listed/{dataset}/{shard}.parquet" for shard in SHARDS[dataset]]


def compared_scores(wildcards):
    """What the ensembles of experiments that ask the same question say of their test signals."""
    return [f"{RUN}/evaluation/{name}/test_scores.csv" for names in QUESTIONS for name in names]


def experiment_light_curves(wildcards):
    """The manifests of the light curves that an experiment's views were made from."""
    mission = CONFIG.experiments[wildcards.experiment].dataset
    return [f"{RUN}/lightcurves/{mission}/{shard}.parquet" for shard in SHARDS[mission]]
