-- Keeps account of the shares that replicas have of what they use together. Nothing else writes a share, and no share
-- ever makes all shares of a pool more than the pool has.
--
-- KEYS[1] is a hash: 'server', where the account is kept; 'epoch', its name, which tells whether it was lost and begun anew; 'settled', once
-- all had time to tell a new account what they have; 'r:<replica>', its beats and the number of its last round; and
-- 'd:<replica>', when a dead one died and up to which change of the ledger its spend is booked. All other KEYS are pools,
-- hashes too: '<replica>' is its share, what it uses of it, and when that becomes less; '!hungry' is who waits for more
-- and until when that is believed; '!sum' is what is booked, of a budget, and up to which change of the ledger that is known.
--
-- Time is the server's and only counts for what runs on when the server stands still: windows, and deaths. Whether
-- somebody lives is told by beats, which nobody can miss while the server stands still.
local members, id, number, is_tick = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local channel, GRACE_BEATS = ARGV[6], tonumber(ARGV[7])
local FIXED, EACH = 7, 9

local MEMBERS_TTL_MS, POOL_TTL_MS = 86400000, 172800000
local HUNGER_MS = 300
-- After how long nothing is left of what a dead replica had, by kind of pool. Money may be booked earlier.
local OCCUPIED_MS = { parallel = 0, minute = 62000, day = 87400000, money = 600000 }

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- What Lua makes of large numbers by itself is not exact.
local function text(n) return string.format('%.0f', n) end

local epoch, settled, living, dead = nil, false, {}, {}
local function each_field(key, see)
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do see(fields[i], fields[i + 1]) end
end
each_field(members, function(name, value)
  local kind, whose = string.sub(name, 1, 2), string.sub(name, 3)
  if name == 'epoch' then epoch = value
  elseif name == 'settled' then settled = true
  elseif kind == 'r:' then living[whose] = value
  elseif kind == 'd:' then dead[whose] = value end
end)
if not epoch then
  epoch = ARGV[5]
  redis.call('HSET', members, 'epoch', epoch)
end

local beats, last = 0, -1
if living[id] then
  beats, last = string.match(living[id], '^(%d+) (%d+)$')
  beats, last = tonumber(beats), tonumber(last)
  if number <= last then return { 'late', epoch } end
elseif ARGV[4] == epoch then
  return { 'buried', epoch }
end
if is_tick then beats = beats + 1 end
if beats >= GRACE_BEATS and not settled then
  settled = true
  redis.call('HSET', members, 'settled', 1)
end
living[id] = beats .. ' ' .. text(number)
redis.call('HSET', members, 'r:' .. id, living[id])
redis.call('HDEL', members, 'd:' .. id)
redis.call('PEXPIRE', members, MEMBERS_TTL_MS)
if is_tick then
  for whose, value in pairs(dead) do
    if now - tonumber(string.match(value, '^%d+')) > POOL_TTL_MS then redis.call('HDEL', members, 'd:' .. whose) end
  end
end

-- When somebody died, and up to which change of the ledger its spend is booked, if it is.
local function death_of(whose)
  if not dead[whose] then
    dead[whose] = text(now) .. ' -'
    redis.call('HSET', members, 'd:' .. whose, dead[whose])
  end
  local died, booked = string.match(dead[whose], '^(%d+) (%S+)$')
  return tonumber(died), tonumber(booked)
end

local function balance(pool, kind, capacity, have, used, need, want, relief, upto, sum)
  local holders, hungry, hungry_until, known_upto, known_sum = {}, nil, 0, nil, 0
  each_field(pool, function(name, value)
    if name == '!hungry' then
      hungry, hungry_until = string.match(value, '^(%S+) (%d+)$')
      hungry_until = tonumber(hungry_until)
    elseif name == '!sum' then
      known_upto, known_sum = string.match(value, '^(%S+) (%S+)$')
      known_upto, known_sum = tonumber(known_upto), tonumber(known_sum)
    else holders[name] = value end
  end)
  if kind == 'money' then
    if not known_upto or upto >= known_upto then
      known_upto, known_sum = upto, sum
      redis.call('HSET', pool, '!sum', text(upto) .. ' ' .. text(sum))
    end
    -- What is left of the budget is what is not booked, as far as anybody knows.
    capacity = capacity + sum - known_sum
  end
  local others, others_used, soonest = 0, 0, nil
  for name, value in pairs(holders) do
    if name ~= id then
      local share, its_used, relief_at = string.match(value, '^(%d+) (%d+) (%S+)$')
      share, its_used, relief_at = tonumber(share), tonumber(its_used), tonumber(relief_at)
      if not living[name] then
        local died, booked = death_of(name)
        local over = died + OCCUPIED_MS[kind]
        if now >= over or kind == 'money' and booked and known_upto >= booked then
          redis.call('HDEL', pool, name)
          share, its_used, relief_at = 0, 0, nil
        else
          its_used, relief_at = share, over
        end
      end
      others, others_used = others + share, others_used + its_used
      if relief_at and (not soonest or relief_at < soonest) then soonest = relief_at end
    end
  end
  local contested = hungry and hungry ~= id and now < hungry_until
  local share = math.max(have, used)
  if settled then
    local target = contested and need or want
    share = math.max(share, math.min(target, capacity - others))
  end
  if share > 0 then
    local relief_at = relief >= 0 and text(now + relief) or '-'
    redis.call('HSET', pool, id, text(share) .. ' ' .. text(used) .. ' ' .. relief_at)
  else
    redis.call('HDEL', pool, id)
  end
  if need > share and settled then
    redis.call('HSET', pool, '!hungry', id .. ' ' .. text(now + HUNGER_MS))
    redis.call('PUBLISH', channel, id .. ' ' .. string.sub(pool, #members + 2))
  elseif hungry == id then
    redis.call('HDEL', pool, '!hungry')
  end
  if share == 0 and others == 0 and kind ~= 'money' then
    redis.call('DEL', pool)
  else
    redis.call('PEXPIRE', pool, POOL_TTL_MS)
  end
  local frees_in = soonest and text(math.max(soonest - now, 0)) or '-1'
  return { text(share), text(others), text(others_used), frees_in, contested and '1' or '0' }
end

local answers = {}
for i = 2, #KEYS do
  local at = FIXED + (i - 2) * EACH
  local numbers = {}
  for n = 2, EACH do numbers[n - 1] = tonumber(ARGV[at + n]) end
  for _, value in ipairs(balance(KEYS[i], ARGV[at + 1], unpack(numbers))) do answers[#answers + 1] = value end
end
local others = {}
for whose, value in pairs(living) do
  others[#others + 1] = whose
  others[#others + 1] = string.match(value, '^%d+')
end
return { 'balanced', epoch, settled and '1' or '0', others, answers }
