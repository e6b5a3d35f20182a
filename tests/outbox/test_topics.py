"""Topics are made once, as the register says; one that forgets too early is refused."""

from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from contracts.topics import CHANGELOGS, CLOSED, CONSENT, ERASURE, TOPICS, Topic
from shared.outbox.topics import TopicRefused, apply, wrong_setting
from shared.settings import Settings

HORIZON = timedelta(days=30)


async def test_topics_are_made_once(settings: Settings) -> None:
    created = await apply(settings)

    views = {topic.name for topic in CHANGELOGS}
    assert sorted(created) == sorted(settings.topic(name) for name in {*TOPICS, *views})
    assert await apply(settings) == []


async def test_a_topic_that_forgets_requests_is_refused(settings: Settings) -> None:
    await apply(settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    settings.topic(ERASURE.name),
                    {"retention.ms": "86400000", "retention.bytes": "-1"},
                )
            ]
        )
    finally:
        await admin.close()

    with pytest.raises(TopicRefused, match=r"erasure\.v1.*retention\.ms"):
        await apply(settings)


async def test_another_number_of_partitions_is_refused(settings: Settings) -> None:
    other = settings.model_copy(update={"namespace": f"{settings.namespace}x_"})
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(other.topic(CONSENT.name), 3, 1)])
    finally:
        await admin.close()

    with pytest.raises(TopicRefused, match="partitions"):
        await apply(other)


@pytest.mark.parametrize(
    ("topic", "changed", "wrong"),
    [
        (ERASURE, {}, None),
        (CLOSED, {}, None),
        (CONSENT, {}, None),
        (ERASURE, {"retention.ms": "1"}, "retention.ms"),
        (ERASURE, {"retention.bytes": "1"}, "retention.bytes"),
        (ERASURE, {"cleanup.policy": "compact"}, "cleanup.policy"),
        (CLOSED, {"retention.ms": str(29 * 86_400_000)}, "retention.ms"),
        (CLOSED, {"retention.ms": str(30 * 86_400_000)}, None),
        (CLOSED, {"retention.ms": "-1"}, None),
        (CONSENT, {"cleanup.policy": "compact,delete"}, "cleanup.policy"),
    ],
)
def test_what_may_be_different_and_what_not(
    topic: Topic, changed: dict[str, str], wrong: str | None
) -> None:
    assert wrong_setting(topic, {**topic.config(HORIZON), **changed}, HORIZON) == wrong
