# The map: what is configured, which stages there are, and the results one can ask for.
import re

from snakemake.utils import min_version

from lightmill.config import parse_config
from lightmill.errors import LightmillError
from lightmill.transfer.questions import require_same_questions

min_version("9.27")

# config.yaml is one survey, the simulated one; naming another with --configfile replaces it.
if not workflow.overwrite_configfiles:

    configfile: workflow.source_path("config.yaml")


try:
    CONFIG = parse_config(config)
    require_same_questions(CONFIG)
except LightmillError as error:
    raise WorkflowError(f"the configuration is wrong\n{error}")

RUN = f"results/{CONFIG.run}"

# How things are fetched is no parameter of any rule, so that a change of it reruns nothing: scripts read it from here.
config["network"] = CONFIG.network.model_dump()


pathvars:
    run=RUN,
    logs=f"{RUN}/logs",
    benchmarks=f"{RUN}/benchmarks",


wildcard_constraints:
    mission="Kepler|K2|TESS",
    shard=r"\d{3}",
    table="[a-z0-9_]+",
    experiment="|".join(map(re.escape, CONFIG.experiments)) or "no_experiment",
    name="[A-Za-z0-9][A-Za-z0-9_.-]*",
    seed=r"\d+",


include: "rules/paths.smk"
include: "rules/inputs.smk"
include: "rules/transfer_inputs.smk"
include: "rules/simulate.smk"
include: "rules/catalogs.smk"
include: "rules/lightcurves.smk"
include: "rules/search.smk"
include: "rules/views.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/transfer.smk"
include: "rules/provenance.smk"


localrules:
    all,
    labels,
    light_curves,
    search,
    views,
    models,
    evaluation,
    transfer,
    shard_catalog,


rule all:
    default_target: True
    input:
        labels_of_run,
        search_of_run,
        views_of_run,
        models_of_run,
        evaluation_of_run,
        transfer_of_run,
        "<run>/provenance.json",


rule labels:
    input:
        labels_of_run,


rule light_curves:
    input:
        light_curves_of_run,


rule search:
    input:
        search_of_run,


rule views:
    input:
        views_of_run,


rule models:
    input:
        models_of_run,


rule evaluation:
    input:
        evaluation_of_run,


rule transfer:
    input:
        transfer_of_run,
