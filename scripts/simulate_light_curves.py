"""Write one part of a mission's simulated light curves, in the tree of its archive."""

from lightmill.config.simulation import SimulationSettings
from lightmill.logs import job_log
from lightmill.simulate.light_curves import write_light_curves

with job_log(snakemake.log[0]):
    write_light_curves(
        settings=SimulationSettings(**snakemake.params.settings),
        mission=snakemake.wildcards.mission,
        part=int(snakemake.wildcards.part),
        manifest=snakemake.output.manifest,
    )
