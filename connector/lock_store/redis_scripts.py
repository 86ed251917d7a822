"""What Redis has to do in one go, in its own language.

Every script begins with the fences: the critical sections that the caller is in, and the tokens
that show that they are still its own. They are compared in the same go as the rest is done, so
whoever has lost a section changes nothing any more.

Numbers are handed over as text and compared as numbers; none that is kept is ever formatted by Lua,
which would round it, but for generations, which are whole.
"""

from __future__ import annotations

SECTION_LOST = "SECTIONLOST"
"""How the error begins that a script answers with when a fence is not the caller's any more."""

_PRELUDE = f"""
local fences = tonumber(ARGV[1])
for number = 1, fences do
    if redis.call('GET', KEYS[number]) ~= ARGV[1 + number] then
        return redis.error_reply('{SECTION_LOST} ' .. KEYS[number])
    end
end
local function key(number) return KEYS[fences + number] end
local function arg(number) return ARGV[1 + fences + number] end
"""

# Of locks: "lock:<file id>" is a hash; "locks:<document key>" has the file ids of a document's.
_LOCKS = """
local function keep(files, milliseconds)
    if redis.call('PTTL', files) < tonumber(milliseconds) then
        redis.call('PEXPIRE', files, milliseconds)
    end
end
local function is_live(lock, now)
    local ends = redis.call('HGET', lock, 'expires_at')
    return ends and tonumber(ends) > tonumber(now)
end
local function has_live_lock(prefix, document, now)
    for _, file in ipairs(redis.call('SMEMBERS', prefix .. 'locks:' .. document)) do
        local lock = prefix .. 'lock:' .. file
        if redis.call('HGET', lock, 'document_key') == document and is_live(lock, now) then
            return true
        end
    end
    return false
end
local function put_lock(lock, files, milliseconds, first)
    redis.call('DEL', lock)
    redis.call('HSET', lock, unpack(ARGV, 1 + fences + first))
    redis.call('PEXPIRE', lock, milliseconds)
    redis.call('SADD', files, redis.call('HGET', lock, 'file_id'))
    keep(files, milliseconds)
end
"""

READ = (
    _PRELUDE
    + """
return redis.call('HGETALL', key(1))
"""
)
"""KEYS: a hash. Answers with its fields."""

OF_DOCUMENT = (
    _PRELUDE
    + _LOCKS
    + """
local found = {}
for _, file in ipairs(redis.call('SMEMBERS', key(1))) do
    local lock = arg(2) .. 'lock:' .. file
    if redis.call('HGET', lock, 'document_key') == arg(3) and is_live(lock, arg(1)) then
        found[#found + 1] = redis.call('HGETALL', lock)
    end
end
return found
"""
)
"""KEYS: files of the document. ARGV: now, prefix, document key. Answers with the live locks."""

TAKE = (
    _PRELUDE
    + _LOCKS
    + """
if is_live(key(1), arg(1)) then
    return 0
end
put_lock(key(1), key(2), arg(2), 3)
return 1
"""
)
"""KEYS: lock, files of the document. ARGV: now, milliseconds to keep it, fields and values."""

TAKE_OVER = (
    _PRELUDE
    + _LOCKS
    + """
local is_expected = redis.call('HGET', key(1), 'lock_id') == arg(3)
if not is_expected or not is_live(key(1), arg(1)) or is_live(key(1), arg(4)) then
    return 0
end
put_lock(key(1), key(2), arg(2), 5)
return 1
"""
)
"""KEYS: lock, files of the document. ARGV: now, milliseconds, expected id, its latest end, fields
and values."""

REFRESH = (
    _PRELUDE
    + _LOCKS
    + """
if redis.call('HGET', key(1), 'lock_id') ~= arg(2) or not is_live(key(1), arg(1)) then
    return 0
end
redis.call('HSET', key(1), 'lock_id', arg(3), 'expires_at', arg(4))
redis.call('PEXPIRE', key(1), arg(5))
keep(arg(6) .. 'locks:' .. redis.call('HGET', key(1), 'document_key'), arg(5))
return 1
"""
)
"""KEYS: lock. ARGV: now, expected id, new id, end, milliseconds, prefix."""

NOTE_NAME = (
    _PRELUDE
    + """
if redis.call('EXISTS', key(1)) == 1 then
    redis.call('HSET', key(1), 'file_name', arg(1), 'mime_type', arg(2))
end
return 1
"""
)
"""KEYS: lock. ARGV: file name, type."""

NOTE_WRITING = (
    _PRELUDE
    + """
if redis.call('EXISTS', key(1)) == 1 then
    redis.call('HSET', key(1), 'writing', arg(1))
end
return 1
"""
)
"""KEYS: lock. ARGV: content."""

