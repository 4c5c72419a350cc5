"""Groups, supergroups with topics, and channels: members, administrators, the bot's place."""

from __future__ import annotations

from typing import Any

from tests.fakes.telegram_chats import BOT, PRESENT, Chat, Message, Person, author, public

OTHER_BOT = {"id": 4343, "is_bot": True, "first_name": "Via", "username": "another_test_bot"}


class Group(Chat):
    """A group, a supergroup or a channel."""

    async def says(
        self,
        person: Person,
        text: str,
        *,
        anonymous: bool = False,
        forwarded: bool = False,
        edited: bool = False,
        via_bot: bool = False,
        reply_to: Message | None = None,
        topic: int | None = None,
    ) -> Message:
        """A member says something. The bot learns of it as far as privacy mode allows."""
        self.members.setdefault(person.id, "member")
        more: dict[str, Any] = {"via_bot": OTHER_BOT} if via_bot else {}
        if forwarded:
            hidden = {"type": "hidden_user", "sender_user_name": "Somebody"}
            more["forward_origin"] = {**hidden, "date": self.server.now()}
        if edited:
            more["edit_date"] = self.server.now()
        if reply_to is not None:
            more["reply_to_message"] = public(reply_to)
        if topic is not None:
            more |= {"message_thread_id": topic, "is_topic_message": True}
        return self.tell(text, author(self, person, anonymous=anonymous) | more)

    def posts(self, text: str) -> Message:
        """A post in a channel, by its administrators."""
        message = self._said({"text": text, "sender_chat": self.about()})
        if self.bot in PRESENT:
            self.server.add_update("channel_post", message)
        return message

    def joins(self, person: Person) -> None:
        """Somebody comes into the group."""
        self.members[person.id] = "member"
        self.announces(**{"from": person.about(), "new_chat_members": [person.about()]})

    def promote(self, person: Person, status: str = "administrator") -> None:
        """Make somebody an administrator, or what else `status` says."""
        self.members[person.id] = status

    def adds_bot(self, by: Person | None = None, status: str = "member") -> None:
        """The bot is added; it learns so twice, as from Telegram."""
        self.bot_becomes(status, by)
        if self.type != "channel":
            who = (by or self.server.somebody).about()
            self.announces(**{"from": who, "new_chat_members": [BOT]})

    def kicks_bot(self, by: Person | None = None) -> None:
        """The bot is thrown out."""
        self.bot_becomes("kicked", by)

    def bot_becomes(self, status: str, by: Person | None = None) -> None:
        """The bot's own place changes, and it is told."""
        old, self.bot = self.bot, status
        self.server.tell_membership(self, by or self.server.somebody, old, status)

    def migrates(self) -> Group:
        """A group becomes a supergroup: another id, message numbers from one."""
        new = self.server.group(title=self.title)
        new.members, new.bot = dict(self.members), self.bot
        who = self.server.somebody.about()
        self.announces(**{"from": who, "migrate_to_chat_id": new.id})
        self.moved_to = new.id
        new.announces(sender_chat=new.about(), migrate_from_chat_id=self.id)
        return new

    def opens_topic(self) -> int:
        """A new topic of a forum; its number is the `message_thread_id`."""
        assert self.topics is not None, "no forum"
        self.topics.add(next(self.numbers))
        return max(self.topics)

    def closes_topic(self, topic: int) -> None:
        """Delete a topic."""
        assert self.topics is not None, "no forum"
        self.topics.remove(topic)
