"""The search for training settings: Optuna proposes, the project's own training judges, on the validation split alone.

The tree-structured Parzen estimator (Bergstra et al. 2011, NIPS, 2546) proposes settings from what trials before have
shown; a trial that is worse than the median of the others at the same epoch is ended. The first trial is the
experiment as it is, so that what is found is never worse than that on validation.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from torch import Tensor

from lightmill.code_digest import code_digest
from lightmill.config.model import Config
from lightmill.config.training import TrainingSettings
from lightmill.errors import ConfigError, DivergenceError, ModelError
from lightmill.files import digest, write_csv
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.examples import Examples
from lightmill.training.fitting import fit
from lightmill.training.networks.base import Bins, Network
from lightmill.training.progress import standing
from lightmill.training.search_space import SPACE, space_of, value_of, with_values
from lightmill.training.train import arrays_for, fresh_network, task_examples, view_bins

# So many trials are drawn at random before any is proposed, and before any is ended early.
AT_RANDOM, BEFORE_PRUNING = 6, 4
# This part of the epochs is granted to every trial.
GRANTED = 1 / 3
COMPLETE, PRUNED, DIVERGED = "complete", "pruned", "diverged"


def tune(
    config: Config, experiment: str, trials: int, seed: int, epochs: int | None = None
) -> Iterator[dict[str, Any]]:
    """Try settings for one experiment of a run; yields each finished trial, those of an earlier call first.

    The study is kept in `results/<run>/tuning/<experiment>/study.sqlite`: an interrupted search goes on where it
    stopped, in the middle of a trial too, and ends with the same trials as one that was left alone. After each trial
    `trials.csv` is written beside it. Only one process at a time may work on a study.

    Parameters
    ----------
    config
        The run's configuration; the experiment's dataset must have been made.
    experiment
        Name of an experiment that trains.
    trials
        How many there shall be in all.
    seed
        Of the proposals, and of the training of every trial.
    epochs
        Of each trial; without it the experiment's own.

    Yields
    ------
    `trial` (from 1), `outcome` (`complete`, `pruned` or `diverged`), `epochs` done, `best_epoch`, `value` (the
    experiment's `monitor` on the validation split at that epoch; NaN if the network diverged in the first), and the
    value of every key of `space_of` the experiment's settings.

    Raises ConfigError for an experiment that is none or a transfer; ModelError if the dataset is not there, or the
    study belongs to other data, settings, seed or code.
    """
    settings = tuned_settings(config, experiment, epochs)
    data = _dataset(config, experiment)
    labels = config.experiments[experiment].labels
    views = arrays_for(settings, data)
    examples = task_examples(data, labels, views)
    bins = {name: size for name, size in view_bins(data).items() if name in views}
    given = settings.model_dump(exclude={"seeds"})
    key = digest(
        {
            "dataset": data.version,
            "labels": None if labels is None else labels.model_dump(),
            "settings": given,
            "seed": seed,
            "code": code_digest(__file__),
        }
    )
    folder = tuning_folder(config, experiment)
    with _study(folder / "study.sqlite", key, settings) as study:
        done = _finished(study)
        yield from map(_row, range(1, len(done) + 1), done)
        for number in range(len(done), trials):
            trial = _asked(study, settings, seed, number)
            _judge(study, trial, examples, bins, settings, seed, folder / "trial.safetensors", key)
            rows = [_row(place, one) for place, one in enumerate(_finished(study), start=1)]
            write_csv(folder / "trials.csv", pd.DataFrame(rows))
            yield rows[-1]


def tuned_settings(config: Config, experiment: str, epochs: int | None = None) -> TrainingSettings:
    """The settings that a search starts from, for so many epochs; raises ConfigError if none can be searched for."""
    trained = sorted(name for name, one in config.experiments.items() if one.source is None)
    if experiment not in trained:
        raise ConfigError(
            f"experiments: no experiment {experiment!r} that trains; there are {', '.join(trained) or 'none'} "
            "(a transfer has the settings of its source)"
        )
    settings = config.experiment_training(experiment)
    return settings if epochs is None else TrainingSettings(**{**settings.model_dump(), "epochs": epochs})


def tuning_folder(config: Config, experiment: str) -> Path:
    """Where the study of an experiment is kept."""
    return Path("results") / config.run / "tuning" / experiment


def best_trial(trials: list[dict[str, Any]], settings: TrainingSettings) -> dict[str, Any]:
    """The best of the completed trials, as `tune` yields them, the earlier of equals; ModelError without any."""
    completed = [trial for trial in trials if trial["outcome"] == COMPLETE]
    if not completed:
        raise ModelError("no trial came to its end; ask for more trials, or lower training.learning_rate")
    sign = -1 if settings.monitor == "loss" else 1
    return max(completed, key=lambda trial: sign * float(trial["value"]))


def _dataset(config: Config, experiment: str) -> Dataset:
    folder = Path("results") / config.run / "datasets" / config.experiments[experiment].dataset
    if not (folder / "manifest.json").is_file():
        raise ModelError(
            f"{folder}: no dataset; make it first: snakemake --cores all --configfile CONFIG {folder}/manifest.json"
        )
    return read_dataset(folder)


@contextmanager
def _study(path: Path, key: str, settings: TrainingSettings) -> Iterator[optuna.Study]:
    """The study in a file, made if there is none.

    Raises ModelError if what is there has another key or is no study, or if nothing can be written there.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", error)
        raise ModelError(
            f"{path}: no study that can be read and written ({reason}); remove it, or make its folder writable"
        ) from None
    try:
        study = optuna.create_study(
            storage=storage,
            study_name="tuning",
            load_if_exists=True,
            direction="minimize" if settings.monitor == "loss" else "maximize",
            pruner=optuna.pruners.MedianPruner(BEFORE_PRUNING, n_warmup_steps=int(GRANTED * settings.epochs)),
        )
        if study.user_attrs.setdefault("key", key) != key:
            raise ModelError(
                f"{path}: a search with other data, settings, epochs, seed or code; remove the folder {path.parent} to "
                "begin another"
            )
        study.set_user_attr("key", key)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return [trial for trial in study.trials if "outcome" in trial.user_attrs and trial.state.is_finished()]


def _asked(study: optuna.Study, settings: TrainingSettings, seed: int, number: int) -> Trial:
    """The next trial, its values drawn: they follow from the seed and the finished trials alone."""
    for left in study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING)):
        # Of a process that was killed.
        study.tell(left.number, state=TrialState.FAIL)
    drawn = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=AT_RANDOM, seed=drawn)
    searched = space_of(settings)
    given = {key: value_of(settings, key) for key in searched}
    if number == 0:
        study.enqueue_trial(given)
    return study.ask({key: space.around(given[key]) for key, space in searched.items()})