# Of what office clients have: "given:<client>:<file id>" is a hash of when, content, file name,
# when it was last read, and whether something was saved.
# The arguments always begin with: session, content, file name, now, oldest, milliseconds.
_GIVEN = """
local given = key(2)
local function put_given(session, content, name, read_at, has_saved)
    redis.call('HSET', given, session, cjson.encode({arg(4), content, name, read_at, has_saved}))
    redis.call('PEXPIRE', given, arg(6))
end
local function each_given(found)
    local all = redis.call('HGETALL', given)
    for number = 1, #all, 2 do
        local what = cjson.decode(all[number + 1])
        if tonumber(what[1]) > tonumber(arg(5)) then
            found(all[number], what[2], what[3], what[4], what[5])
        else
            redis.call('HDEL', given, all[number])
        end
    end
end
"""

NOTE_SAVED = (
    _PRELUDE
    + _GIVEN
    + """
local former, read = redis.call('HMGET', key(1), 'content', 'client_has', 'expires_at'), '0'
if not former[3] or tonumber(former[3]) <= tonumber(arg(4)) then
    former = {}
end
each_given(function(session, content, name, read_at, has_saved)
    if session == arg(1) then
        read = read_at
    end
    if former[1] and (content == former[1] or content == former[2]) then
        put_given(session, arg(2), name, read_at, has_saved)
    end
end)
if former[1] then
    redis.call('HSET', key(1), 'content', arg(2), 'file_name', arg(3), 'mime_type', arg(7),
        'client_has', '', 'writing', '')
end
put_given(arg(1), arg(2), arg(3), read, true)
return 1
"""
)
"""KEYS: lock, given. ARGV: as ever, type."""

NOTE_GIVEN = (
    _PRELUDE
    + _GIVEN
    + """
local is_first, saved = true, false
local known = redis.call('HGET', given, arg(1))
if known then
    local what = cjson.decode(known)
    if tonumber(what[1]) > tonumber(arg(5)) then
        is_first, saved = false, what[5]
    end
end
put_given(arg(1), arg(2), arg(3), arg(4), saved)
local lock = redis.call('HMGET', key(1), 'session', 'content', 'client', 'client_has')
if lock[1] == arg(1) and lock[2] == arg(2) and lock[3] == arg(7) and lock[4] ~= '' then
    redis.call('HSET', key(1), 'client_has', is_first and '' or lock[2])
end
return 1
"""
)
"""KEYS: lock, given. ARGV: as ever, client."""

RELEASE = (
    _PRELUDE
    + _LOCKS
    + """
if redis.call('HGET', key(1), 'lock_id') ~= arg(2) or not is_live(key(1), arg(1)) then
    return 0
end
local lock = redis.call('HMGET', key(1), 'file_id', 'document_key')
redis.call('DEL', key(1))
redis.call('SREM', arg(3) .. 'locks:' .. lock[2], lock[1])
return 1
"""
)
"""KEYS: lock. ARGV: now, expected id, prefix."""

PUT_HOLD = (
    _PRELUDE
    + """
redis.call('DEL', key(1))
redis.call('HSET', key(1), unpack(ARGV, 1 + fences + 2))
redis.call('ZADD', key(2), 'NX', 0, arg(1))
return 1
"""
)
"""KEYS: hold, holds. ARGV: document key, fields and values. Who claimed it still has it."""

DROP_HOLD = (
    _PRELUDE
    + """
redis.call('DEL', key(1))
redis.call('ZREM', key(2), arg(1))
return 1
"""
)
"""KEYS: hold, holds. ARGV: document key."""

DEFER_HOLD = (
    _PRELUDE
    + """
redis.call('ZADD', key(1), 'XX', arg(2), arg(1))
return 1
"""
)
"""KEYS: holds. ARGV: document key, until when nobody is to claim it."""

FORGET_DOCUMENT = (
    _PRELUDE
    + """
for _, file in ipairs(redis.call('SMEMBERS', key(1))) do
    local lock = arg(2) .. 'lock:' .. file
    if redis.call('HGET', lock, 'document_key') == arg(1) then
        redis.call('DEL', lock)
    end
end
redis.call('DEL', key(1), key(2))
redis.call('ZREM', key(3), arg(1))
return 1
"""
)
"""KEYS: files of the document, hold, holds. ARGV: document key, prefix."""

CLAIM = (
    _PRELUDE
    + _LOCKS
    + """
local now, holds, prefix, claimed = arg(1), key(1), arg(3), {}
for number = 4, #ARGV - 1 - fences do
    local document = arg(number)
    local hold = redis.call('HGETALL', prefix .. 'hold:' .. document)
    local until_when = redis.call('ZSCORE', holds, document)
    if #hold == 0 then
        redis.call('ZREM', holds, document)
    elseif until_when and tonumber(until_when) <= tonumber(now)
        and not has_live_lock(prefix, document, now) then
        redis.call('ZADD', holds, 'XX', arg(2), document)
        claimed[#claimed + 1] = hold
    end
end
return claimed
"""
)
"""KEYS: holds. ARGV: now, until when they are claimed, prefix, document keys."""

