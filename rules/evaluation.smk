# How good the trained models are, on signals that they have never seen.


rule evaluate_model:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
        histories=seed_histories,
    output:
        metrics="<run>/evaluation/{experiment}/model_metrics.csv",
        predictions="<run>/evaluation/{experiment}/test_predictions.csv",
        report="<run>/evaluation/{experiment}/classification_report.txt",
        confusion="<run>/evaluation/{experiment}/confusion_matrix.png",
        roc="<run>/evaluation/{experiment}/roc_curve.png",
        precision_recall="<run>/evaluation/{experiment}/precision_recall_curve.png",
        reliability="<run>/evaluation/{experiment}/reliability.png",
        history="<run>/evaluation/{experiment}/training_history.png",
    log:
        "<logs>/evaluate_model/{experiment}.log",
    benchmark:
        "<benchmarks>/evaluate_model/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        seeds=experiment_seeds,
        settings=CONFIG.evaluation.model_dump(exclude={"explain"}),
        code=code("evaluate_model"),
    script:
        "../scripts/evaluate_model.py"


# What nobody has labelled yet, for those who decide what to look at next.
rule rank_unknown:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
    output:
        table="<run>/evaluation/{experiment}/candidates.csv",
        parquet="<run>/evaluation/{experiment}/candidates.parquet",
    log:
        "<logs>/rank_unknown/{experiment}.log",
    benchmark:
        "<benchmarks>/rank_unknown/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code("rank_unknown"),
    script:
        "../scripts/rank_unknown.py"


# What in the views of some signals speaks for them or against them.
rule explain_signals:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
    output:
        arrays="<run>/evaluation/{experiment}/explanations.npz",
        table="<run>/evaluation/{experiment}/explanations.csv",
        figure="<run>/evaluation/{experiment}/explanations.png",
    log:
        "<logs>/explain_signals/{experiment}.log",
    benchmark:
        "<benchmarks>/explain_signals/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        signals=CONFIG.evaluation.explain,
        code=code("explain_signals"),
    script:
        "../scripts/explain_signals.py"


rule plot_samples:
    input:
        unpack(experiment_dataset),
    output:
        views="<run>/evaluation/{experiment}/sample_views.png",
    log:
        "<logs>/plot_samples/{experiment}.log",
    benchmark:
        "<benchmarks>/plot_samples/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        task=experiment_task,
        code=code("plot_samples"),
    script:
        "../scripts/plot_samples.py"


# Imported views come without light curves: missions only.
rule plot_light_curves:
    input:
        unpack(experiment_dataset),
        light_curves=experiment_light_curves,
    output:
        light_curves="<run>/evaluation/{experiment}/sample_light_curves.png",
    log:
        "<logs>/plot_light_curves/{experiment}.log",
    benchmark:
        "<benchmarks>/plot_light_curves/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        task=experiment_task,
        store=CONFIG.store,
        code=code("plot_light_curves"),
    script:
        "../scripts/plot_light_curves.py"
