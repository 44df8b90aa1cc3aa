"""The journey of the demo on the cluster: four cases from charge to closed, answered by the links in their letters."""

from starter.casebook import view_cases
from starter.demo import play
from tests.cluster.conftest import OnCluster


async def test_the_demo_ends_on_the_cluster_as_it_does_on_the_embedded_server(on_cluster: OnCluster) -> None:
    assert await play(on_cluster.running, on_cluster.said.append) == []
    async with on_cluster.pool.acquire() as connection:
        views = sorted(await view_cases(connection, None), key=lambda view: str(view["reference"]))[:4]
    assert [view["outcome"] for view in views] == ["completed", "completed", "discontinued", None]
