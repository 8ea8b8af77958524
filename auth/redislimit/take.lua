-- Counts one request, unless the quota is used up.
-- KEYS[1]  a hash: slot number -> requests that came in it
-- ARGV     limit, length of a slot in microseconds, slots in a window
-- Returns  allowed (1 or 0), remaining, microseconds until the oldest is forgotten
local limit, grain, slots = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local current = math.floor(now / grain)

local total, first, stale = 0, current, {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local slot = tonumber(all[i])
  if slot < current - slots then
    stale[#stale + 1] = all[i]
  else
    total = total + tonumber(all[i + 1])
    first = math.min(first, slot)
  end
end
if #stale > 0 then
  redis.call('HDEL', KEYS[1], unpack(stale))
end

local allowed = 0
if total < limit then
  allowed, total = 1, total + 1
  redis.call('HINCRBY', KEYS[1], string.format('%.0f', current), 1)
  redis.call('PEXPIRE', KEYS[1], math.ceil(grain * (slots + 1) / 1000))
end
return { allowed, math.max(0, limit - total), (first + slots + 1) * grain - now }
