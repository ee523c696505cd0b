"""The whole configuration, and how it is read."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from lightmill.config.archives import Archives
from lightmill.config.bridges import check_bridges
from lightmill.config.catalogs import LabelSettings, SplitSettings
from lightmill.config.explain import explain
from lightmill.config.folds import check_folds
from lightmill.config.network import NetworkSettings
from lightmill.config.search import SearchSettings
from lightmill.config.section import Section
from lightmill.config.simulation import SimulationSettings
from lightmill.config.sources import check_transfer
from lightmill.config.training import EvaluationSettings, Experiment, TrainingSettings
from lightmill.config.transfer import TrainedModels
from lightmill.config.views import ImportedViews, Views
from lightmill.errors import ConfigError
from lightmill.targets import MISSIONS

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
MAX_SHARDS = 256


class Config(Section):
    """One survey: what goes in, how it is treated, which networks are trained on it."""

    run: str = Field(pattern=_NAME, description="Name of the run; results go to results/<run>.")
    simulation: SimulationSettings | None = Field(
        default=None, description="Simulate a survey first. Without this key nothing is simulated."
    )
    catalogs: list[str] = Field(default=[], description="Catalog files, as paths or globs.")
    archives: Archives = Field(default=Archives(), description="Where each mission's light curves are.")
    network: NetworkSettings = Field(
        default=NetworkSettings(), description="How things are fetched; never what, so a change reruns nothing."
    )
    store: str = Field(
        default="data/light_curves", min_length=1, description="Folder of the light-curve store, shared by runs."
    )
    max_missing: float = Field(
        default=0.1, ge=0, le=1, description="Largest fraction of targets whose light curve may be missing (not `ok`)."
    )
    labels: LabelSettings = Field(default=LabelSettings(), description="Label policies.")
    splits: SplitSettings = Field(default=SplitSettings(), description="Training, validation and test.")
    search: SearchSettings = Field(default=SearchSettings(), description="What is searched for before views are made.")
    views: Views = Field(default=Views(), description="Detrending, folding, binning.")
    imported_views: dict[str, ImportedViews] = Field(default={}, description="Sets of views made by others, by name.")
    training: TrainingSettings = Field(default=TrainingSettings(), description="How networks are fitted.")
    evaluation: EvaluationSettings = Field(default=EvaluationSettings(), description="How networks are judged.")
    trained_models: dict[str, TrainedModels] = Field(
        default={}, description="Models that other runs have trained, by name: sources of transfers."
    )
    experiments: dict[str, Experiment] = Field(default={}, description="Networks to train and transfer, by name.")

    @model_validator(mode="after")
    def _names_fit(self) -> "Config":
        _check_names(self)
        return self

    def missions(self) -> list[str]:
        """The missions named under `archives`, in the usual order."""
        return list(self.archives.by_mission())

    def experiment_training(self, name: str) -> TrainingSettings:
        """The training settings of one experiment: the top-level ones with its own on top."""
        return TrainingSettings(**{**self.training.model_dump(), **self.experiments[name].training})


def _check_names(config: Config) -> None:
    shards = sum(archive.shards for archive in config.archives.by_mission().values())
    if shards > MAX_SHARDS:
        raise ValueError(f"archives: {shards} shards in the whole run; at most {MAX_SHARDS}")
    datasets = [*config.missions(), *config.imported_views]
    for name in [*config.imported_views, *config.experiments, *config.trained_models]:
        if not re.fullmatch(_NAME, name):
            raise ValueError(f"name {name!r}: letters, digits, _ . - only")
    clashes = sorted(set(config.imported_views) & set(MISSIONS))
    if clashes:
        raise ValueError(f"imported_views.{clashes[0]}: the name of a mission; choose another")
    _check_scoring(config)
    for name, experiment in config.experiments.items():
        if experiment.dataset not in datasets:
            known = ", ".join(datasets) or "none"
            raise ValueError(f"experiments.{name}.dataset: no dataset {experiment.dataset!r}; there are {known}")
        try:
            config.experiment_training(name)
        except ValidationError as error:
            raise ValueError(explain(error, TrainingSettings, f"experiments.{name}.training.")) from None
        if experiment.source is not None:
            check_transfer(name, config.experiments, config.trained_models, config.training)
    members = {name: config.experiment_training(name).members for name in config.experiments}
    check_folds(config.experiments, members)
    check_bridges(config.experiments, datasets)


def _check_scoring(config: Config) -> None:
    """What is to score found signals must be an experiment that trains, or a folder that holds an ensemble."""
    trained = sorted(name for name, experiment in config.experiments.items() if experiment.source is None)
    for mission, named in (config.search.find.score_with if config.search.find is not None else {}).items():
        if mission not in config.missions():
            raise ValueError(
                f"search.find.score_with.{mission}: no such mission under archives; there are "
                f"{', '.join(config.missions()) or 'none'}"
            )
        if named not in trained and not (Path(named) / "model.json").is_file():
            near = get_close_matches(named, trained, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"search.find.score_with.{mission}: {named!r} is no experiment that trains "
                f"({', '.join(trained) or 'none'}), and no folder with a model.json{meant}"
            )


def parse_config(values: dict[str, Any]) -> Config:
    """The configuration in a plain mapping, `${NAME:-default}` in its strings replaced from the environment.

    Raises ConfigError with one line per fault: the key, what was expected, and the nearest valid name.
    """
    try:
        return Config.model_validate(_expand(values, ""))
    except ValidationError as error:
        raise ConfigError(explain(error, Config)) from None


def load_config(path: str | Path) -> Config:
    """The configuration in a YAML file; raises ConfigError like `parse_config`, naming the file."""
    try:
        values = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file (UTF-8); expected YAML") from None
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"{path}: cannot be read ({reason}); expected a configuration file, check the path") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values")
    try:
        return parse_config(values)
    except ConfigError as error:
        raise ConfigError(f"{path}:\n{error}") from None


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key stands once in its mapping: of two, one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _expand(value: Any, place: str) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match, place), value)
    if isinstance(value, dict):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise ConfigError(f"{place + '.' if place else ''}{wrong[0]}: a key must be text; put it in quotes")
        return {key: _expand(item, f"{place}.{key}" if place else key) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _variable(match: re.Match[str], place: str) -> str:
    name, default = match[1], match[2]
    value = os.environ.get(name) or default
    if value is None:
        raise ConfigError(f"{place}: the environment has no {name}; set it, or write ${{{name}:-default}}")
    return value
