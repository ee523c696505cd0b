# Archive tables to labelled signals, and to the lists of every shard.
from lightmill.catalogs.epics import epics_digest
from lightmill.catalogs.identify import newest


def newest_snapshot(wildcards):
    """The newest of the snapshots of one table; older ones are history."""
    return newest(TABLES[wildcards.table])


def facts_used(wildcards):
    """What goes into reading a table besides its file: the EPIC numbers known for K2's hosts."""
    return epics_digest() if wildcards.table == "k2pandc" else ""


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
