# Archive to store: which files there are, the light curves of one shard's targets, and what they cover.


rule list_sectors:
    output:
        sectors="<run>/lightcurves/TESS/sectors.parquet",
    log:
        "<logs>/list_sectors.log",
    benchmark:
        "<benchmarks>/list_sectors.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        mast_connections=1,
    params:
        base_url=sector_bases(),
        segments=sectors_chosen(),
        store=CONFIG.store,
        code=code("list_sectors"),
    script:
        "../scripts/list_sectors.py"


rule fetch_light_curves:
    input:
        targets=shard_list("targets"),
        archive=simulated_archive,
    output:
        manifest="<run>/lightcurves/{mission}/{shard}.parquet",
        products="<run>/lightcurves/{mission}/{shard}.products.parquet",
    log:
        "<logs>/fetch_light_curves/{mission}-{shard}.log",
    benchmark:
        "<benchmarks>/fetch_light_curves/{mission}-{shard}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        mast_connections=connections,
    params:
        archive=archive_settings,
        store=CONFIG.store,
        code=code("fetch_light_curves"),
    script:
        "../scripts/fetch_light_curves.py"


rule check_light_curves:
    input:
        manifests=of_shards(f"{RUN}/lightcurves/{{mission}}/{{shard}}.parquet"),
        labels=shard_lists("labels"),
        searched=shard_lists("searched") if FIND is not None else [],
    output:
        coverage="<run>/lightcurves/{mission}/coverage.csv",
    log:
        "<logs>/check_light_curves/{mission}.log",
    benchmark:
        "<benchmarks>/check_light_curves/{mission}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        max_missing=CONFIG.max_missing,
        code=code("check_light_curves"),
    script:
        "../scripts/check_light_curves.py"
