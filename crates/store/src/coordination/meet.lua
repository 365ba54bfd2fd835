-- Begins a new account at a server that is not the one the account was kept at, ARGV[1]: what it has may be older than
-- what replicas were told. They tell it what they have, and until they had time for it nobody's share grows.
if redis.call('HGET', KEYS[1], 'server') == ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'server', ARGV[1])
return 1
