"""The tables. Times are Unix seconds UTC; `…_index` columns are keyed hashes (see vault.py)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows itself only for INTEGER


class Base(DeclarativeBase):
    """Every table; constraint names follow one pattern so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text(), int: BigInteger(), bytes: LargeBinary()}  # noqa: RUF012 - SQLAlchemy's own idiom


class SubscriberState(StrEnum):
    """Whether a chat gets notices."""

    VISITOR = "visitor"  # has talked with us, follows nothing yet
    ACTIVE = "active"
    PAUSED = "paused"  # until `paused_until`, then active again
    STOPPED = "stopped"  # unsubscribed; settings are kept
    GONE = "gone"  # blocked us, deleted the account, removed us from the group


class Subscriber(Base):
    """One chat that we may write to: a person, a group or a channel."""

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("platform", "address_index"),
        Index("ix_subscribers_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    platform: Mapped[str]
    address: Mapped[bytes]  # sealed
    address_index: Mapped[bytes]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=SubscriberState.VISITOR)
    language: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="")
    quiet_from: Mapped[int | None]  # minutes after local midnight
    quiet_to: Mapped[int | None]
    urgent_only: Mapped[bool] = mapped_column(default=False)  # nothing that can wait
    content: Mapped[str] = mapped_column(default="")  # "full", "information"; "": by country
    paused_until: Mapped[int | None]
    since_week: Mapped[int]  # the Monday of the week they came, no finer


class Follow(Base):
    """What a subscriber follows: everything, a country's cases, or one case."""

    __tablename__ = "follows"

    subscriber_id: Mapped[int] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)  # "all", "country", "case"
    value: Mapped[str] = mapped_column(primary_key=True)  # "", "KZ", a case id


class Arrivals(Base):
    """How many chats began to follow something in an hour: a flood of them shows an attack."""

    __tablename__ = "arrivals"

    hour: Mapped[int] = mapped_column(primary_key=True)  # Unix time of its beginning
    count: Mapped[int]


