# How good the trained models are, on signals that they have never seen.


rule evaluate_model:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
        histories=seed_histories,
        listed=catalog_numbers,
    output:
        metrics="<run>/evaluation/{experiment}/model_metrics.csv",
        scores="<run>/evaluation/{experiment}/test_scores.csv",
        predictions="<run>/evaluation/{experiment}/test_predictions.csv",
        comparison="<run>/evaluation/{experiment}/comparison.csv",
        slices="<run>/evaluation/{experiment}/recall_by.csv",
        calibration="<run>/evaluation/{experiment}/calibration.csv",
        uncertainty="<run>/evaluation/{experiment}/uncertainty.csv",
        report="<run>/evaluation/{experiment}/classification_report.txt",
        confusion="<run>/evaluation/{experiment}/confusion_matrix.png",
        roc="<run>/evaluation/{experiment}/roc_curve.png",
        precision_recall="<run>/evaluation/{experiment}/precision_recall_curve.png",
        reliability="<run>/evaluation/{experiment}/reliability.png",
        differences="<run>/evaluation/{experiment}/comparison.png",
        slices_figure="<run>/evaluation/{experiment}/recall_by.png",
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


# Experiments that ask the same question, where a run has several: which of them is better, and by how much.
rule compare_experiments:
    input:
        scores=compared_scores,
    output:
        table="<run>/evaluation/comparison.csv",
        figure="<run>/evaluation/comparison.png",
    log:
        "<logs>/compare_experiments.log",
    benchmark:
        "<benchmarks>/compare_experiments.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        questions=QUESTIONS,
        settings=CONFIG.evaluation.model_dump(exclude={"explain"}),
        code=code("compare_experiments"),
    script:
        "../scripts/compare_experiments.py"


# What nobody has labelled yet, for those who decide what to look at next.
rule rank_unknown:
    input:
        unpack(experiment_dataset),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
        exominer=exominer_scores,
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


# The labels themselves, by what is known today.
rule judge_today:
    input:
        unpack(experiment_dataset),
        unpack(todays_files),
        description="<run>/models/{experiment}/ensemble/model.json",
        weights="<run>/models/{experiment}/ensemble/model.safetensors",
    output:
        truth="<run>/evaluation/{experiment}/todays_truth.csv",
        metrics="<run>/evaluation/{experiment}/todays_metrics.csv",
    log:
        "<logs>/judge_today/{experiment}.log",
    benchmark:
        "<benchmarks>/judge_today/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        settings=todays_settings,
        evaluation=CONFIG.evaluation.model_dump(exclude={"explain"}),
        code=code("judge_today"),
    script:
        "../scripts/judge_today.py"


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


# Of labels that networks do not believe: what they have seen.
rule plot_suspects:
    input:
        unpack(experiment_dataset),
        table="<run>/models/{experiment}/suspect_labels.csv",
    output:
        figure="<run>/evaluation/{experiment}/suspect_labels.png",
    log:
        "<logs>/plot_suspects/{experiment}.log",
    benchmark:
        "<benchmarks>/plot_suspects/{experiment}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code("plot_suspects"),
    script:
        "../scripts/plot_suspects.py"


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
