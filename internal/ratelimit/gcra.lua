-- One event of a key: the same as pace.advance in gcra.go, by Redis's clock.
-- KEYS[1]: the time of the key's next event, µs.  ARGV: interval, span, µs.
-- Returns how long to wait, µs; 0: allowed.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or now) or now
local clamped = due > now + span -- only after the clock or the rate was changed
due = math.min(math.max(due, now), now + span)
local wait = due + interval - (now + span)
if wait > 0 and not clamped then
  return wait
end
if wait <= 0 then
  due, wait = due + interval, 0
end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return wait
