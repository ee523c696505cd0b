# From trained models to models of another set, by several strategies, and their comparison.
from lightmill.config.training import STRATEGIES
from lightmill.transfer.tasks import require_same_questions

try:
    require_same_questions(CONFIG)
except LightmillError as error:
    raise WorkflowError(f"the configuration is wrong\n{error}")


def transfer_source(wildcards):
    """The trained model that a transfer starts from, and the dataset that it was trained on."""
    source = CONFIG.experiments[wildcards.experiment].source
    folder = f"{RUN}/models/{source}/{wildcards.seed}"
    return {
        "source_weights": f"{folder}/model.safetensors",
        "source_description": f"{folder}/model.json",
        "source_dataset": list(
            dataset_files(CONFIG.experiments[source].dataset).values()
        ),
    }


def transfer_options(wildcards):
    """What an experiment says of its transfer."""
    return CONFIG.experiments[wildcards.experiment].model_dump(
        include={"fine_tune_rate", "mismatched"}
    )


def transferred_models(wildcards):
    """The models of all strategies and seeds of an experiment."""
    places = expand(
        f"{RUN}/transfer/{wildcards.experiment}/{{strategy}}/{{seed}}",
        strategy=CONFIG.experiments[wildcards.experiment].strategies,
        seed=seeds_of(wildcards.experiment),
    )
    return {
        "descriptions": [f"{place}/model.json" for place in places],
        "weights": [f"{place}/model.safetensors" for place in places],
    }


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
        settings=CONFIG.evaluation.model_dump(),
        code=code("compare_transfer"),
    script:
        "../scripts/compare_transfer.py"
