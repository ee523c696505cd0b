"""Bridges: what examples look like once they are degraded to be another survey's, and that nothing else changes."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import ks_2samp
from training.toys import LENGTHS, interrupt_after, toy_dataset, toy_meta

from lightmill.config.bridges import BridgeSettings
from lightmill.config.model import parse_config
from lightmill.config.training import TrainingSettings
from lightmill.errors import ConfigError, ViewError
from lightmill.files import read_json, sha256_file
from lightmill.training.bridges import degraded, read_bridge, require_bridge, wanted_scatter
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.training.degrading import coarser, fewer_transits, noisier, on_scale, relative_scatter
from lightmill.training.ensemble import ensemble_models
from lightmill.training.train import train_model
from lightmill.views.scale_check import rescaled, scale_misfits

SETTINGS = TrainingSettings(epochs=2, batch_size=32, patience=2)
ALL = {"noise": True, "transits": 0.4, "coarse_bins": 3}
FILES = ("model.safetensors", "model.json", "training_history.csv")


@pytest.fixture(autouse=True)
def seeded():
    """Tests draw what they draw from one seed, and leave torch's generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        yield


def scaled_views(noise, n=240, seed=0):
    """Dips of depth 1 in noise of various strengths, the largest as given, of scale `min`; planets have wider ones."""
    generator = np.random.default_rng(seed)
    amounts = generator.uniform(0.02, noise, (n, 1))
    half_width = np.where(toy_meta(n)["label"] == "planet", 3, 1)[:, None]
    views = {}
    for name, bins in LENGTHS.items():
        dip = np.abs(np.arange(bins) - bins // 2) <= half_width
        views[name] = rescaled(amounts * generator.normal(size=(n, bins)) - dip, "min")
    return views


def tensors(views):
    return {name: torch.from_numpy(view) for name, view in views.items()}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "quiet"
    write_dataset(folder, scaled_views(0.1), toy_meta(240), {"scale": "min"})
    return folder


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "noisy"
    write_dataset(folder, scaled_views(0.4, seed=5), toy_meta(240, "TESS", "NOISY"), {"scale": "min"})
    return folder


def bridge_to(folder, **named):
    return read_bridge(folder, BridgeSettings(to=folder.name, **named))


def test_the_scatter_is_measured_in_depths_whatever_the_scale():
    view = torch.tensor([[0.0, 1, -1, 1, -1, 0, -4]])
    assert relative_scatter(view) == pytest.approx(1.4826 / 4, abs=1e-4)
    assert relative_scatter(3 * view + 2) == pytest.approx(1.4826 / 4, abs=1e-4)
    assert torch.isnan(relative_scatter(torch.tensor([[0.0, 0, 0, 1, 2]])))


@pytest.mark.parametrize("bins", [20, 21])
def test_degraded_views_have_their_scale(bins):
    view = torch.randn(50, bins)
    for scale in ("min", "mad"):
        after = on_scale({"global": view, "local": 3 * view + 1}, scale)
        for one in after.values():
            misfits, complaint = scale_misfits(one.numpy(), scale, np.ones(50, bool))
            assert not misfits.any(), complaint
    after = on_scale({"global": view, "local": view + 1}, "depth")
    np.testing.assert_allclose(after["local"].amin(1) - after["local"].amax(1), view.amin(1) - view.amax(1), atol=1e-5)


def test_noise_brings_the_scatter_to_the_targets_and_never_lowers_it(quiet, noisy):
    views, bridge = tensors(scaled_views(0.1)), bridge_to(noisy, noise=True)
    after = degraded(views, wanted_scatter(views, bridge), bridge)
    for name, view in views.items():
        before, now = relative_scatter(view), relative_scatter(after[name])
        assert (now >= before - 1e-5).all()
        apart = [ks_2samp(one, bridge.scatter[name]).statistic for one in (before, now)]
        assert apart[0] > 0.5
        assert apart[1] < 0.15


def test_noise_keeps_the_order_of_signals(noisy):
    views, bridge = tensors(scaled_views(0.1)), bridge_to(noisy, noise=True)
    wanted = wanted_scatter(views, bridge)
    for name, view in views.items():
        order = relative_scatter(view).argsort(stable=True)
        assert (wanted[name][order].diff() >= 0).all()
        assert wanted[name].median() == pytest.approx(float(np.median(bridge.scatter[name])), rel=0.02)


def test_a_noisier_survey_stays_as_it_is(quiet):
    views, bridge = tensors(scaled_views(0.4)), bridge_to(quiet, noise=True)
    after = degraded(views, wanted_scatter(views, bridge), bridge)
    for name, view in views.items():
        np.testing.assert_allclose(after[name], view, atol=1e-5)


def test_other_views_and_scatters_grow_as_noisy_as_the_local_one():
    local = 0.1 * torch.randn(400, 41)
    local[:, 18:23] -= 1
    views = {"global": local, "local": local, "odd": 0.2 * torch.randn(400, 41), "odd_scatter": torch.ones(400, 41)}
    views |= {"centroid": torch.randn(400, 2, 41), "centroid_scatter": torch.ones(400, 2, 41)}
    views |= {"unfolded": torch.zeros(400, 3, 21), "scalars": torch.ones(400, 2)}
    views["unfolded"][:, :2] = 0.5 * torch.randn(400, 2, 21)
    wanted = {name: torch.full((400,), 0.2) for name in ("global", "local")}
    after = noisier(views, wanted, 1)
    # A scatter of 0.2 of a depth that noise has made a little deeper than 1.
    factor = after["odd_scatter"].median()
    assert 1.7 < factor < 2.5
    assert after["odd"].std() == pytest.approx(0.2 * factor, rel=0.1)
    assert after["unfolded"][:, :2].std() == pytest.approx(0.5 * factor, rel=0.1)
    assert (after["unfolded"][:, 2] == 0).all()
    assert after["centroid"].std() == pytest.approx(1, rel=0.1)
    assert torch.equal(after["centroid_scatter"], views["centroid_scatter"])
    assert torch.equal(after["scalars"], views["scalars"])
    on = on_scale(after, "min")
    assert (on["unfolded"][:, 2] == 0).all()
    assert torch.equal(on["centroid"], after["centroid"])


@pytest.mark.parametrize("run", [1, 2, 3, 7])
def test_coarse_bins_keep_mean_and_length(run):
    view = torch.randn(30, 61)
    after = coarser(view, run)
    assert after.shape == view.shape
    np.testing.assert_allclose(after.mean(1), view.mean(1), atol=1e-6)
    # Runs of equal values, all but the outermost of that length.
    lengths = np.diff(np.flatnonzero(np.diff(after[0].numpy(), prepend=np.nan, append=np.nan) != 0))
    assert (lengths[1:-1] == run).all()
    assert lengths.sum() == 61
    if run % 2:
        np.testing.assert_allclose(after[:, 30], view[:, 30 - run // 2 : 31 + run // 2].mean(1), atol=1e-6)


def test_coarse_bins_leave_the_whole_period_and_draw_their_number(quiet, noisy):
    views, bridge = tensors(scaled_views(0.1)), bridge_to(noisy, coarse_bins=2)
    seen = set()
    for _ in range(20):
        after = degraded(views, {}, bridge)
        np.testing.assert_allclose(after["global"], views["global"], atol=1e-6)
        seen.add(torch.allclose(after["local"], views["local"], atol=1e-6))
    assert seen == {True, False}


def test_fewer_transits_are_noisier():
    views = {"global": torch.randn(3000, 31), "local": torch.randn(3000, 31)}
    after = fewer_transits(views, 0.25)
    for name in views:
        # The mean of 1/q − 1 for q even between 1/4 and 1, and the scatter of few bins, squared, in the mean.
        added = (after[name] - views[name]).square().mean()
        assert added == pytest.approx(np.log(4) / 0.75 - 1, rel=0.1)


def test_where_single_transits_are_seen_the_local_view_moves_to_the_mean_of_those_kept():
    single = torch.randn(200, 8, 20)
    single[:, 6:] = 0
    views = {"global": torch.zeros(200, 31), "local": single[:, :6].mean(1), "unfolded": single}
    views["unfolded_scatter"] = single.abs()
    after = fewer_transits(views, 0.3)
    kept = (after["unfolded"] != 0).any(2)
    # Between 0.3 and 1 of six: two to six, those that are left first, in their order.
    assert set(kept.sum(1).tolist()) == {2, 3, 4, 5, 6}
    assert (kept[:, :-1] >= kept[:, 1:]).all()
    np.testing.assert_allclose(after["local"], after["unfolded"].sum(1) / kept.sum(1)[:, None], atol=1e-5)
    assert torch.equal(after["unfolded_scatter"], after["unfolded"].abs())
    for row in range(0, 200, 20):
        left = [int((single[row] == one).all(1).nonzero()) for one in after["unfolded"][row][kept[row]]]
        assert left == sorted(set(left))


def test_only_the_targets_training_split_is_looked_at(noisy, tmp_path):
    meta, views = toy_meta(240, "TESS", "NOISY"), scaled_views(0.4, seed=5)
    others = (meta["split"] != "train").to_numpy()
    for view in views.values():
        view[others] = 0.001
        view[others, 3] = -1
    write_dataset(tmp_path / "noisy", views, meta.assign(label="unknown", disposition="?"), {"scale": "min"})
    one, other = bridge_to(noisy, noise=True), bridge_to(tmp_path / "noisy", noise=True)
    assert one.rows == other.rows == int((~others).sum())
    for name in ("global", "local"):
        np.testing.assert_array_equal(one.scatter[name], other.scatter[name])


def trained(dataset, folder, bridge, seed=1):
    train_model(dataset, folder, "planet", None, SETTINGS, seed, bridge=bridge)
    return {name: sha256_file(folder / name) for name in FILES}


def test_a_bridge_changes_the_model_repeats_and_resumes_to_the_same_bytes(quiet, noisy, tmp_path):
    bridge = bridge_to(noisy, **ALL)
    whole = trained(quiet, tmp_path / "1", bridge)
    assert trained(quiet, tmp_path / "again", bridge) == whole
    assert trained(quiet, tmp_path / "plain", None)["model.safetensors"] != whole["model.safetensors"]
    interrupt_after(1, lambda: trained(quiet, tmp_path / "killed", bridge))
    assert trained(quiet, tmp_path / "killed", bridge) == whole
    description = read_json(tmp_path / "1" / "model.json")
    rows = int((toy_meta(240)["split"] == "train").sum())
    target = {"name": "noisy", "version": read_dataset(noisy).version, "rows": rows}
    assert description["bridge"] == {**ALL, "to": target}
    assert "bridge" not in read_json(tmp_path / "plain" / "model.json")
    trained(quiet, tmp_path / "2", bridge, seed=2)
    ensemble_models([tmp_path / "1", tmp_path / "2"], quiet, tmp_path / "ensemble")
    assert read_json(tmp_path / "ensemble" / "model.json")["bridge"] == description["bridge"]


def test_a_checkpoint_of_another_bridge_is_not_used(quiet, noisy, tmp_path):
    interrupt_after(1, lambda: trained(quiet, tmp_path / "1", bridge_to(noisy, noise=True)))
    assert trained(quiet, tmp_path / "1", bridge_to(noisy, **ALL)) == trained(
        quiet, tmp_path / "2", bridge_to(noisy, **ALL)
    )


def test_a_target_of_other_views_is_refused(quiet, tmp_path):
    data = read_dataset(quiet)
    toy_dataset(tmp_path / "longer", 60, lengths={"global": 32, "local": 24})
    with pytest.raises(ViewError, match=r"local views of 20 bins in dataset quiet, of 24 in longer; .*\.rebin"):
        require_bridge(bridge_to(tmp_path / "longer", noise=True), data)
    toy_dataset(tmp_path / "other", 60, scale="mad")
    with pytest.raises(ViewError, match=r"dataset quiet are scaled by 'min', those of other by 'mad'"):
        require_bridge(bridge_to(tmp_path / "other", noise=True), data)
    write_dataset(tmp_path / "none", scaled_views(0.1, 60), toy_meta(60).assign(split="none"), {"scale": "min"})
    with pytest.raises(ViewError, match=r"none: no global view in its training split falls below its median"):
        bridge_to(tmp_path / "none", noise=True)


VIEW_SET = {
    "files": ["x.npz"],
    "mission": "TESS",
    "star": "tic",
    "disposition": "d",
    "labels": {"planet": ["PC"], "not_planet": ["J"]},
}


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        ({"a": {"dataset": "one", "bridge": {"to": "three", "noise": True}}}, "no dataset 'three'; there are one, two"),
        ({"a": {"dataset": "one", "bridge": {"to": "one", "noise": True}}}, "'one' is what the experiment trains on"),
        ({"a": {"dataset": "one", "bridge": {"to": "two"}}}, "a bridge that changes nothing"),
        ({"a": {"dataset": "one", "bridge": {"to": "two", "transits": 0}}}, "transits"),
        (
            {"s": {"dataset": "one"}, "a": {"dataset": "two", "source": "s", "bridge": {"to": "one", "noise": True}}},
            "experiments.a.bridge: a transfer starts from a source as it is; name the bridge at 's'",
        ),
    ],
)
def test_a_bridge_that_cannot_be_is_refused_when_the_configuration_is_read(experiments, message):
    with pytest.raises(ConfigError, match=message):
        parse_config({"run": "r", "imported_views": {"one": VIEW_SET, "two": VIEW_SET}, "experiments": experiments})


def test_a_bridge_is_part_of_the_configuration():
    bridge = {"to": "two", **ALL}
    config = parse_config(
        {
            "run": "r",
            "imported_views": {"one": VIEW_SET, "two": VIEW_SET},
            "experiments": {"a": {"dataset": "one", "bridge": bridge}},
        }
    )
    assert config.experiments["a"].bridge == BridgeSettings(**bridge)
    with pytest.raises(ValidationError):
        BridgeSettings(to="two", coarse_bins=0)
