"""The embedded stack as every other test relies on it."""

import smtplib
from email.message import EmailMessage

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.settings import Settings
from shared.stack import Stack


async def test_postgresql_is_the_real_one(settings: Settings) -> None:
    connection = await asyncpg.connect(settings.admin_url())
    try:
        version = await connection.fetchval("show server_version")
        recycle = await connection.fetchval("show wal_recycle")
    finally:
        await connection.close()

    assert version.partition(".")[0] in {"17", "18"}
    assert recycle == "off"


async def test_kafka_keeps_what_it_acknowledged(stack: Stack, settings: Settings) -> None:
    topic = settings.topic("words")
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()

    async with AIOKafkaProducer(bootstrap_servers=stack.kafka.bootstrap) as producer:
        await producer.send_and_wait(topic, b"kept")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=stack.kafka.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()

    assert record.value == b"kept"


async def test_the_inbox_shows_a_mail_as_a_person_sees_it(stack: Stack) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "us@example.org", "ada@example.org", "Grüße"
    mail["Message-ID"] = "<one@example.org>"
    mail.set_content("Click https://localhost/a?b=1 now.")
    mail.add_alternative('<p><a href="https://localhost/c">x</a></p>', subtype="html")
    mail.add_attachment(b"{}", maintype="application", subtype="json", filename="proof.json")

    with smtplib.SMTP(stack.smtp.host, stack.smtp.port) as client:
        client.send_message(mail)
    (got,) = await stack.inbox.wait_for("ada@example.org", subject="Grüße")

    assert (got.to, got.from_, got.message_id) == (
        ["ada@example.org"],
        "us@example.org",
        "<one@example.org>",
    )
    assert got.links == ["https://localhost/a?b=1", "https://localhost/c"]
    assert [(one["filename"], one["bytes"]) for one in got.attachments] == [("proof.json", 2)]
