# What the run was made from, for people; no rule reads it.


rule record_provenance:
    input:
        catalogs=[path for paths in TABLES.values() for path in paths],
    output:
        provenance="<run>/provenance.json",
    log:
        "<logs>/record_provenance.log",
    benchmark:
        "<benchmarks>/record_provenance.tsv"
    conda:
        "../envs/lightmill.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        config=CONFIG.model_dump(mode="json", by_alias=True),
        code=CODE,
    script:
        "../scripts/record_provenance.py"
