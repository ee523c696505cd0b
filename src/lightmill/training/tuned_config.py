"""A configuration with the settings of the best trial of a search."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lightmill.config.model import load_config, parse_config
from lightmill.files import write_text
from lightmill.training.search_space import with_values


def write_tuned_config(path: str | Path, config_file: str | Path, experiment: str, trial: Mapping[str, Any]) -> None:
    """Write the configuration in `config_file` with one experiment's settings replaced by those of a trial.

    Everything else stays, `${NAME:-default}` in it too; comments are lost. `trial` is as
    `lightmill.training.tuning.tune` yields it. Raises ConfigError if the configuration cannot be read.
    """
    settings = load_config(config_file).experiment_training(experiment)
    values = yaml.safe_load(Path(config_file).read_text(encoding="utf-8"))
    section = values["experiments"][experiment]
    section["training"] = {**section.get("training", {}), **with_values(settings, trial)}
    parse_config(values)
    head = f"# {experiment}: settings of trial {trial['trial']}, validation {settings.monitor} {trial['value']:.4f}.\n"
    write_text(path, head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120))
