# A survey that never was: its catalogs and light curves, written as the archives write theirs.
# Only a run that names a simulation has these rules.
from lightmill.simulate.paths import archive_folder, simulated_catalogs, truth_path

if CONFIG.simulation is not None:

    rule simulate_catalogs:
        output:
            **simulated_catalogs(CONFIG.simulation),
            truth=truth_path(CONFIG.simulation),
        log:
            "<logs>/simulate_catalogs.log",
        benchmark:
            "<benchmarks>/simulate_catalogs.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1000,
        params:
            settings=CONFIG.simulation.model_dump(exclude={"direct"}),
            code=code("simulate_catalogs"),
        script:
            "../scripts/simulate_catalogs.py"

    rule simulate_light_curves:
        output:
            manifest=f"{archive_folder(CONFIG.simulation)}/{{mission}}-{{part}}.json",
        log:
            "<logs>/simulate_light_curves/{mission}-{part}.log",
        benchmark:
            "<benchmarks>/simulate_light_curves/{mission}-{part}.tsv"
        wildcard_constraints:
            part=r"\d+",
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1000,
        params:
            settings=CONFIG.simulation.model_dump(exclude={"direct"}),
            code=code("simulate_light_curves"),
        script:
            "../scripts/simulate_light_curves.py"


if DIRECT:

    ruleorder: simulate_views > make_views

    # Instead of light curves written, fetched, stored and folded.
    rule simulate_views:
        input:
            signals=shard_list("signals"),
        output:
            manifest="<run>/views/{mission}/{shard}/manifest.json",
            arrays=[f"<run>/views/{{mission}}/{{shard}}/{name}.npy" for name in ARRAYS],
            meta="<run>/views/{mission}/{shard}/meta.parquet",
        log:
            "<logs>/simulate_views/{mission}-{shard}.log",
        benchmark:
            "<benchmarks>/simulate_views/{mission}-{shard}.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1500,
        params:
            simulation=CONFIG.simulation.model_dump(exclude={"direct", "folder", "parts"}),
            settings=view_settings,
            code=code("simulate_views"),
        script:
            "../scripts/simulate_views.py"
