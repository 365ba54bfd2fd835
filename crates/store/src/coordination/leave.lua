-- Notes that a replica is dead: ARGV[1]. ARGV[2] is the number of its beats when it was last seen alive, if that matters:
-- one that has moved since lives. ARGV[3] is the change of the ledger up to which all of its spend is booked, or '-'.
local state = redis.call('HGET', KEYS[1], 'r:' .. ARGV[1])
if state and ARGV[2] ~= '' and string.match(state, '^%d+') ~= ARGV[2] then return 0 end
local time = redis.call('TIME')
local died = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local known = redis.call('HGET', KEYS[1], 'd:' .. ARGV[1])
if known and not state then
  died = string.match(known, '^%d+')
  if ARGV[3] == '-' then return 0 end
end
redis.call('HDEL', KEYS[1], 'r:' .. ARGV[1])
redis.call('HSET', KEYS[1], 'd:' .. ARGV[1], died .. ' ' .. ARGV[3])
return 1
