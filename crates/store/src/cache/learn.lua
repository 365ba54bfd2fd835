-- Adds a question to a vector set, for which it makes room: what is over goes first, then any other.
-- KEYS: the set. ARGV: the member, its vector, its attributes, until when it is kept and what time it is
-- (milliseconds since 1970), and how many there may be.
local set, member, vector, attributes = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local till, now, most = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])

if redis.call('VCARD', set) >= most then
  local over = redis.call('VSIM', set, 'FP32', vector, 'COUNT', 100, 'FILTER', '.until <= ' .. now)
  for _, one in ipairs(over) do
    redis.call('VREM', set, one)
  end
  while redis.call('VCARD', set) >= most do
    redis.call('VREM', set, redis.call('VRANDMEMBER', set))
  end
end
-- As they are, not rounded: the cosine is compared with a threshold.
redis.call('VADD', set, 'FP32', vector, member, 'NOQUANT', 'SETATTR', attributes)
-- The set is kept as long as the last of them.
if redis.call('PEXPIRETIME', set) < till then
  redis.call('PEXPIREAT', set, till)
end
