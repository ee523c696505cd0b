# Light curves and ephemerides made into views.


rule make_views:
    input:
        signals=shard_list("signals"),
        light_curves="<run>/lightcurves/{mission}/{shard}.parquet",
    output:
        manifest="<run>/views/{mission}/{shard}/manifest.json",
        global_view="<run>/views/{mission}/{shard}/global.npy",
        local_view="<run>/views/{mission}/{shard}/local.npy",
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
        settings=CONFIG.views.model_dump(by_alias=True),
        code=code("make_views"),
    script:
        "../scripts/make_views.py"
