# From trained models to models of another set, by several strategies, and their comparison.
from lightmill.config.training import STRATEGIES


rule transfer_model:
    input:
        unpack(experiment_dataset),
        unpack(transfer_source),
    output:
        weights="<run>/transfer/{experiment}/{strategy}/{seed}/model.safetensors",
        description="<run>/transfer/{experiment}/{strategy}/{seed}/model.json",
        history="<run>/transfer/{experiment}/{strategy}/{seed}/training_history.csv",
    log:
        "<logs>/transfer_model/{experiment}-{strategy}-{seed}.log",
    benchmark:
        "<benchmarks>/transfer_model/{experiment}-{strategy}-{seed}.tsv"
    wildcard_constraints:
        strategy="|".join(STRATEGIES),
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        task=experiment_task,
        settings=training_settings,
        options=transfer_options,
        code=code("transfer_model"),
    script:
        "../scripts/transfer_model.py"


rule compare_transfer:
    input:
        unpack(experiment_dataset),
        unpack(transferred_models),
    output:
        results="<run>/transfer/{experiment}/transfer_results.csv",
        figure=report(
            "<run>/transfer/{experiment}/transfer_learning_comparison.png",
            category="Transfer",
            labels={"experiment": "{experiment}"},
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
        code=code("compare_transfer"),
    script:
        "../scripts/compare_transfer.py"
