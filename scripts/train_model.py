"""Train one network on one dataset from one seed."""

from pathlib import Path

from lightmill.config.bridges import BridgeSettings
from lightmill.config.training import SuspectSettings, TaskLabels, TrainingSettings
from lightmill.logs import job_log
from lightmill.training.bridges import read_bridge
from lightmill.training.folds import Fold
from lightmill.training.suspects import read_suspects
from lightmill.training.train import train_model

task, labels = snakemake.params.task["task"], snakemake.params.task["labels"]
fold, suspects = snakemake.params.fold, snakemake.params.suspects
bridge, target = snakemake.params.bridge, snakemake.input.bridge

with job_log(snakemake.log[0]):
    train_model(
        dataset=Path(snakemake.input.manifest).parent,
        folder=Path(snakemake.output.description).parent,
        task=task,
        labels=None if labels is None else TaskLabels(**labels),
        settings=TrainingSettings(**snakemake.params.settings),
        seed=int(snakemake.wildcards.seed),
        fold=None if fold is None else Fold(**fold),
        suspects=None if suspects is None else read_suspects(snakemake.input.suspects, SuspectSettings(**suspects)),
        bridge=None if bridge is None else read_bridge(Path(target[0]).parent, BridgeSettings(**bridge)),
    )
