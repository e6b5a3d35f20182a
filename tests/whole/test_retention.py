"""Every trigger of the policy, in every slice: overdue is seen, deleted, and has its receipt."""

from typing import Any

import httpx2
import orjson
import pytest

from contracts.policy import RETENTIONS
from contracts.vocabulary import Reason
from tests.installation import Installation, eventually
from tests.whole.falling import HOLDING, LONG_AGO, SERVICES, let_all_fall

pytestmark = pytest.mark.timeout(240)
WORKERS = ("newsletter", "others")
_WAITING = """
    insert into waiting (request_id, origin, cutoff, next_try_at, reason, message, topic, partition,
                         "offset", line)
    values (gen_random_uuid(), 'rights', $1, $1, 'failed', '', 'erasure.v1', 0, 0, 0)
    """


@pytest.mark.rule("R-POL-07", "R-EV-09", "R-CT-06", "R-LOG-07", "R-ACC-11")
async def test_what_is_overdue_is_seen_until_it_is_deleted_with_its_receipt(
    installation: Installation,
) -> None:
    installation.stop(*WORKERS)
    put = await let_all_fall(installation)

    code, before = await _retention(installation)

    assert code == 1
    assert _overdue(before) == put
    assert ("newsletter", "withdrawn") in await _gauges(installation)

    installation.start(*WORKERS)
    await installation.ready()
    await eventually(lambda: _none_overdue(installation), "nothing is overdue")
    code, after = await _retention(installation)
    done = {(one["service"], Reason(reason)) for one in after for reason in one["done"]}

    assert (code, _overdue(after)) == (0, set())
    assert {(one.service, one.reason) for one in RETENTIONS if one.service in SERVICES} <= done
    assert {(name, Reason.HOLD_ENDED) for name in HOLDING} <= done


async def test_a_request_that_a_slice_does_not_carry_out_is_overdue(
    installation: Installation,
) -> None:
    await installation.ask("newsletter", _WAITING, LONG_AGO)
    try:
        code, found = await _retention(installation)
        shown = await _gauges(installation)
    finally:
        await installation.ask("newsletter", "delete from waiting where reason = 'failed'")

    assert (code, _overdue(found)) == (1, {("newsletter", "requested")})
    assert shown == {("newsletter", "requested")}


async def test_what_nothing_would_ever_delete_is_named(installation: Installation) -> None:
    sql = "insert into subject (subject_id) values (gen_random_uuid()) returning subject_id"
    (row,) = await installation.ask("contact", sql)
    try:
        code, found = await _retention(installation)
    finally:
        await installation.ask("contact", "delete from subject where subject_id = $1", row[0])

    assert code == 1
    assert {one["service"]: one["endless"] for one in found if one["endless"]} == {"contact": 1}


async def test_what_waits_by_a_restriction_is_not_overdue(installation: Installation) -> None:
    sql = """
        with begun as (
             insert into subject (subject_id) values (gen_random_uuid()) returning subject_id
        )
        insert into deadline
        select gen_random_uuid(), subject_id, 'withdrawn', $1 from begun returning subject_id
        """
    installation.stop("newsletter")
    (row,) = await installation.ask("newsletter", sql, LONG_AGO)
    restrict = "update subject set restricted_at = $2 where subject_id = $1"
    await installation.ask("newsletter", restrict, row[0], LONG_AGO)

    code, found = await _retention(installation)
    await installation.ask("newsletter", restrict, row[0], None)
    installation.start("newsletter")
    await installation.ready()

    (trigger,) = [
        one
        for each in found
        if each["service"] == "newsletter"
        for one in each["triggers"]
        if one["kind"] == "withdrawn"
    ]
    assert code == 0
    assert (trigger["due"], trigger["overdue"], trigger["restricted"]) == (0, 0, 1)


async def _retention(installation: Installation) -> tuple[int, list[dict[str, Any]]]:
    code, told = await installation.command("retention", "--json")
    assert told.startswith("["), told
    found: list[dict[str, Any]] = orjson.loads(told)
    return code, found


def _overdue(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (each["service"], one["kind"])
        for each in found
        for one in each["triggers"]
        if one["overdue"]
    }


async def _gauges(installation: Installation) -> set[tuple[str, str]]:
    """Read what the internal listener tells monitoring: triggers with something overdue."""
    found = set()
    async with httpx2.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            answer = await client.get(f"{installation.settings.internal_url}/metrics/{service}")
            assert answer.status_code == 200
            for line in answer.text.splitlines():
                name, _, count = line.rpartition(" ")
                if name.startswith("expunge_overdue_deletions") and count != "0":
                    found.add((service, name.partition('trigger="')[2].rstrip('"}')))
    return found


async def _none_overdue(installation: Installation) -> bool:
    return not await _gauges(installation)
