# Light curves and ephemerides made into views, and views that others made.
import re

from lightmill.catalogs.crosswalk import crosswalk_digest


rule make_views:
    input:
        signals=signals_to_fold,
        light_curves="<run>/lightcurves/{mission}/{shard}.parquet",
    output:
        manifest="<run>/views/{mission}/{shard}/manifest.json",
        arrays=[f"<run>/views/{{mission}}/{{shard}}/{name}.npy" for name in ARRAYS],
        meta="<run>/views/{mission}/{shard}/meta.parquet",
    log:
        "<logs>/make_views/{mission}-{shard}.log",
    benchmark:
        "<benchmarks>/make_views/{mission}-{shard}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        store=CONFIG.store,
        settings=view_settings,
        code=code("make_views"),
    script:
        "../scripts/make_views.py"


if FIND is not None:

    use rule make_views as make_found_views with:
        input:
            signals=of_shard(f"{RUN}/search/{{mission}}/{{shard}}/found.parquet"),
            light_curves=of_shard(f"{RUN}/lightcurves/{{mission}}/{{shard}}.parquet"),
        output:
            manifest="<run>/search/{mission}/{shard}/views/manifest.json",
            arrays=[f"<run>/search/{{mission}}/{{shard}}/views/{name}.npy" for name in ARRAYS],
            meta="<run>/search/{mission}/{shard}/views/meta.parquet",
        log:
            "<logs>/make_found_views/{mission}-{shard}.log",
        benchmark:
            "<benchmarks>/make_found_views/{mission}-{shard}.tsv"


rule import_views:
    input:
        files=imported_files,
    output:
        manifest="<run>/datasets/{name}/manifest.json",
        arrays=[f"<run>/datasets/{{name}}/{name}.npy" for name in IMPORTED_ARRAYS],
        meta="<run>/datasets/{name}/meta.parquet",
        rejected="<run>/datasets/{name}/rejected.csv",
    log:
        "<logs>/import_views/{name}.log",
    benchmark:
        "<benchmarks>/import_views/{name}.tsv"
    wildcard_constraints:
        # Nothing where nothing is imported.
        name="|".join(map(re.escape, CONFIG.imported_views)) or "(?!)",
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=import_settings,
        splits=CONFIG.splits.model_dump(exclude={"method"}),
        crosswalk=crosswalk_digest(),
        code=code("import_views"),
    script:
        "../scripts/import_views.py"
