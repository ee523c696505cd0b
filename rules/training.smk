# From datasets to trained models and their ensembles.


# The coverage is a gate, not read: no dataset of a mission that too many light curves are missing from. The arrays of
# views are not named: each shard's manifest holds their checksums, and it changes whenever one of them does.
rule assemble_dataset:
    input:
        manifests=of_shards(f"{RUN}/views/{{mission}}/{{shard}}/manifest.json"),
        metas=of_shards(f"{RUN}/views/{{mission}}/{{shard}}/meta.parquet"),
        labels=shard_lists("labels"),
        resolved=resolved_shares,
        coverage=coverage_gate,
    output:
        manifest="<run>/datasets/{mission}/manifest.json",
        arrays=[f"<run>/datasets/{{mission}}/{name}.npy" for name in ARRAYS],
        meta="<run>/datasets/{mission}/meta.parquet",
    log:
        "<logs>/assemble_dataset/{mission}.log",
    benchmark:
        "<benchmarks>/assemble_dataset/{mission}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        labels=CONFIG.labels.model_dump(),
        code=code("assemble_dataset"),
    script:
        "../scripts/assemble_dataset.py"


# Not part of a run: made where somebody asks for the file.
rule export_dataset:
    input:
        unpack(exported_dataset),
    output:
        data="<run>/datasets/{name}/preprocessed_data.npz",
    log:
        "<logs>/export_dataset/{name}.log",
    benchmark:
        "<benchmarks>/export_dataset/{name}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code("export_dataset"),
    script:
        "../scripts/export_dataset.py"


rule train_model:
    input:
        unpack(experiment_dataset),
        suspects=suspect_table,
        bridge=bridge_target,
    output:
        weights="<run>/models/{experiment}/{seed}/model.safetensors",
        description="<run>/models/{experiment}/{seed}/model.json",
        history="<run>/models/{experiment}/{seed}/training_history.csv",
    log:
        "<logs>/train_model/{experiment}-{seed}.log",
    benchmark:
        "<benchmarks>/train_model/{experiment}-{seed}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        task=experiment_task,
        settings=training_settings,
        fold=member_fold,
        suspects=suspect_settings,
        bridge=bridge_settings,
        code=code("train_model"),
    script:
        "../scripts/train_model.py"


rule ensemble_models:
    input:
        unpack(experiment_dataset),
        unpack(ensemble_members),
    output:
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
        description="<run>/models/{experiment}/ensemble/model.json",
    log:
        "<logs>/ensemble_models/{experiment}.log",
    benchmark:
        "<benchmarks>/ensemble_models/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code("ensemble_models"),
    script:
        "../scripts/ensemble_models.py"


# Labels that networks which have not seen them do not believe. Training may read what is found.
rule suspect_labels:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
    output:
        table="<run>/models/{experiment}/suspect_labels.csv",
    log:
        "<logs>/suspect_labels/{experiment}.log",
    benchmark:
        "<benchmarks>/suspect_labels/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code("suspect_labels"),
    script:
        "../scripts/suspect_labels.py"
