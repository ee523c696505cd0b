"""List the two-minute light curves of TESS's sectors, as far as the archive has scripts that name them."""

from lightmill.config.archives import Archive, Base
from lightmill.config.network import NetworkSettings
from lightmill.lightcurves.archives.sectors import list_sectors
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    list_sectors(
        bases=[Base(**base) for base in snakemake.params.base_url],
        network=NetworkSettings(**snakemake.config["network"]),
        store=snakemake.params.store,
        output=snakemake.output.sectors,
        chosen=Archive(segments=snakemake.params.segments).chosen_segments,
    )
