# What the jobs of a transfer read and are told, where it depends on their wildcards. No rule stands here.


def source_files(source):
    """The folder of a source's ensemble, and the files of the dataset that it was trained on."""
    if source in CONFIG.trained_models:
        trained = CONFIG.trained_models[source]
        return trained.ensemble, {key: f"{trained.dataset}/{file}" for key, file in DATASET_FILES.items()}
    return f"{RUN}/models/{source}/ensemble", dataset_files(CONFIG.experiments[source].dataset)


def transfer_source(wildcards):
    """The trained models that a transfer starts from, and the dataset that they were trained on.

    A strategy that has no source takes its network's form from the first.
    """
    first = TRANSFERS[wildcards.experiment].sources[0]
    ensemble, dataset = source_files(first if wildcards.origin == NO_SOURCE else wildcards.origin)
    return {
        "source_weights": f"{ensemble}/model.safetensors",
        "source_description": f"{ensemble}/model.json",
        "source_dataset": list(dataset.values()),
    }


def compared_datasets(wildcards):
    """The manifests of the datasets of a transfer: the target's, and those of its sources."""
    manifests = [source_files(source)[1]["manifest"] for source in TRANSFERS[wildcards.experiment].sources]
    return [experiment_dataset(wildcards)["manifest"], *manifests]


def transfer_job(wildcards):
    """What an experiment says of its transfer, and how its networks are fitted."""
    options = {"task", "labels", "fractions", "fine_tune_rate", "mismatched"}
    return {
        **TRANSFERS[wildcards.experiment].model_dump(include=options),
        "settings": training_settings(wildcards),
    }


def chosen_rates(wildcards):
    """The learning rates that a strategy has chosen, if it learns."""
    if wildcards.strategy == AS_IT_IS:
        return []
    return f"{RUN}/transfer/{wildcards.experiment}/{wildcards.origin}/{wildcards.strategy}/rates.csv"


def transferred_seeds(wildcards):
    """The models of all seeds of a transfer's strategy."""
    folder = f"{RUN}/transfer/{wildcards.experiment}/{wildcards.origin}/{wildcards.strategy}"
    seeds = seeds_of(wildcards.experiment)
    return {
        "descriptions": [f"{folder}/{seed}/model.json" for seed in seeds],
        "weights": [f"{folder}/{seed}/model.safetensors" for seed in seeds],
    }


def transferred_models(wildcards):
    """What the models of all strategies and seeds of a transfer say, and how their rates were chosen."""
    arms = arms_of(wildcards.experiment)
    places = [f"{arm}/{seed}" for arm in arms for seed in seeds_of(wildcards.experiment)]
    return {
        "descriptions": [f"{place}/model.json" for place in places],
        "scores": [f"{place}/scores.parquet" for place in places],
        "cells": [f"{place}/cells.csv" for place in places],
        "rates": [f"{arm}/rates.csv" for arm in learning_arms_of(wildcards.experiment)],
    }


def primary_comparisons(wildcards):
    """The comparisons that an experiment names in advance."""
    return [one.model_dump() for one in TRANSFERS[wildcards.experiment].primary]
