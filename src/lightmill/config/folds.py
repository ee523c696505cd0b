"""What experiments with folds can be used for, checked when the configuration is read."""

from collections.abc import Mapping

from lightmill.config.training import Experiment


def check_folds(experiments: Mapping[str, Experiment], members: Mapping[str, str]) -> None:
    """Raise ValueError for a transfer of folds, and for suspect labels that no folds of the same question find.

    Parameters
    ----------
    experiments
        By name; the sources of transfers exist.
    members
        `training.members` of each experiment, by its name.
    """
    for name, experiment in experiments.items():
        for source in experiment.sources:
            _check_transfer(name, source, members)
        if experiment.suspects is not None:
            _check_suspects(name, experiments, members)


def _check_transfer(name: str, source: str, members: Mapping[str, str]) -> None:
    for place, side in ((f"experiments.{name}.source", source), (f"experiments.{name}.training.members", name)):
        # Models of another run tell when they are read.
        if members.get(side) == "folds":
            raise ValueError(
                f"{place}: {side!r} has members: folds, and a transfer chooses epochs and thresholds on the validation "
                "split, from which folds learn; set training.members: seeds there, or name a source that has it"
            )


def _check_suspects(name: str, experiments: Mapping[str, Experiment], members: Mapping[str, str]) -> None:
    experiment = experiments[name]
    assert experiment.suspects is not None
    of, place = experiment.suspects.of, f"experiments.{name}.suspects.of"
    if of not in experiments or members[of] != "folds":
        folds = ", ".join(sorted(other for other in experiments if members[other] == "folds" and other != name))
        raise ValueError(f"{place}: {of!r} is no experiment with members: folds; there are {folds or 'none'}")
    other = experiments[of]
    if other.suspects is not None:
        raise ValueError(f"{place}: {of!r} treats suspects itself; name an experiment that trains on all labels")
    for key in ("dataset", "task", "labels"):
        if getattr(other, key) != getattr(experiment, key):
            raise ValueError(f"{place}: {of!r} has another {key}; suspect labels are those of one question to one set")