# Of contents: "content:<file id>" is a hash.
_CONTENTS = """
-- Or each look would be a write.
local function keep_half(name, milliseconds)
    if redis.call('PTTL', name) < tonumber(milliseconds) / 2 then
        redis.call('PEXPIRE', name, milliseconds)
    end
end
local function put_content(name, content, generation, order, changed)
    local former = redis.call('HMGET', name, 'content', 'generation')
    if former[1] then
        redis.call('HSET', name, 'former_content', former[1], 'former_generation', former[2])
        if tonumber(former[2]) >= tonumber(generation) then
            generation = string.format('%.0f', tonumber(former[2]) + 1)
        end
    end
    redis.call('HSET', name, 'content', content, 'generation', generation, 'change_order', order,
        'changed', changed)
    return generation
end
local function see_content(name, content, generation, order, changed)
    local known = redis.call('HMGET', name, 'content', 'generation', 'change_order',
        'former_content', 'former_generation')
    if not known[1] then
        return put_content(name, content, generation, order, changed)
    elseif known[1] == content then
        return known[2]
    elseif order ~= '' and known[3] ~= '' and tonumber(known[3]) > tonumber(order) then
        -- Read before what is known already: no news.
        return known[4] == content and known[5] or '0'
    end
    return put_content(name, content, generation, order, changed)
end
"""

SEE_CONTENTS = (
    _PRELUDE
    + _CONTENTS
    + """
local generations = {}
for number = 1, #KEYS - fences do
    local first = 3 + (number - 1) * 3
    generations[number] = see_content(key(number), arg(first), arg(1), arg(first + 1),
        arg(first + 2))
    keep_half(key(number), arg(2))
end
return generations
"""
)
"""KEYS: contents. ARGV: a new generation, milliseconds, and for each content, order, changed."""

SAVE_CONTENT = (
    _PRELUDE
    + _CONTENTS
    + """
local generation = put_content(key(1), arg(3), arg(1), arg(4), arg(5))
keep_half(key(1), arg(2))
return generation
"""
)
"""KEYS: content. ARGV: a new generation, milliseconds, content, order, changed."""

NOTE_LAST_SAVE = (
    _PRELUDE
    + """
redis.call('HSET', key(1), 'users', arg(2), 'names', arg(3), 'content', arg(4), 'at', arg(5))
redis.call('PEXPIRE', key(1), arg(1))
return 1
"""
)
"""KEYS: a file's last save. ARGV: milliseconds, users, their names, content, when."""

PUT_PAGE = (
    _PRELUDE
    + """
local all = redis.call('HGETALL', key(1))
for number = 1, #all, 2 do
    if tonumber(cjson.decode(all[number + 1])[1]) <= tonumber(arg(2)) then
        redis.call('HDEL', key(1), all[number])
    end
end
local known = redis.call('HGET', key(1), arg(6))
local page = {arg(1), arg(7), arg(8), tonumber(arg(9)), arg(10)}
if known then
    page = cjson.decode(known)
    if arg(5) == '1' then
        page[1], page[5] = arg(1), arg(10)
    elseif tonumber(page[1]) > tonumber(arg(3)) then
        return redis.call('HGETALL', key(1))
    else
        page[1] = arg(1)
    end
end
redis.call('HSET', key(1), arg(6), cjson.encode(page))
redis.call('PEXPIRE', key(1), arg(4))
return redis.call('HGETALL', key(1))
"""
)
"""KEYS: pages of a file. ARGV: now, oldest, since when one need not be noted again, milliseconds,
whether it is about a trouble, page, user, their name, whether they edit, trouble. Answers with
pages and what is known of each."""

FORGET_TROUBLE = (
    _PRELUDE
    + """
local known = redis.call('HGET', key(1), arg(1))
if known then
    local page = cjson.decode(known)
    if page[5] ~= '' and string.sub(page[5], 1, string.len(arg(2))) == arg(2) then
        page[5] = ''
        redis.call('HSET', key(1), arg(1), cjson.encode(page))
    end
end
return 1
"""
)
"""KEYS: pages of a file. ARGV: page, how its trouble begins."""

LEAVE_SECTION = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
"""KEYS: section. ARGV: token. Answers with 0 where it was not the caller's any more."""

KEEP_SECTIONS = """
local kept = {}
for number, name in ipairs(KEYS) do
    kept[number] = 0
    if redis.call('GET', name) == ARGV[1 + number] then
        kept[number] = redis.call('PEXPIRE', name, ARGV[1])
    end
end
return kept
"""
"""KEYS: sections. ARGV: milliseconds, tokens. Answers with 0 for each that was lost."""
