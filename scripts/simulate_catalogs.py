"""Write the catalogs of a simulated survey, and the truth about its signals."""

from lightmill.config.simulation import SimulationSettings
from lightmill.logs import job_log
from lightmill.simulate.catalogs import write_catalogs

with job_log(snakemake.log[0]):
    write_catalogs(
        settings=SimulationSettings(**snakemake.params.settings),
        catalogs={table: path for table, path in snakemake.output.items() if table != "truth"},
        truth=snakemake.output.truth,
    )
