# From trained models to models of another set, by several strategies, with more and fewer labels, and their comparison.
#
# A job does all fractions and draws of one strategy and seed: each of these cells stays in a file of its own under
# `cells`, so that a job which was killed, or has one more fraction, does what is missing.
from lightmill.config.transfer import STRATEGIES
from lightmill.transfer.advice_template import template_digest


wildcard_constraints:
    origin="[A-Za-z0-9][A-Za-z0-9_.-]*",
    strategy="|".join(STRATEGIES),


rule choose_rates:
    input:
        unpack(experiment_dataset),
        unpack(transfer_source),
        datasets=compared_datasets,
    output:
        rates="<run>/transfer/{experiment}/{origin}/{strategy}/rates.csv",
    log:
        "<logs>/choose_rates/{experiment}-{origin}-{strategy}.log",
    benchmark:
        "<benchmarks>/choose_rates/{experiment}-{origin}-{strategy}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        job=transfer_job,
        seed=lambda wildcards: seeds_of(wildcards.experiment)[0],
        rates=lambda wildcards: TRANSFERS[wildcards.experiment].rates,
        code=code("choose_rates"),
    script:
        "../scripts/choose_rates.py"


rule transfer_model:
    input:
        unpack(experiment_dataset),
        unpack(transfer_source),
        rates=chosen_rates,
    output:
        weights="<run>/transfer/{experiment}/{origin}/{strategy}/{seed}/model.safetensors",
        description="<run>/transfer/{experiment}/{origin}/{strategy}/{seed}/model.json",
        history="<run>/transfer/{experiment}/{origin}/{strategy}/{seed}/training_history.csv",
        cells="<run>/transfer/{experiment}/{origin}/{strategy}/{seed}/cells.csv",
        scores="<run>/transfer/{experiment}/{origin}/{strategy}/{seed}/scores.parquet",
    log:
        "<logs>/transfer_model/{experiment}-{origin}-{strategy}-{seed}.log",
    benchmark:
        "<benchmarks>/transfer_model/{experiment}-{origin}-{strategy}-{seed}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        job=transfer_job,
        draws=lambda wildcards: TRANSFERS[wildcards.experiment].draws,
        code=code("transfer_model"),
    script:
        "../scripts/transfer_model.py"


# The models of all seeds as one, calibrated on the target: what `lightmill score` takes.
rule ensemble_transfer:
    input:
        unpack(experiment_dataset),
        unpack(transferred_seeds),
    output:
        weights="<run>/transfer/{experiment}/{origin}/{strategy}/ensemble/model.safetensors",
        description="<run>/transfer/{experiment}/{origin}/{strategy}/ensemble/model.json",
    log:
        "<logs>/ensemble_transfer/{experiment}-{origin}-{strategy}.log",
    benchmark:
        "<benchmarks>/ensemble_transfer/{experiment}-{origin}-{strategy}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code("ensemble_transfer"),
    script:
        "../scripts/ensemble_transfer.py"


rule compare_transfer:
    input:
        unpack(transferred_models),
        datasets=compared_datasets,
    output:
        results="<run>/transfer/{experiment}/transfer_results.csv",
        tables=[f"<run>/transfer/{{experiment}}/{name}.csv" for name in TRANSFER_TABLES],
        advice=report(
            "<run>/transfer/{experiment}/advice.html",
            category="Transfer",
            labels={"experiment": "{experiment}", "what": "what to do with so many labels"},
        ),
        figures=report(
            [f"<run>/transfer/{{experiment}}/{name}.png" for name in TRANSFER_FIGURES],
            category="Transfer",
            labels={"experiment": "{experiment}", "what": "figure"},
        ),
    log:
        "<logs>/compare_transfer/{experiment}.log",
    benchmark:
        "<benchmarks>/compare_transfer/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        settings=CONFIG.evaluation.model_dump(exclude={"explain"}),
        primary=primary_comparisons,
        template=template_digest(),
        code=code("compare_transfer"),
    script:
        "../scripts/compare_transfer.py"
