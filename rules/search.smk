# Light curves to ephemerides: those of the catalogs completed and refined, and signals that nobody has listed.

if REFINES:

    rule search_ephemerides:
        input:
            signals=shard_list("signals"),
            light_curves="<run>/lightcurves/{mission}/{shard}.parquet",
        output:
            ephemerides="<run>/search/{mission}/{shard}/ephemerides.parquet",
        log:
            "<logs>/search_ephemerides/{mission}-{shard}.log",
        benchmark:
            "<benchmarks>/search_ephemerides/{mission}-{shard}.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1500,
        params:
            store=CONFIG.store,
            cache=CONFIG.search.cache,
            settings=ephemeris_settings,
            code=code("search_ephemerides"),
        script:
            "../scripts/search_ephemerides.py"


if FIND is not None:

    rule read_targets:
        input:
            files=target_files(),
        output:
            targets="<run>/search/targets.parquet",
            rejected="<run>/search/targets.rejected.csv",
        log:
            "<logs>/read_targets.log",
        benchmark:
            "<benchmarks>/read_targets.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=500,
        params:
            missions=list(SHARDS),
            code=code("read_targets"),
        script:
            "../scripts/read_targets.py"

    rule find_signals:
        input:
            targets=shard_list("searched"),
            light_curves="<run>/lightcurves/{mission}/{shard}.parquet",
        output:
            found="<run>/search/{mission}/{shard}/found.parquet",
        log:
            "<logs>/find_signals/{mission}-{shard}.log",
        benchmark:
            "<benchmarks>/find_signals/{mission}-{shard}.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1500,
        params:
            store=CONFIG.store,
            cache=CONFIG.search.cache,
            settings=find_settings(),
            code=code("find_signals"),
        script:
            "../scripts/find_signals.py"

    # Where many stars have the same period, an instrument is at work: looked at over a whole mission.
    rule gather_found:
        input:
            found=of_shards(f"{RUN}/search/{{mission}}/{{shard}}/found.parquet"),
            manifests=of_shards(f"{RUN}/search/{{mission}}/{{shard}}/views/manifest.json"),
            light_curves=of_shards(f"{RUN}/lightcurves/{{mission}}/{{shard}}.parquet"),
        output:
            found="<run>/search/{mission}/found.csv",
            histogram="<run>/search/{mission}/period_histogram.txt",
            figure="<run>/search/{mission}/period_histogram.png",
        log:
            "<logs>/gather_found/{mission}.log",
        benchmark:
            "<benchmarks>/gather_found/{mission}.tsv"
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=1500,
        params:
            code=code("gather_found"),
        script:
            "../scripts/gather_found.py"

    rule score_found:
        input:
            unpack(scoring_model),
            found="<run>/search/{mission}/found.csv",
            manifests=of_shards(f"{RUN}/search/{{mission}}/{{shard}}/views/manifest.json"),
        output:
            candidates="<run>/search/{mission}/candidates.csv",
        log:
            "<logs>/score_found/{mission}.log",
        benchmark:
            "<benchmarks>/score_found/{mission}.tsv"
        wildcard_constraints:
            mission="|".join(FIND.score_with) or "(?!)",
        conda:
            "../envs/lightmill.yaml"
        threads: 1
        resources:
            mem_mb=3000,
        params:
            source=scoring_source,
            code=code("score_found"),
        script:
            "../scripts/score_found.py"
