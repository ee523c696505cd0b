"""The training loop."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lightmill.config.training import TrainingSettings
from lightmill.errors import DivergenceError
from lightmill.logs import logger
from lightmill.training.augmentation import augmented
from lightmill.training.batches import steps
from lightmill.training.bridges import Bridge, degraded
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.determinism import deterministic, seed_torch, torch_device
from lightmill.training.examples import Examples
from lightmill.training.material import Material, material_of, pass_order, tensors, weights_of_classes
from lightmill.training.networks.base import Network, mirror_images
from lightmill.training.plan import Stage, all_layers, begin_epoch, parameter_groups, set_rates
from lightmill.training.progress import cosine_rate, epoch_metrics, standing

# Rows of one forward pass when nothing is learned: large enough to be fast, small enough for any memory.
SCORING_BATCH = 1024


def fit(
    network: Network,
    train: Examples,
    validation: Examples,
    settings: TrainingSettings,
    seed: int,
    checkpoint: Checkpoint,
    plan: Sequence[Stage] = (),
    passes: int = 1,
    bridge: Bridge | None = None,
) -> list[dict[str, float]]:
    """Train `network` and leave it with the weights of its best epoch.

    Parameters
    ----------
    network
        With its first weights; they decide the outcome together with everything else here.
    train, validation
        What to learn from, each example by its weight, and what to choose the best epoch by.
    seed
        Of the order of the examples, and of whatever the network itself draws.
    checkpoint
        Where the state is kept after every epoch, and from where an interrupted training goes on. On cpu the
        outcome is the same to the byte, interrupted or not.
    plan
        Which layers learn, from when on and how fast; none: all of them from the first epoch on.
    passes
        How often an epoch goes through the examples.
    bridge
        Which other survey's views those of `train` are degraded to look like, each time that they are learned from.

    Returns
    -------
    The history: for each epoch a row with `HISTORY_COLUMNS`. The metrics of `train` are those of the logits that the
    steps of the epoch were taken on, of examples as often as they were drawn; those of `validation` are measured after
    it. `loss` knows the weights of classes, not those of single examples.

    Raises DivergenceError if the network's numbers stop being finite.
    """
    device = torch_device(settings.device)
    with deterministic():
        network.to(device)
        plan = plan or all_layers(network)
        # What is judged and kept: a moving average of the weights, or the weights themselves.
        kept = deepcopy(network) if settings.averaging else network
        # Fused: one pass over each weight. For AstroNet that is a fifth of the time of a step.
        optimiser = torch.optim.AdamW(
            parameter_groups(plan), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        weights = weights_of_classes(train, settings)
        resumed = checkpoint.load(network, kept, optimiser)
        best, history = resumed if resumed is not None else (_copy(kept), [])
        if history:
            logger.info("resuming after epoch %d", len(history))
        material = material_of(train, settings, device, bridge)
        while not (now := standing(history, settings)).finished:
            epoch = len(history) + 1
            seed_torch(seed, epoch)
            set_rates(optimiser, now.learning_rate)
            begin_epoch(network, plan, epoch)
            seen, logits = _learn(network, kept, optimiser, material, settings, epoch, passes)
            row: dict[str, float] = {"epoch": epoch, "learning_rate": now.learning_rate}
            for split, labels, scores in (
                ("train", train.labels[seen], logits),
                ("validation", validation.labels, score_views(kept, validation.views)),
            ):
                if not np.isfinite(scores).all():
                    raise DivergenceError(
                        f"epoch {epoch}: the network gives numbers that are not finite; lower training.learning_rate "
                        f"(now {now.learning_rate:g}) or look for extreme values in the views"
                    )
                metrics = epoch_metrics(labels, scores, weights)
                row |= {f"{split}_{metric}": value for metric, value in metrics.items()}
            history.append(row)
            if standing(history, settings).best_epoch == epoch:
                best = _copy(kept)
            checkpoint.save(network, kept, best, optimiser, history)
            _log(row, settings)
        network.load_state_dict(best)
        network.requires_grad_(True)
        network.cpu().eval()
    return history


def _learn(
    network: Network,
    kept: Network,
    optimiser: torch.optim.Optimizer,
    material: Material,
    settings: TrainingSettings,
    epoch: int,
    passes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The steps of one epoch; returns the rows that they saw, in their order, and the logits of these."""
    order = torch.cat([pass_order(material, settings) for _ in range(passes)])
    batches = steps(order.to(material.labels.device), settings.batch_size)
    logits = []
    for step, batch in enumerate(batches):
        if settings.schedule == "cosine":
            rate = cosine_rate((epoch - 1) * len(batches) + step, settings.epochs * len(batches), settings)
            set_rates(optimiser, rate)
        seen = {name: view.index_select(0, batch) for name, view in material.views.items()}
        if material.bridge is not None:
            seen = degraded(seen, {name: one[batch] for name, one in material.wanted.items()}, material.bridge)
        if settings.augment.changes:
            seen = augmented(seen, {name: one[batch] for name, one in material.noise.items()}, settings.augment)
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            z = network(seen).float()
        wanted = material.labels[batch] * (1 - settings.label_smoothing) + 0.5 * settings.label_smoothing
        loss = nn.functional.binary_cross_entropy_with_logits(z, wanted, weight=material.weights[batch])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if kept is not network:
            _average(kept, network, (epoch - 1) * len(batches) + step, settings.averaging)
        logits.append(z.detach())
    return order.numpy(), torch.cat(logits).cpu().numpy()


