"""Make the topics as the register says, and refuse ones that forget too early.

Nothing else creates topics: a client that could would give them the broker's defaults, and
retention here is a promise (a restored backup must still find what was closed after it was taken).
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from contracts.topics import CHANGELOGS, TOPICS, Policy, Topic
from shared.outbox.broker import identity
from shared.parameters import duration
from shared.settings import Settings

REPLICAS_WANTED: Final = 3
VISIBLE_AFTER_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
TOPIC_EXISTS: Final = 36  # error code TOPIC_ALREADY_EXISTS


class TopicRefused(Exception):  # noqa: N818 - what the broker or we did to it
    """A topic cannot be used as it is: the message names the topic and the setting."""


async def apply(settings: Settings, *, backup_horizon: timedelta | None = None) -> list[str]:
    """Create the topics that are missing, check those that exist; return the names created.

    `backup_horizon`: how old a backup may be that is restored; without it the policy's parameter.
    Names carry the namespace. Raises TopicRefused if an existing topic has another number of
    partitions, another policy or forgets too early, or if the broker refuses to create one;
    KafkaError if no broker answers.
    """
    if backup_horizon is None:
        backup_horizon = duration("BACKUP_HORIZON")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, client_id="expunge-topics")
    try:
        await admin.start()
        created = await _create(admin, settings, backup_horizon)
        await _check_when_visible(admin, settings, backup_horizon)
    finally:
        await admin.close()
    return created


async def _create(
    admin: AIOKafkaAdminClient, settings: Settings, backup_horizon: timedelta
) -> list[str]:
    """Ask for every topic. The client does not raise: each topic has its own error code."""
    replicas = min(REPLICAS_WANTED, len(admin._client.cluster.brokers()))  # noqa: SLF001
    wanted = [
        NewTopic(
            settings.topic(topic.name),
            partitions,
            replicas,
            topic_configs={
                **topic.config(backup_horizon),
                "min.insync.replicas": str(max(1, replicas - 1)),
            },
        )
        for topic, partitions in _partitions(settings).items()
    ]
    answer = await admin.create_topics(wanted)
    created: list[str] = []
    for name, code, *_ in answer.topic_errors:
        if code == 0:
            created.append(name)
        elif code != TOPIC_EXISTS:
            message = f"{name} could not be created: {for_code(code).__name__}"
            raise TopicRefused(message)
    return created


def _partitions(settings: Settings) -> dict[Topic, int]:
    """Give every topic that there must be, and how many partitions: a changelog's source's."""
    sources = {topic: topic for topic in TOPICS.values()} | dict(CHANGELOGS)
    return {topic: settings.partitions_of(source.name) for topic, source in sources.items()}


async def _check_when_visible(
    admin: AIOKafkaAdminClient, settings: Settings, backup_horizon: timedelta
) -> None:
    """Check, and again while the broker does not yet know what it has just created."""
    for pause in VISIBLE_AFTER_SECONDS:
        try:
            await _check(admin, settings, backup_horizon)
        except UnknownTopicOrPartitionError:
            await asyncio.sleep(pause)
        else:
            return
    await _check(admin, settings, backup_horizon)


async def _check(admin: AIOKafkaAdminClient, settings: Settings, backup_horizon: timedelta) -> None:
    """Compare what is there with the register."""
    wanted = _partitions(settings)
    names = {settings.topic(topic.name): topic for topic in wanted}
    found = await identity(admin._client, list(names))  # noqa: SLF001
    if len(found.topic_ids) < len(names):
        raise UnknownTopicOrPartitionError
    configs = await _configs(admin, list(names))
    for name, topic in names.items():
        partitions = wanted[topic]
        if found.partitions.get(name) != partitions:
            message = (
                f"{name} has {found.partitions.get(name)} partitions, wanted are {partitions}: "
                "their number is fixed for ever, set EXPUNGE_PARTITIONS to what is there"
            )
            raise TopicRefused(message)
        problem = wrong_setting(topic, configs[name], backup_horizon)
        if problem is not None:
            message = f"{name} would break a promise: change {problem}"
            raise TopicRefused(message)


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Read the settings of existing topics: name -> setting -> value."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, _, _, name, entries in answer.resources:
            if code != 0:
                error: KafkaError = for_code(code)()
                raise error
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def wrong_setting(topic: Topic, config: Mapping[str, str], backup_horizon: timedelta) -> str | None:
    """Name the setting of an existing topic that breaks a promise, or None.

    Longer retention than wanted is fine, shorter than the backup horizon is not; what is kept
    for ever must be kept for ever; a compacted topic must not delete by age as well.
    """
    if config["cleanup.policy"] != topic.policy.value:
        return "cleanup.policy"
    if topic.policy is Policy.COMPACT:
        return None
    if config["retention.bytes"] != "-1":
        return "retention.bytes"
    retention_ms = int(config["retention.ms"])
    if retention_ms == -1:
        return None
    horizon_ms = backup_horizon // timedelta(milliseconds=1)
    if topic.retention is None or retention_ms < horizon_ms:
        return "retention.ms"
    return None
