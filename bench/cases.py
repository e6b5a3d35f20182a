"""The cases, each with its rounds: ours and the limit take turns, every round passes the gate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import broker, checking, erasing, fanout, gate, memory, proof, rest
from bench.auditing import Auditing
from bench.erasing import Erased, Origin
from bench.people import ROWS_EACH, Someone, digest_of, subscribe_many
from bench.processes import SLICES
from bench.rounds import Case, GateFailed, Result, Round, Turn
from shared.settings import Settings

OTHERS = 200
LIMIT_L2 = "bare deletes of the same rows and a raw produce of as many message lines, no proof"
LIMIT_L1 = "the same deletes, and all rows, signatures and records that prove them, by raw code"
LIMIT_W2 = "raw getmany and unnest upsert into the same columns in the same batches"
Advance = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a run measures: rounds, subjects of W3, messages of W2, erasures of W4.

    `band` is the part of a floor that passes.
    """

    rounds: int
    subjects: int
    messages: int
    singly: int
    at_rest: int
    band: float


SMOKE = Size(rounds=5, subjects=1_000, messages=10_000, singly=3_000, at_rest=11, band=0.75)
FULL = Size(rounds=7, subjects=2_000, messages=100_000, singly=10_000, at_rest=51, band=1.0)


class MassErasure:
    """W3: two groups a round, one erased by the system, one by bare code; others watch."""

    def __init__(self, origin: Origin, others: Sequence[Someone], before: dict[str, str]) -> None:
        self._origin, self._others, self._before = origin, others, before
        self.said = broker.Said(0, 0, 0)  # of the last group, and what it left as proof
        self.proof = proof.Proof({}, (), ())

    async def ours(self, count: int) -> Erased:
        """Erase a new group and wait until nothing of it moves any more. Raises GateFailed."""
        settings = self._origin.settings
        people = await subscribe_many(settings, count)
        begin, since = await broker.ends(settings), await proof.marks(settings)
        erased = await erasing.erase(self._origin, people)
        await erasing.ended(settings, erased.requests)
        await gate.check(settings, erased.requests, people, self._others, self._before)
        end = await broker.ends(settings)
        records = await broker.records_between(settings, begin, end)
        self.said = broker.said(records)
        self.proof = await proof.left_behind(settings, since, records)
        return erased

    async def limit(self, count: int, said: broker.Said) -> Turn:
        """Do the bare part of it for another new group."""
        people = await subscribe_many(self._origin.settings, count)
        return await erasing.erase_bare(self._origin.settings, people, said)

    async def limit_with_proof(self, count: int) -> Turn:
        """Do the bare part and write the proof that the last group left, for another new group."""
        people = await subscribe_many(self._origin.settings, count)
        return await proof.prove_bare(self._origin.settings, people, self.proof)


async def mass_erasure(settings: Settings, size: Size, advance: Advance) -> list[Result]:
    """W3: requests are opened, and everything is done until the last certificate."""
    others = await subscribe_many(settings, OTHERS)
    origin = await Origin.connect(settings)
    bare, proven = Result(_w3({})), Result(_w3_proven({}))
    try:
        await proof.make_tables(settings)
        work = MassErasure(origin, others, await digest_of(settings, others))
        await work.ours(size.subjects)  # warms up, and tells the limits how much is said
        said = work.said
        for number in range(size.rounds):
            limit = await work.limit(size.subjects, said) if number % 2 else None
            erased = await work.ours(size.subjects)
            limit = limit or await work.limit(size.subjects, said)
            bare.rounds.append(Round(erased.turn, limit))
            proven.rounds.append(Round(erased.turn, await work.limit_with_proof(size.subjects)))
            advance()
        bare.case = _w3(_setting(size, said))
        proven.case = _w3_proven(work.proof.setting)
        await gate.replay(settings)
    except GateFailed as error:
        bare.wrong = proven.wrong = str(error)
    finally:
        await origin.close()
    return [bare, proven]


def _w3(setting: dict[str, Any]) -> Case:
    what = "mass erasure, from opening the requests to the last certificate"
    return Case("W3", what, "sagas/s", LIMIT_L2, 0.08, 0.3, setting)


def _w3_proven(setting: dict[str, Any]) -> Case:
    return Case("W3 proven", "the same", "sagas/s", LIMIT_L1, None, 0.6, setting)


def _setting(size: Size, said: broker.Said) -> dict[str, Any]:
    return {
        "slices": " and ".join(SLICES),
        "subjects": size.subjects,
        "rows of a subject": ROWS_EACH,
        "messages of a saga": round(said.messages / size.subjects, 1),
        "bytes of a message": round(said.bytes / said.messages),
        "records of ours": said.records,
        "batch": f"{erasing.BATCH} opened, as many deleted bare",
        "processes": "4 of ours (web, workers, ledger, verifiers), 1 of the limit",
        "connections": "8 a role of ours, 1 a slice of the limit",
    }