def _average(kept: Network, network: Network, step: int, decay: float) -> None:
    """One step of the moving average: of fewer steps in the beginning, so that the first weights are soon forgotten."""
    share = 1.0 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, now in zip(kept.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, share)
            else:
                mean.copy_(now)


def score_views(network: Network, views: Mapping[str, np.ndarray]) -> np.ndarray:
    """Logits (n,) float32 of views (n, bins) by name, with the network in evaluation mode on its own device.

    Runs on one thread, in batches of fixed size: the same bytes whatever the number of cores. A network that is
    `mirrored` gives the mean of its logits for the views and for their mirror images.
    """
    device = next(network.parameters()).device
    network.eval()
    logits = []
    with deterministic(), torch.inference_mode():
        for batch in batches(views, network.view_names, device):
            logits.append(score_batch(network, batch).cpu().numpy())
    return np.concatenate(logits) if logits else np.zeros(0, np.float32)


def score_batch(network: Network, views: Mapping[str, Tensor]) -> Tensor:
    """Logits (n,) of the views of a batch; of a `mirrored` network the mean of those of both directions of time."""
    return torch.stack([network(side) for side in both_sides(network, views)]).mean(dim=0)


def both_sides(network: Network, views: Mapping[str, Tensor]) -> list[Mapping[str, Tensor]]:
    """What a network scores and gives the mean of: a batch, and for a `mirrored` one its mirror image."""
    return [views, mirror_images(views)] if network.mirrored else [views]


def batches(views: Mapping[str, np.ndarray], names: Sequence[str], device: torch.device) -> Iterator[dict[str, Tensor]]:
    """Views (n, ...) as tensors on a device, SCORING_BATCH rows at a time."""
    for start in range(0, len(views[names[0]]), SCORING_BATCH):
        yield tensors({name: views[name][start : start + SCORING_BATCH] for name in names}, device)


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _log(row: dict[str, Any], settings: TrainingSettings) -> None:
    logger.info(
        "epoch %d of at most %d: loss %.4f, validation loss %.4f, average precision %.4f, ROC-AUC %.4f",
        row["epoch"],
        settings.epochs,
        row["train_loss"],
        row["validation_loss"],
        row["validation_average_precision"],
        row["validation_roc_auc"],
    )
