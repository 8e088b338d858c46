"""Every mapping of a playbook: its keys, what they mean, and what may stand under them."""

from __future__ import annotations

from rules.read_offers import CHANNELS
from rules.read_restraint import PURPOSES
from rules.read_rules import _STATUSES as STATUSES
from rules.schema.kinds import (
    ANYTHING,
    Key,
    Kind,
    Shape,
    either,
    listed,
    many,
    mapped,
    named,
    of,
    pattern,
    plain,
    words,
)

__all__ = ["LATER", "SECTIONS", "SHAPES"]

TEXT, TRUTH, COUNT = plain("string"), plain("boolean"), {"type": "integer", "minimum": 1}
DURATION = pattern(r"^([0-9]{1,9}(ms|s|m|h|d|w))+$", example="30d")
MONEY = pattern(r"^[0-9]{1,15}(\.[0-9]{1,15})? +[A-Z]{3}$", example="10 CNY")
PREFIX = pattern("^[A-Z0-9]{1,10}$", example="WEL")
SHARE = pattern(r"^[0-9]{1,3}(\.[0-9]{1,4})?%$", example="10%")
NAME = pattern(r"^[\w.-]{1,128}$", example="cart-rescue")
EXPRESSION = plain("string", "boolean", "number")
CONDITION = of("condition")
TYPES = words("text", "integer", "number", "money", "boolean", "time", "date", "list")
INPUT_TYPES = words("text", "integer", "number", "money", "boolean", "duration", "time", "date", "list")
CHANNEL = words(*CHANNELS)
CLOCK = pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$", example="09:00")
SCOPE = {
    "channels": Key(many(CHANNEL), "Only of these channels."),
    "purposes": Key(many(words(*PURPOSES)), "Only of these purposes."),
}
TEXTS: Kind = mapped(mapped(either(TEXT, of("message")))) | {"propertyNames": CHANNEL}
BY_CHANNEL: Kind = {"propertyNames": CHANNEL}
VALUES = mapped(EXPRESSION) | {"x-keys": "traits"}
STEPS: Kind = {"type": "array", "items": either(of("step"), words("stop"))}
NATURAL: Kind = {"type": "integer", "minimum": 0}
ARMS: Kind = mapped(of("arm")) | {"minProperties": 2, "propertyNames": {"pattern": r"^[^.]*$"}}
_FORKS = {"anyOf": [{"required": ["if"]}, {"required": ["wait"]}]}
BRANCHED: Kind = {"dependencies": {"then": _FORKS, "else": _FORKS, "split": ["arms"], "arms": ["split"]}}
_NO_EVENT: Kind = {"not": {"required": ["event"]}}
ONE_WAIT: Kind = {
    "dependencies": {
        "event": ["within"],
        "within": ["event"],
        "same": ["event"],
        "until": _NO_EVENT,
        "for": _NO_EVENT | {"allOf": [{"not": {"required": ["until"]}}]},
    },
    "minProperties": 1,
}
WAIVE = Key(plain("array"), "Warnings of the lint that are meant here.", ["no_limit"])
TITLE = Key(TEXT, "What people call it.")
MEANING = {
    "meaning": Key(ANYTHING, "What it stands for."),
    "example": Key(ANYTHING, "A value as it comes."),
    "unit": Key(ANYTHING, "Its unit."),
}
ON_CHANGE = {"on_change": Key(ANYTHING, "What happens when the playbook changes.", later=True)}


def _later(*keys: str) -> dict[str, Key]:
    return {key: Key(ANYTHING, "Not available yet.", later=True) for key in keys}


