"""The scripts of the state on Redis or Valkey: each is one command to the server, done as a whole or not at all.

All four keys of a partition are named to every script, so that they work in a cluster too:

1. `off`     hash: offset, chunk, cursor, program, sequence, log_id; people and timers (how many there are)
2. `u`       hash: person → next moment (8 bytes) and profile
3. `ids`     sorted set of everybody, all with score 0: read in the order of bytes, which is that of the ids
4. `timers`  sorted set: person by next moment

A position counts only while everything is there that was written with it. If the server evicted a key, or somebody
deleted one, the partition is as if it had never begun: it is folded again from the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

__all__ = ["BEGIN", "CHUNK", "KEYS", "POSITION", "READ", "SCAN", "WRITE", "Script"]

KEYS = ("off", "u", "ids", "timers")
CHUNK = 4_000
"""Values handed to one command: Lua unpacks no more than about 8,000. Even, so that pairs stay together."""

_COMMON = """
local off, u, ids, timers = unpack(KEYS)

local function stored()
  local at = redis.call('HMGET', off, 'offset', 'chunk', 'people', 'timers')
  local people, due = redis.call('HLEN', u), redis.call('ZCARD', timers)
  if at[1] and tonumber(at[3]) == people and redis.call('ZCARD', ids) == people and tonumber(at[4]) == due then
    return at
  end
end

local function in_chunks(names, first, last, each)
  for i = first, last, CHUNK do each(unpack(names, i, math.min(i + CHUNK - 1, last))) end
end

local function add_profiles(reply, names, first)
  in_chunks(names, first, #names, function(...) reply[#reply + 1] = redis.call('HMGET', u, ...) end)
  return reply
end

local function not_there(at)
  if not at then return {0} end
  if at[1] ~= ARGV[1] or at[2] ~= ARGV[2] then return {0, at[1], at[2]} end
end
""".replace("CHUNK", str(CHUNK))


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name by which a server that has seen it knows it."""

    body: str
    text: str = field(init=False)
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        text = _COMMON + self.body
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "sha", sha1(text.encode(), usedforsecurity=False).hexdigest())


POSITION = Script("""
if not stored() then return false end
return redis.call('HMGET', off, 'offset', 'chunk', 'cursor', 'program', 'sequence', 'log_id')
""")
"""→ the six fields, or nothing."""

BEGIN = Script("""
if stored() then return 0 end
redis.call('UNLINK', off, u, ids, timers)
redis.call('HSET', off, 'offset', ARGV[1], 'chunk', ARGV[2], 'cursor', ARGV[3], 'program', ARGV[4],
  'sequence', ARGV[5], 'log_id', ARGV[6], 'people', 0, 'timers', 0)
return 1
""")
"""offset, chunk, cursor, program, sequence, log id. Profiles without their position are worth nothing: they go."""

READ = Script("""
local refused = not_there(stored())
if refused then return refused end
local due = {}
if ARGV[3] ~= '' then
  due = redis.call('ZRANGEBYSCORE', timers, '-inf', '(' .. ARGV[3], 'LIMIT', 0, ARGV[4])
end
return add_profiles(add_profiles({1, due}, ARGV, 5), due, 1)
""")
"""offset, chunk, due before (or ""), limit, people… → 1, who is due, profiles of people, then of those due."""

SCAN = Script("""
local refused = ARGV[1] ~= '' and not_there(stored())
if refused then return refused end
local found = redis.call('ZRANGEBYLEX', ids, '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])
return add_profiles({1, found}, found, 1)
""")
"""offset (or "": unguarded), chunk, after, limit → 1, people in order, their profiles."""

WRITE = Script("""
local refused = not_there(stored())
if refused then return refused end
local before, people, due = redis.call('HLEN', u), 9 + 2 * ARGV[8], 9 + 2 * ARGV[8] + 2 * ARGV[9]
in_chunks(ARGV, 10, people, function(...) redis.call('HSET', u, ...) end)
in_chunks(ARGV, people + 1, due, function(...) redis.call('ZADD', timers, ...) end)
in_chunks(ARGV, due + 1, #ARGV, function(...) redis.call('ZREM', timers, ...) end)
local after = redis.call('HLEN', u)
if after > before then
  local new = {}
  for i = 10, people, 2 do
    new[#new + 1] = 0
    new[#new + 1] = ARGV[i]
  end
  in_chunks(new, 1, #new, function(...) redis.call('ZADD', ids, ...) end)
end
redis.call('HSET', off, 'offset', ARGV[3], 'chunk', ARGV[4], 'cursor', ARGV[5], 'program', ARGV[6],
  'sequence', ARGV[7], 'people', after, 'timers', redis.call('ZCARD', timers))
return {1}
""")
"""offset, chunk; the five of the new position; number of people, of those with a moment; then (person, profile)…,
(moment, person)…, people without a moment… → 1."""