class _Reporting(Checkpoint):
    """A checkpoint that tells a trial how each epoch went, and ends the trial if Optuna would."""

    def __init__(self, path: Path, key: str, trial: Trial, settings: TrainingSettings) -> None:
        super().__init__(path, key)
        self.trial, self.settings = trial, settings
        self.told = 0

    def save(
        self,
        network: Network,
        kept: Network,
        best: dict[str, Tensor],
        optimiser: Any,
        history: list[dict[str, float]],
    ) -> None:
        """Write the state, then report what was not yet reported; raises TrialPruned."""
        super().save(network, kept, best, optimiser, history)
        self._tell(history)

    def load(
        self, network: Network, kept: Network, optimiser: Any
    ) -> tuple[dict[str, Tensor], list[dict[str, float]]] | None:
        """Read the state and report it: whoever wrote it may have been killed before; raises TrialPruned."""
        resumed = super().load(network, kept, optimiser)
        if resumed is not None:
            self._tell(resumed[1])
        return resumed

    def _tell(self, history: list[dict[str, float]]) -> None:
        for row in history[self.told :]:
            self.trial.report(row[f"validation_{self.settings.monitor}"], int(row["epoch"]))
        self.told = len(history)
        _note(self.trial, history, self.settings)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def _note(trial: Trial, history: list[dict[str, float]], settings: TrainingSettings) -> None:
    best = standing(history, settings).best_epoch
    trial.set_user_attr("epochs", len(history))
    trial.set_user_attr("best_epoch", best)
    trial.set_user_attr("value", history[best - 1][f"validation_{settings.monitor}"])


def _judge(
    study: optuna.Study,
    trial: Trial,
    examples: Mapping[str, Examples],
    bins: Mapping[str, Bins],
    settings: TrainingSettings,
    seed: int,
    path: Path,
    key: str,
) -> None:
    """Train with a trial's values and tell the study how it went."""
    changed = TrainingSettings(**{**settings.model_dump(), **with_values(settings, trial.params)})
    checkpoint = _Reporting(path, digest({"study": key, "values": trial.params}), trial, changed)
    network = fresh_network(changed.architecture, bins, seed, changed.dropout)
    try:
        fit(network, examples["train"], examples["validation"], changed, seed, checkpoint)
        outcome, state = COMPLETE, TrialState.COMPLETE
    except optuna.TrialPruned:
        outcome, state = PRUNED, TrialState.PRUNED
    except DivergenceError:
        outcome, state = DIVERGED, TrialState.FAIL
    trial.set_user_attr("outcome", outcome)
    value = study.trials[trial.number].user_attrs["value"] if outcome == COMPLETE else None
    study.tell(trial, value, state=state)
    checkpoint.remove()


def _row(number: int, trial: FrozenTrial) -> dict[str, Any]:
    noted = trial.user_attrs
    return {
        "trial": number,
        "outcome": noted["outcome"],
        "epochs": noted.get("epochs", 0),
        "best_epoch": noted.get("best_epoch", 0),
        "value": noted.get("value", np.nan),
        **{key: trial.params[key] for key in SPACE if key in trial.params},
    }