class Organiser(Base):
    """Somebody who may prepare and send alerts, known by the platform's immutable id."""

    __tablename__ = "organisers"
    __table_args__ = (UniqueConstraint("platform", "sender_index"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    platform: Mapped[str]  # the account of their chat with us
    sender: Mapped[bytes]  # sealed
    sender_index: Mapped[bytes]
    role: Mapped[str]  # "organiser", "owner"
    active: Mapped[bool]
    configured: Mapped[bool] = mapped_column(default=False)  # an owner by the configuration
    address: Mapped[bytes | None]  # sealed: their private chat with us, once they have written
    chat_index: Mapped[bytes | None]  # keyed hash of the same
    pinned: Mapped[bytes | None]  # sealed: the key that their commands must be proved with
    heard: Mapped[bytes | None]  # sealed: how far each of their chains of messages was heard
    doubted_at: Mapped[int | None]  # when others were last told of a command in their name
    added_at: Mapped[int]


class Invitation(Base):
    """A one-time code that makes its bearer an organiser; only its keyed hash is kept."""

    __tablename__ = "invitations"

    code_index: Mapped[bytes] = mapped_column(primary_key=True)
    role: Mapped[str]
    invited_by: Mapped[int] = mapped_column(Id, ForeignKey("organisers.id", ondelete="CASCADE"))
    expires_at: Mapped[int]


class Campaign(Base):
    """A campaign as imported: its own words and settings, without cases and targets."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str]
    drill: Mapped[bool]
    document: Mapped[str]  # JSON


class Case(Base):
    """One case: who is affected, what for, what is demanded. The document is public."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    closed_at: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(default="")  # how it ended, if an organiser closed it
    document: Mapped[str]  # JSON


class Target(Base):
    """Somebody to write to. `document` holds everything but the contacts."""

    __tablename__ = "targets"
    __table_args__ = (UniqueConstraint("campaign_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    name: Mapped[str]  # the id in the campaign file
    position: Mapped[int]
    document: Mapped[str]  # JSON


class Contact(Base):
    """One way to reach a target: as printed, and as it can be used."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target_id: Mapped[int] = mapped_column(
        Id, ForeignKey("targets.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    document: Mapped[str]  # JSON


class ContactCorrection(Base):
    """What organisers know better about one kind of contact of a target or a mission.

    It goes before the campaign file and the directory; the newest that is not undone counts.
    """

    __tablename__ = "contact_corrections"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(default="")  # a target's campaign, else ""
    target: Mapped[str] = mapped_column(default="")  # its id in the campaign file
    sending: Mapped[str] = mapped_column(default="")  # a mission's state, else ""
    host: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    mission: Mapped[str] = mapped_column(default="")  # its kind: "embassy", "consulate"
    kind: Mapped[str]  # "email", "phone", "fax", "postal", "web"
    contacts: Mapped[str]  # JSON: the contacts of this kind from now on, maybe none
    source: Mapped[str]  # where the organiser has it from
    organiser_id: Mapped[int | None] = mapped_column(Id)
    made_at: Mapped[int]
    undone_at: Mapped[int | None]


class ContactReport(Base):
    """One chat's word on one contact: it bounced, or it worked. Says nothing of the chat."""

    __tablename__ = "contact_reports"

    contact: Mapped[str] = mapped_column(primary_key=True)  # see handlers/contact_keys.py
    reporter: Mapped[bytes] = mapped_column(primary_key=True)  # keyed hash of chat and contact
    worked: Mapped[bool]
    settled: Mapped[bool] = mapped_column(default=False)  # organisers have decided since
    week: Mapped[int]  # the Monday of the week it was made, no finer


class ContactDoubt(Base):
    """A contact that several readers report as dead, until organisers decide."""

    __tablename__ = "contact_doubts"

    contact: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]
    marked_at: Mapped[int]


class HearingState(StrEnum):
    """What is known about a hearing."""

    ANNOUNCED = "announced"
    CANCELLED = "cancelled"
    HELD = "held"


class Hearing(Base):
    """A date in court: wall time and zone are the truth, `starts_at` is worked out from them."""

    __tablename__ = "hearings"
    __table_args__ = (UniqueConstraint("case_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    name: Mapped[str]  # the id in the campaign file, or one we gave
    local: Mapped[str]  # "2016-10-12T10:30", as the court's clock shows it
    timezone: Mapped[str]  # IANA name
    starts_at: Mapped[int]
    state: Mapped[str] = mapped_column(default=HearingState.ANNOUNCED)
    version: Mapped[int] = mapped_column(default=1)  # grows with every change people are told of
    document: Mapped[str]  # JSON: court, city, kind, note


class ReminderState(StrEnum):
    """What became of a reminder."""

    WAITING = "waiting"
    FIRED = "fired"
    CANCELLED = "cancelled"  # the hearing moved or was called off
    MISSED = "missed"  # fell due too late to be of use


class Reminder(Base):
    """One reminder of one version of a hearing, to be turned into a notice when due."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("hearing_id", "kind", "version"),
        Index("ix_reminders_due", "due_at", sqlite_where=text("state = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hearing_id: Mapped[int] = mapped_column(Id, ForeignKey("hearings.id", ondelete="CASCADE"))
    kind: Mapped[str]  # "7d", "1d", "2h", "now", "changed", "cancelled"
    version: Mapped[int]
    due_at: Mapped[int]
    state: Mapped[str] = mapped_column(default=ReminderState.WAITING)


class AlertState(StrEnum):
    """The life of an alert."""

    DRAFT = "draft"  # being looked at; waits for the first or second organiser
    SCHEDULED = "scheduled"  # approved; goes out at `send_at` (cool-down or a chosen time)
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # nobody approved it in time
    RETRACTED = "retracted"  # went out and was taken back


class Alert(Base):
    """An urgent-action notice in the making; the payload is what is approved and sent."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_state", "state", "send_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(default=AlertState.DRAFT)
    payload: Mapped[str]  # JSON, frozen
    content_hash: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(
        Id, ForeignKey("organisers.id", ondelete="SET NULL")
    )
    created_at: Mapped[int]
    expires_at: Mapped[int]
    send_at: Mapped[int | None]
    notice_id: Mapped[int | None] = mapped_column(Id)
    corrects_id: Mapped[int | None] = mapped_column(Id)  # the alert this one puts right
    page: Mapped[str | None] = mapped_column(index=True, unique=True)  # in its page's address
    progress_id: Mapped[int | None] = mapped_column(Id)  # the delivery that shows how far it is
    progress_at: Mapped[int] = mapped_column(default=0)  # when it was last brought up to date


class Approval(Base):
    """One organiser's yes to exactly this content."""

    __tablename__ = "approvals"

    alert_id: Mapped[int] = mapped_column(
        Id, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True
    )
    organiser_id: Mapped[int] = mapped_column(
        Id, ForeignKey("organisers.id", ondelete="CASCADE"), primary_key=True
    )
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    approved_at: Mapped[int]


class Notice(Base):
    """What many subscribers are told: a kind and a frozen payload, rendered for each reader.

    Its deliveries are a stream: the relays take from the open streams, the most urgent first.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_open",
            "lane",
            "priority",
            "id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_notices_alert", "alert_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]  # a name in handlers.registry.NOTICES
    payload: Mapped[str]  # JSON
    case_id: Mapped[str]  # what it is about, as subscribers follow it
    country: Mapped[str]
    alert_id: Mapped[int | None] = mapped_column(Id)  # the alert it comes from, if it does
    lane: Mapped[int]  # see storage.outbox
    priority: Mapped[int] = mapped_column(default=0)  # lower goes first within a lane
    created_at: Mapped[int]
    paused_at: Mapped[int | None]  # something is wrong with it: an organiser decides
    finished_at: Mapped[int | None]  # nothing of it is on its way any more
    recipients: Mapped[int] = mapped_column(default=0)
    held_told: Mapped[int] = mapped_column(default=0)  # held deliveries organisers know of


class DeliveryState(StrEnum):
    """Where a delivery stands. Only `sending` is doubtful after a crash."""

    PENDING = "pending"
    SENDING = "sending"  # claimed: a request may be on its way
    SENT = "sent"
    UNREACHABLE = "unreachable"  # the chat does not take our messages any more
    REJECTED = "rejected"  # the service refused the content
    HELD = "held"  # may have arrived; waits for an organiser's decision
    CANCELLED = "cancelled"


# Written into the statement: a database that is handed it beside the statement does not know that
# a partial index serves.
SENDING: ColumnClause[str] = literal_column("'sending'")
HELD: ColumnClause[str] = literal_column("'held'")


class Delivery(Base):
    """The outbox: one message to one chat. Fan-out rows have a notice and a subscriber,
    replies a sealed body and address of their own; edits name the delivery they change.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_stream",
            "platform",
            "notice_id",
            "rank",
            "id",
            sqlite_where=text("settled_at IS NULL"),  # finished rows cost a claim nothing
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_deliveries_sending",
            "platform",
            "chat",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_deliveries_held",
            "notice_id",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
        Index(  # of replies: a notice's rows are found by their subscriber, see `sent_to`
            "ix_deliveries_chat",
            "chat",
            "state",
            sqlite_where=text("notice_id IS NULL"),
            postgresql_where=text("notice_id IS NULL"),
        ),
        Index("ix_deliveries_notice", "notice_id", "state"),
        Index(
            "ix_deliveries_replies",
            "platform",
            "id",
            sqlite_where=text("settled_at IS NULL AND notice_id IS NULL"),
            postgresql_where=text("settled_at IS NULL AND notice_id IS NULL"),
        ),
        Index(
            "ix_deliveries_answered",
            "settled_at",
            sqlite_where=text("settled_at IS NOT NULL AND notice_id IS NULL"),
            postgresql_where=text("settled_at IS NOT NULL AND notice_id IS NULL"),
        ),
        Index(
            "ix_deliveries_told",
            "settled_at",
            sqlite_where=text("settled_at IS NOT NULL AND subscriber_id IS NOT NULL"),
            postgresql_where=text("settled_at IS NOT NULL AND subscriber_id IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_edits",
            "edits_id",
            sqlite_where=text("edits_id IS NOT NULL"),
            postgresql_where=text("edits_id IS NOT NULL"),
        ),
        UniqueConstraint("subscriber_id", "notice_id"),  # in this order: it finds a subscriber's
        # A number is never given twice: services know repeats by it, and outcomes come late.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    platform: Mapped[str]
    chat: Mapped[bytes]  # keyed hash of the address: never two messages of one chat in flight
    subscriber_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE")
    )
    notice_id: Mapped[int | None] = mapped_column(Id, ForeignKey("notices.id", ondelete="CASCADE"))
    address: Mapped[bytes | None]  # sealed
    body: Mapped[bytes | None]  # sealed message; forgotten when settled
    edits_id: Mapped[int | None] = mapped_column(Id)  # the delivery this one changes
    edits_ref: Mapped[str] = mapped_column(default="")  # or the platform's own reference
    rank: Mapped[int] = mapped_column(default=0)  # lower goes first within a notice
    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    due_at: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0)
    part: Mapped[int] = mapped_column(default=0)  # parts already sent
    refs: Mapped[str] = mapped_column(default="")  # the platform's references, one a line
    repeat: Mapped[bool] = mapped_column(default=False)  # may have arrived already: say so
    unwanted: Mapped[bool] = mapped_column(default=False)  # taken back in flight: never again
    doubtful_since: Mapped[int | None]  # this part's first attempt that may have arrived
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[int]
    settled_at: Mapped[int | None]


class InboxState(StrEnum):
    """What became of an update."""

    NEW = "new"
    DONE = "done"
    FAILED = "failed"  # a fault of ours; the sender was told


class InboxRow(Base):
    """An update that arrived; its content is forgotten as soon as it has been handled."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("platform", "event_index"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    platform: Mapped[str]
    event_index: Mapped[bytes]
    payload: Mapped[bytes | None]  # sealed
    state: Mapped[str] = mapped_column(default=InboxState.NEW, index=True)
    received_at: Mapped[int]


class Dialogue(Base):
    """The question a chat was asked last and has not answered yet."""

    __tablename__ = "dialogues"

    chat: Mapped[bytes] = mapped_column(primary_key=True)
    question: Mapped[str]  # the command that takes the answer
    expires_at: Mapped[int]


class Cursor(Base):
    """How far a platform's stream of updates has been taken in."""

    __tablename__ = "cursors"

    platform: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[str]
    taken_at: Mapped[int]


class Keepsake(Base):
    """A small secret a platform must not forget (device, access token), sealed."""

    __tablename__ = "keepsakes"

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes]  # sealed


class LocalMessage(Base):
    """What the built-in chat shows, in order; sealed like everything else."""

    __tablename__ = "local_messages"
    __table_args__ = (Index("ix_local_messages_chat", "chat", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    chat: Mapped[bytes]
    key: Mapped[str | None] = mapped_column(unique=True)  # None for what a person wrote
    ours: Mapped[bool]
    content: Mapped[bytes]  # sealed
    version: Mapped[int] = mapped_column(default=1)  # grows with every edit
    written_at: Mapped[int]


class AuditEntry(Base):
    """What organisers did, each entry chained to the one before by its hash."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[int]
    organiser_id: Mapped[int | None] = mapped_column(Id)
    action: Mapped[str]
    subject: Mapped[str]
    hash: Mapped[str]