async def at_rest(settings: Settings, size: Size, _: Advance) -> list[Result]:
    """W4: one erasure after the other."""
    origin = await Origin.connect(settings)
    case = Case(
        "W4",
        "one erasure at rest, opening to certificate (its p50 is one over the rate)",
        "sagas/s",
        f"{rest.HOPS} times commit, send, read; {rest.CLAIM_CHECKS} HTTP calls; one commit",
        None,
        0.25,
        {"slices": " and ".join(SLICES), "erasures": size.at_rest},
    )
    try:
        return [Result(case, await rest.rounds(settings, origin, size.at_rest))]
    except GateFailed as error:
        return [Result(case, wrong=str(error))]
    finally:
        await origin.close()


async def audit(settings: Settings, size: Size, advance: Advance) -> list[Result]:
    """W5: everything that W3 and W4 put on the topic; nobody may speak meanwhile."""
    auditing, rounds, wrong = Auditing(settings), list[Round](), ""
    try:
        for number in range(size.rounds):
            rounds.append(await auditing.round(limit_first=number % 2 == 1))
            advance()
    except GateFailed as error:
        wrong = str(error)
    events = rounds[0].ours.units if rounds else 0
    setting = {"events": events, "records": auditing.records, "processes": "1 each"}
    what = "the topic replayed from the broker, every receipt bound to a checked signature"
    limit = "getmany of the same records and SHA-256 of each value"
    return [Result(Case("W5", what, "events/s", limit, None, 0.5, setting), rounds, wrong)]


async def offline(settings: Settings, size: Size, advance: Advance) -> list[Result]:
    """verify: a certificate checked by its one file; needs one that W3 or W4 made."""
    wrong, rounds, setting = "", list[Round](), dict[str, Any]()
    bundle, trust = await checking.any_bundle(settings), settings.trust.read_bytes()
    try:
        setting |= {"signatures": len(checking.signatures(bundle, trust)), "bytes": len(bundle)}
        rounds = checking.rounds(bundle, trust, size.rounds)
    except GateFailed as error:
        wrong = str(error)
    advance()
    what = "one certificate verified offline by the one-file verifier"
    limit = "its signatures alone, with the same library"
    case = Case("verify", what, "certificates/s", limit, None, 0.5, setting)
    return [Result(case, rounds, wrong)]


async def fan_out(settings: Settings, size: Size, advance: Advance) -> list[Result]:
    """W2: signed by 50, and singly."""
    await fanout.make_limit_table(settings)
    found = []
    for name, count, by, floor, goal in (
        ("W2", size.messages, 50, 0.4, 0.7),
        ("W2 singly", size.singly, 1, None, 0.25),
    ):
        what = f"consents applied by the erasure service, {by} signed in a transaction"
        setting = {
            "messages": count,
            "batch": fanout.RECORDS_AT_ONCE,
            "processes": "1 each",
            "connections": "8 of ours, 1 of the limit",
        }
        result = Result(Case(name, what, "messages/s", LIMIT_W2, floor, goal, setting))
        found.append(result)
        try:
            for number in range(size.rounds):
                told = await _one_fan_out(settings, result, count, by, limit_first=number % 2 == 1)
                setting["bytes of a message"] = round(told.bytes / told.count)
                advance()
        except GateFailed as error:
            result.wrong = str(error)
    return found


async def _one_fan_out(
    settings: Settings, result: Result, count: int, by: int, *, limit_first: bool
) -> fanout.Told:
    await fanout.empty(settings)
    told = await fanout.tell(settings, count, by)
    limit = await fanout.apply_bare(settings, told) if limit_first else None
    ours = await fanout.apply_ours(settings, told)
    limit = limit or await fanout.apply_bare(settings, told)
    await fanout.check(settings, told)
    result.rounds.append(Round(ours, limit))
    return told


async def memory_use(settings: Settings, advance: Callable[[int], None]) -> list[Result]:
    """W8: no growth is 1; a tenth more memory is 0.909."""
    wrong, rounds = "", list[Round]()
    try:
        rounds = list(await memory.measure(settings, advance))
    except GateFailed as error:
        wrong = str(error)
    found = []
    for number, who in enumerate(("worker", "auditor")):
        what = f"memory of the erasure {who}"
        limit = f"the same after {memory.MANY:,} messages"
        setting = {"ours": f"after {memory.FEW:,} messages"}
        case = Case(f"W8 {who}", what, "MB", limit, 1 / 1.1, 1 / 1.1, setting)
        found.append(Result(case, rounds[number : number + 1], wrong))
    return found


async def memory_of_histories(settings: Settings, advance: Advance) -> list[Result]:
    """W8 of the auditor alone, over whole histories: the log is worked out too."""
    few, many = memory.HISTORIES
    rounds, wrong = list[Round](), ""
    try:
        less, more = await memory.of_histories(
            settings.state / "history", memory.HISTORIES, lambda _: advance()
        )
        rounds = [Round(Turn(less, memory.MEGABYTE), Turn(more, memory.MEGABYTE))]
    except GateFailed as error:
        wrong = str(error)
    what = f"memory of a replay of {few:,} sagas, its log with it"
    setting = {"ours": f"{few:,} sagas"}
    case = Case("W8 replay", what, "MB", f"{many:,} sagas", 1 / 1.1, 1 / 1.1, setting)
    return [Result(case, rounds, wrong)]
