# Archive tables to labelled signals, and to the lists of every shard.
from lightmill.catalogs.crosswalk import crosswalk_digest


rule read_catalog:
    input:
        catalog=newest_snapshot,
    output:
        signals="<run>/catalogs/{table}.parquet",
        rejected="<run>/catalogs/{table}.rejected.csv",
        summary="<run>/catalogs/{table}.summary.json",
    log:
        "<logs>/read_catalog/{table}.log",
    benchmark:
        "<benchmarks>/read_catalog/{table}.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        labels=CONFIG.labels.model_dump(),
        facts=facts_used,
        code=code("read_catalog"),
    script:
        "../scripts/read_catalog.py"


rule label_signals:
    input:
        tables=expand("<run>/catalogs/{table}.parquet", table=TABLES),
    output:
        labels="<run>/labels.parquet",
        conflicts="<run>/catalogs/conflicts.csv",
        moves="<run>/catalogs/moves.csv",
    log:
        "<logs>/label_signals.log",
    benchmark:
        "<benchmarks>/label_signals.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        tables=list(TABLES),
        labels=CONFIG.labels.model_dump(),
        splits=CONFIG.splits.model_dump(),
        shards={mission: len(shards) for mission, shards in SHARDS.items()},
        crosswalk=crosswalk_digest(),
        code=code("label_signals"),
    script:
        "../scripts/label_signals.py"


# The one checkpoint: downloads, views, datasets and training start from its lists, so that what did not change in
# them costs nothing.
checkpoint shard_catalog:
    input:
        labels="<run>/labels.parquet",
        summaries=expand("<run>/catalogs/{table}.summary.json", table=TABLES),
        sectors=sector_lists(),
        searched=searched(),
    output:
        lists=[
            f"<run>/shards/{kind}/{mission}/{shard}.parquet"
            for kind in SHARD_LISTS
            for mission in SHARDS
            for shard in SHARDS[mission]
        ],
        resolved=expand("<run>/shards/resolved/{mission}.json", mission=SHARDS),
    log:
        "<logs>/shard_catalog.log",
    benchmark:
        "<benchmarks>/shard_catalog.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        shards={mission: len(shards) for mission, shards in SHARDS.items()},
        search_listed=None if FIND is None else FIND.catalog_targets,
        max_resolved_difference=CONFIG.labels.max_resolved_difference,
        code=code("shard_catalog"),
    script:
        "../scripts/shard_catalog.py"


rule explore_catalogs:
    input:
        tables=expand("<run>/catalogs/{table}.parquet", table=TABLES),
        labels="<run>/labels.parquet",
    output:
        dispositions="<run>/catalogs/figures/dispositions.png",
        distributions="<run>/catalogs/figures/distributions.png",
        missions="<run>/catalogs/figures/missions.png",
        sky="<run>/catalogs/figures/sky.png",
    log:
        "<logs>/explore_catalogs.log",
    benchmark:
        "<benchmarks>/explore_catalogs.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        tables=list(TABLES),
        code=code("explore_catalogs"),
    script:
        "../scripts/explore_catalogs.py"