SHAPES: dict[str, Shape] = {
    "workspace": Shape("the workspace", {
        "name": Key(TEXT, "The name of the shop or brand.", "My Shop"),
        "zone": Key(TEXT, "Time zone of everybody who has no trait `zone`.", "Asia/Shanghai", needed=True),
        "currency": Key(pattern("^[A-Z]{3}$", example="CNY"), "Currency of all money, ISO 4217.", "CNY", needed=True),
        "language": Key(TEXT, "Language of who has no trait `language`; default en.", "zh"),
        "country": Key(pattern("^[A-Z]{2}(-.+)?$", example="CN"), "Whose holidays and workdays count.", "CN"),
        "unknown_events": Key(words("keep", "reject"), "What becomes of an event that the catalogue lacks."),
        "ad_words": Key(listed(TEXT), "Words that marketing may not use, beyond those of the law."),
        "allowed_words": Key(listed(TEXT), "Longer words that hold a forbidden one and are allowed."),
        "quiet_hours": Key(of("quiet_hours"), "When nothing goes out.", {"from": "21:00", "until": "09:00"}),
        "caps": Key(mapped(of("cap")), "How many messages a person may get.", {"all": {"count": 1, "within": "1d"}}),
        "holdout": Key(either(SHARE, of("holdout")), "The share of people to whom nothing is done.", "5%"),
        "history": Key(DURATION, "How long events are kept; longer windows are warned of."),
        **_later("contact_budget", "rhythm", "channels"),
    }),
    "holdout": Shape("`holdout`", {
        "percent": Key(SHARE, "The share of people.", "5%", needed=True),
        "salt": Key(NAME, "Another one draws other people.", "spring"),
    }),
    "input": Shape("input 'x'", {
        "type": Key(INPUT_TYPES, "What it is.", "duration", needed=True),
        "default": Key(ANYTHING, "Its value where none is given.", "2h"),
        "values": Key(listed(TEXT), "The only texts allowed."),
        "title": TITLE,
        "meaning": Key(TEXT, "What it stands for."),
    }),
    "quiet_hours": Shape("`quiet_hours`", {
        "from": Key(CLOCK, "When they begin.", "21:00", needed=True),
        "until": Key(CLOCK, "When they end.", "09:00", needed=True),
        "zone": Key(TEXT, "person (the default), workspace, or the name of a time zone.", "person"),
        **SCOPE,
    }),
    "cap": Shape("a cap", {
        "count": Key(COUNT, "How many.", 2, needed=True),
        "within": Key(DURATION, "In any span of this length; 92d at most.", "7d", needed=True),
        **SCOPE,
    }),
    "event": Shape("event", {
        "title": TITLE,
        "aliases": Key(many(TEXT), "Other names of the same event.", ["Order Completed"]),
        "interaction": Key(TRUTH, 'Whether it counts for "*"; default true.'),
        "properties": Key(mapped(of("property")), "Its properties with their types."),
        "retired": Key(TRUTH, "It is not to be used any more."),
        "replaced_by": Key(named("events"), "The event that takes its place."),
        **MEANING,
    }),
    "property": Shape("property", {
        "type": Key(TYPES, "Its type.", "money", needed=True),
        "min": Key(plain("integer"), "The least it may be; of money, integer, number."),
        "of": Key(mapped(of("property")), "The properties of each item; of a list."),
        "values": Key(listed(TEXT), "The only values; of a text."),
        "title": Key(ANYTHING, "What people call it."),
        "personal": Key(ANYTHING, "Personal data."),
        **MEANING,
    }),
    "trait": Shape("trait", {
        "type": Key(TYPES, "Its type.", "text", needed=True),
        "from": Key(EXPRESSION, "Computes it where nobody set it.", 'first("*")'),
        "personal": Key(TRUTH, "Personal data."),
        "title": TITLE,
        "retired": Key(TRUTH, "It is not to be used any more."),
        "replaced_by": Key(named("traits"), "The trait that takes its place."),
        **MEANING,
        **ON_CHANGE,
    }),
    "segment": Shape("segment", {
        "title": TITLE,
        "when": Key(CONDITION, "Who is in it.", 'count("order.paid", "30d") >= 2', needed=True),
        "waive": WAIVE,
        **ON_CHANGE,
    }),
    "stage": Shape("a stage", {
        "id": Key(NAME, "Its name.", "new", needed=True),
        "title": TITLE,
        "when": Key(CONDITION, "Who is in it; the first stage that holds counts.", 'count("*", "30d") >= 3'),
        "otherwise": Key({"const": True}, "Everybody else; of the last stage."),
        **ON_CHANGE,
    }),
    "rule": Shape("rule", {
        "title": TITLE,
        "status": Key(words(*STATUSES), "draft and retired decide nothing, shadow only records; default live."),
        "event": Key(many(named("events")), "Starts it whenever this event comes.", "order.paid"),
        "enters": Key(many(named("changes")), "Starts it when a person enters a segment or stage.", "stage:new"),
        "leaves": Key(many(named("changes")), "Starts it when a person leaves a segment or stage.", "vip"),
        "schedule": Key(of("schedule"), "Starts it at fixed times.", {"cron": "0 9 * * 1"}),
        "audience": Key(CONDITION, "Whom a schedule is for."),
        "when": Key(CONDITION, "Must hold when it starts; a list: all of them.", "event.amount >= 99"),
        "unless": Key(CONDITION, "Must not hold; a list: none of them.", 'in_segment("vip")'),
        "wait": Key(either(DURATION, of("wait")), "Waits before the steps.", "1h"),
        "limit": Key(either(words("once"), of("limit")), "How often one person may start it.", "once"),
        "priority": Key(plain("integer"), "Higher runs first; default 50."),
        "expires": Key(DURATION, "How long its decisions are of use.", "2h"),
        "then": Key(STEPS, "What it does, step after step.", [{"tag": "seen"}], needed=True),
        "waive": WAIVE,
        "canary": Key(SHARE, "For this share of people it is live, for all others shadow.", "10%"),
        "if_running": Key(words("parallel", "ignore", "restart"), "What a new start does while a run still waits."),
        "if_late": Key(either(words("send", "skip"), of("if_late")), "What becomes of late decisions.", "skip"),
        "valid": Key(of("valid"), "From when until when it starts anything."),
        "owner": Key(TEXT, "Who answers for it."),
        "notes": Key(TEXT, "What others should know of it."),
        "on_change": Key(words("finish", "stop", "migrate"), "What becomes of runs of its earlier versions."),
        **_later("quiet_hours", "caps"),
    }),
    "valid": Shape("`valid`", {
        "from": Key(TEXT, "Not before this moment.", "2026-05-01T00:00:00+08:00"),
        "until": Key(TEXT, "Not at this moment or later.", "2026-06-01T00:00:00+08:00"),
    }),
    "if_late": Shape("`if_late`", {
        "send_within": Key(DURATION, "How late it may be.", "2h", needed=True),
    }),
    "schedule": Shape("a schedule", {
        "cron": Key(TEXT, "Minute, hour, day, month, weekday.", "0 9 * * 1"),
        "at": Key(TEXT, "One moment, with a zone; beside anniversary and month_end a time of day.", "09:00"),
        "zone": Key(TEXT, "workspace, person, or the name of a time zone.", "person"),
        "workdays": Key(TRUTH, "Only on workdays of the workspace's country; beside cron."),
        "anniversary": Key(named("traits"), "A trait of type date: once a year, for whom it is that day.", "birthday"),
        "month_end": Key(TRUTH, "On the last day of each month.", example=True),
        "before": Key(DURATION, "So many days before the anniversary or the end of the month.", "7d"),
        "audience": Key(CONDITION, "Whom it is for."),
    }),
    "limit": Shape("a limit", {
        "once": Key(TRUTH, "Once in a lifetime."),
        "once_within": Key(DURATION, "Once in this span.", "30d"),
        "once_per": Key(TEXT, "Once for each value of this property.", "order_id"),
        "max": Key(of("most"), "So many in this span.", {"count": 3, "within": "30d"}),
    }),
    "most": Shape("`max`", {
        "count": Key(COUNT, "How many.", 3, needed=True),
        "within": Key(DURATION, "In which span.", "30d", needed=True),
    }),
    "wait": Shape("a wait", {
        "for": Key(DURATION, "How long.", "1h"),
        "until": Key(CLOCK, "Until clocks show this.", "09:00"),
        "event": Key(many(named("events")), "Until this event comes.", "order.paid"),
        "within": Key(DURATION, "How long the event is waited for.", "3d"),
        "same": Key(TEXT, "Only by an event with the same value of this property.", "order_id"),
        "unless": Key(many(either(named("events"), of("ending"))), "Events that end the run.", ["order.paid"]),
        "while": Key(CONDITION, "Must still hold at the end of the wait.", 'profile.stage == "new"'),
    }, extra=ONE_WAIT),
    "ending": Shape("what ends a wait", {
        "event": Key(named("events"), "The event.", "order.paid", needed=True),
        "same": Key(TEXT, "Only one with the same value of this property.", "order_id"),
    }),
    "condition": Shape("a condition", {
        "all": Key(CONDITION, "All of these hold."),
        "any": Key(CONDITION, "At least one of these holds."),
        "not": Key(CONDITION, "This does not hold."),
    }, extra={"maxProperties": 1, "minProperties": 1}),
    "step": Shape("a step", {
        "id": Key(TEXT, "A name of the step, which its decisions keep."),
        "send": Key(of("send"), "Send a message.", {"template": "welcome", "channels": ["wecom", "sms"]}),
        "issue_coupon": Key(either(named("pools"), of("issue_coupon")), "Issue a coupon of a pool.", "welcome-10"),
        "tag": Key(many(TEXT), "Put a tag on.", "vip"),
        "untag": Key(many(TEXT), "Take a tag off.", "vip"),
        "set": Key(VALUES, "Set traits to the values of expressions.", {"level": "3"}),
        "invite": Key(of("invite"), "Invite into a community.", {"community": "club"}),
        "assign": Key(of("assign"), "Hand the person to a team.", {"to": "key-accounts"}),
        "emit": Key(of("emit"), "Make an event.", {"event": "order.paid"}),
        "wait": Key(either(DURATION, of("wait")), "What follows runs when it is over.", "14d"),
        "if": Key(CONDITION, "`then` where it holds, else (also if it is unknown) `else`.", "reply.amount >= 100"),
        "then": Key(STEPS, "The steps of an `if`, or of a wait that was answered.", [{"tag": "seen"}]),
        "else": Key(STEPS, "The steps otherwise.", ["stop"]),
        "split": Key(NAME, "Draws one of the `arms`, the same for a person every time.", "greeting"),
        "arms": Key(ARMS, "The arms of a `split`.", {"letter": {"weight": 50}, "nothing": {"weight": 50}}),
        **_later("grant_points", "award"),
    }, extra=BRANCHED),
    "arm": Shape("arm", {
        "weight": Key(NATURAL, "Its share, among the weights of all arms; 0: nobody.", 50, needed=True),
        "then": Key(STEPS, "Its steps.", [{"tag": "seen"}]),
    }),
    "send": Shape("`send`", {
        "template": Key(named("templates"), "The message.", "welcome", needed=True),
        "channels": Key(many(CHANNEL), "Tried in this order.", ["wecom", "sms"], needed=True),
    }),
    "issue_coupon": Shape("`issue_coupon`", {
        "pool": Key(named("pools"), "The coupon pool.", "welcome-10", needed=True),
        "as": Key(TEXT, "Its name in templates; default coupon.", "coupon"),
    }),
    "invite": Shape("`invite`", {
        "community": Key(named("communities"), "The community.", "club", needed=True),
        "template": Key(named("templates"), "The message that invites."),
        "channels": Key(many(CHANNEL), "Tried in this order."),
    }),
    "assign": Shape("`assign`", {"to": Key(TEXT, "The team.", "key-accounts", needed=True)}),
    "emit": Shape("`emit`", {
        "event": Key(named("events"), "The event.", needed=True),
        "person": Key(EXPRESSION, "Whose event it is; default: of the same person."),
        "properties": Key(mapped(EXPRESSION), "Its properties, from expressions."),
    }),
    "pool": Shape("coupon pool", {
        "title": TITLE,
        "benefit": Key(of("benefit"), "What the coupon is worth.", {"amount_off": "10 CNY"}, needed=True),
        "stock": Key(COUNT, "How many there are.", 5000),
        "valid_for": Key(DURATION, "How long a coupon is valid.", "14d"),
        "per_person": Key(COUNT, "How many one person may have.", 1),
        "budget": Key(MONEY, "The most that all may cost.", "50000 CNY"),
        "code": Key(of("code"), "How codes look.", {"prefix": "WEL"}),
        **_later("valid", "on_change"),
    }),
    "benefit": Shape("a benefit", {
        "amount_off": Key(MONEY, "An amount off.", "10 CNY"),
        "percent_off": Key({"type": "integer", "minimum": 1, "maximum": 100}, "A percentage off.", 10),
        "gift": Key(TEXT, "A gift.", "SKU-1"),
        "minimum": Key(MONEY, "From this order value on.", "50 CNY"),
    }),
    "code": Shape("the code of a coupon pool", {"prefix": Key(PREFIX, "How each code begins.", "WEL")}),
    "community": Shape("community", {
        "title": TITLE,
        "join_url": Key(TEXT, "Where people join.", "https://example.com/join"),
        **_later("rhythm"),
    }),
    "template": Shape("template", {
        "title": TITLE,
        "purpose": Key(words("marketing", "transactional"), "marketing needs the person's consent.", needed=True),
        "channels": Key(TEXTS, "The texts, by channel and language.", needed=True),
        "limits": Key(mapped(COUNT) | BY_CHANNEL, "The most characters, by channel."),
        "waive": WAIVE,
    }),
    "message": Shape("the text of a message", {
        "subject": Key(TEXT, "The subject, where the channel has one."),
        "body": Key(TEXT, "The text, in Liquid.", needed=True),
    }),
}  # fmt: skip

SECTIONS: dict[str, tuple[Kind, str]] = {
    "workspace": (of("workspace"), "Time zone, currency, language: once in a playbook."),
    "inputs": (mapped(of("input")), "What the playbook asks for."),
    "values": (mapped(ANYTHING), "The values of inputs."),
    "lists": (mapped(listed(plain("string", "boolean", "number"))), "Lists with names, for `in lists.name`."),
    "let": (mapped(CONDITION), "Conditions and values with names, for `let.name`."),
    "events": (
        mapped(either(of("event"), plain("null"))),
        "The events that exist.",
    ),
    "traits": (mapped(of("trait")), "The traits that people have."),
    "segments": (mapped(of("segment")), "Named conditions on a person."),
    "lifecycle": ({"type": "array", "items": of("stage")}, "The stages, in order."),
    "rules": (mapped(of("rule")), "When this happens, and that holds, do this."),
    "coupon_pools": (mapped(of("pool")), "Coupons that rules hand out."),
    "communities": (
        mapped(of("community")),
        "Communities that people are invited to.",
    ),
    "templates": (mapped(of("template")), "Messages."),
}
LATER = "Not available yet."
