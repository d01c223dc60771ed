"""Somebody deletes a bucket, revokes the token or renames the organisation while readings flow into InfluxDB."""

from pathlib import Path
from typing import Any

import pytest

from tests.servers.influxdb import ORG, InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import eventually

BATCH = 100
MENDED_SECS = 90.0  # what only a person can mend is tried again every half minute


def config(server: InfluxDB, token: str) -> dict[str, Any]:
    """Two buckets in that server."""
    return {
        "models": {"numbered": {"fields": {"n": {"type": "int", "required": True}}}},
        "routes": [{"topic": f"{bucket}/a", "model": "numbered", "bucket": bucket} for bucket in ("One", "Two")],
        "stores": {"farm": server.store(token=token)},
    }


class Farm:
    """The service beside its server, and what was published to each bucket."""

    def __init__(self, server: InfluxDB, service: ServiceProcess, port: int) -> None:
        self.server = server
        self.service = service
        self._port = port
        self._sent = dict.fromkeys(("One", "Two"), 0)

    def publish(self) -> None:
        """Some more numbers to both buckets."""
        with Publisher(self._port) as publisher:
            for bucket, begin in self._sent.items():
                publisher.publish((f"{bucket}/a", b'{"n": %d}' % n) for n in range(begin, begin + BATCH))
                self._sent[bucket] += BATCH

    def reasons(self) -> str:
        """Why the service says that it is not ready; empty while it is."""
        status = self.service.status()
        return "" if status is None or status["ready"] else " ".join(status["reasons"])

    def arrived(self, bucket: str) -> bool:
        """Whether all that was published to a bucket is in it, once."""
        found = sorted(map(int, self.server.values(bucket, "numbered", "n")))
        return found == list(range(self._sent[bucket]))

    def wait_until_all_arrived(self) -> None:
        """What was held flows by itself once the fault is mended."""
        eventually(lambda: all(map(self.arrived, self._sent)), deadline_secs=MENDED_SECS)
        self.service.wait_until_ready(deadline_secs=MENDED_SECS)
        assert self.service.store()["set_aside"] == 0


@pytest.mark.long
@pytest.mark.timeout(500)
def test_faults_that_only_a_person_can_mend_cost_nothing(tmp_path: Path, influxd: str) -> None:
    """Readings are held, /readyz says why, other buckets flow where they can, and all flow when it is mended."""
    folder = tmp_path / "influxdb"
    folder.mkdir()
    with InfluxDB(influxd, folder) as server, Mosquitto(tmp_path) as broker:
        ids = {bucket: server.create_bucket(bucket) for bucket in ("One", "Two")}
        token = server.create_token(write=ids.values(), read=ids.values())
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config(server, token["token"]))
        with service:
            farm = Farm(server, service, broker.port)
            farm.publish()
            farm.wait_until_all_arrived()

            # The token is revoked, and given back.
            server.call("PATCH", f"/api/v2/authorizations/{token['id']}", {"status": "inactive"})
            farm.publish()
            reasons = eventually(farm.reasons)
            assert "token" in reasons
            server.call("PATCH", f"/api/v2/authorizations/{token['id']}", {"status": "active"})
            farm.wait_until_all_arrived()

            # The organisation is renamed, and named as before again.
            organisation = f"/api/v2/orgs/{server.org_id()}"
            server.call("PATCH", organisation, {"name": "renamed"})
            farm.publish()
            reasons = eventually(farm.reasons)
            assert ORG in reasons
            server.call("PATCH", organisation, {"name": ORG})
            farm.wait_until_all_arrived()

            # One bucket is renamed, so that it is missing, and named as before again: the other one flows.
            server.call("PATCH", f"/api/v2/buckets/{ids['One']}", {"name": "Gone"})
            farm.publish()
            reasons = eventually(farm.reasons)
            assert "One" in reasons
            eventually(lambda: farm.arrived("Two"))
            server.call("PATCH", f"/api/v2/buckets/{ids['One']}", {"name": "One"})
            farm.wait_until_all_arrived()


@pytest.mark.long
@pytest.mark.timeout(200)
def test_a_deleted_bucket_holds_its_readings_until_it_is_made_again(tmp_path: Path, influxdb: InfluxDB) -> None:
    """What arrives after a bucket was deleted is in the new one of that name; nothing is set aside."""
    for bucket in ("One", "Two"):
        influxdb.create_bucket(bucket)
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(
            tmp_path / "service", mqtt={"url": broker.url}, config=config(influxdb, influxdb.token)
        ) as service,
    ):
        influxdb.delete_bucket("One")
        farm = Farm(influxdb, service, broker.port)
        farm.publish()
        reasons = eventually(farm.reasons)
        held = eventually(lambda: service.store()["held"])
        influxdb.create_bucket("One")
        farm.wait_until_all_arrived()
    for bucket in ("One", "Two"):
        influxdb.delete_bucket(bucket)

    assert "One" in reasons
    assert held == BATCH
