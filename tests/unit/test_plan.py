import pytest

from eo_ingest import aoi, products, request
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.job import Job
from eo_ingest.plan import Plan, series
from eo_ingest.runtime import left_out, resolve

ALL = tuple(products.get(name) for name in products.DEFAULT)


def plan_of(area="demo", limit=None, chosen=ALL, periods=None):
    return Plan(aoi.load(area), Grid.load("utm"), series(chosen, periods), limit)


def test_a_plan_is_stable_and_free_of_duplicates():
    jobs = list(plan_of("luxembourg").jobs())
    assert jobs == list(plan_of("luxembourg").jobs())
    assert len({job.key for job in jobs}) == len(jobs)


def test_the_summary_is_what_the_jobs_add_up_to():
    plan = plan_of("luxembourg")
    summary = plan.summary()
    jobs = list(plan.jobs())
    assert summary["jobs"] == len(jobs)
    assert summary["blocks"] == len({job.block for job in jobs})
    assert summary["tiles"] == plan.cover.tiles
    s2 = [job for job in jobs if job.product == "s2"]
    requests = [request.pack(products.get("s2"), 4, job.tiles) for job in s2]
    expected = {
        "jobs": len(s2),
        "requests": sum(len(r) + 1 for r in requests),
        "bytes": sum(p.payload(products.get("s2")) for r in requests for p in r),
    }
    assert summary["products"]["s2"] == expected
    assert sum(p["jobs"] for p in summary["products"].values()) == summary["jobs"]


def test_limit_keeps_the_first_blocks():
    whole, part = plan_of("luxembourg"), plan_of("luxembourg", limit=3)
    assert list(part.jobs()) == list(whole.jobs())[: 3 * len(whole.series)]
    assert part.summary()["blocks"] == 3


def test_series_use_the_products_own_periods():
    names = [(p.name, y.name) for p, y in series(ALL, None)]
    assert names == [
        ("s1grd", "2020"),
        ("s2", "2020"),
        ("s2-20m", "2020"),
        ("worldcover", "2020"),
        ("worldcover", "2021"),
    ]


def test_a_period_that_a_named_product_lacks_is_an_error():
    with pytest.raises(ConfigError, match="worldcover"):
        resolve(RunConfig.of(aoi="demo", store="-", products=("worldcover",), periods=("2019",)))


def test_a_period_that_some_product_lacks_leaves_it_out_and_says_so():
    config = RunConfig.of(aoi="demo", store="-", periods=("2019",))
    plan = resolve(config)
    assert "worldcover" not in plan.products
    assert left_out(config, plan) == ["worldcover"]


@pytest.mark.parametrize("job", list(plan_of().jobs()), ids=lambda j: j.key.replace("/", "-"))
def test_a_job_s_spec_is_read_back(job):
    assert Job.parse(job.spec) == job


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "a/b/c",
        "s2/2020/utm32n/utm32n_b1_1",
        "s2/2020/utm31n/utm32n_b1_1:0001",
        "s2/2020/utm32n/utm32n_b1_1:0000",
        "s2/2020/utm32n/utm32n_b1_1:1ffff",
        "s2/2020/utm32n/utm32n_1_1:0001",
        "s2/2020/utm32n/utm32n_b1_1:zz",
    ],
)
def test_what_is_no_job_is_refused(spec):
    with pytest.raises(ConfigError):
        Job.parse(spec)


@pytest.mark.parametrize(
    "values", [{"limit": 0}, {"workers": 0}, {"workers": 41}, {"source": "mars"}, {"colour": "red"}]
)
def test_a_configuration_that_does_not_fit_is_refused(values):
    with pytest.raises(ConfigError, match=next(iter(values))):
        RunConfig.of(aoi="demo", store="x", **values)


def test_assets_need_the_emulator():
    with pytest.raises(ConfigError, match="--source emulator"):
        RunConfig.of(aoi="demo", store="x", assets="folder")


def test_a_continent_is_planned_in_one_go():
    summary = plan_of("-124.7,24.5,-66.9,49.4").summary()
    assert summary["tiles"] > 500_000
    assert summary["blocks"] * len(plan_of().series) == summary["jobs"]
