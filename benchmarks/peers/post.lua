-- For wrk: posts rows of random integers; each argument is the range of one feature, as 1,12.
local ranges = {}

function init(arguments)
   for place, range in ipairs(arguments) do
      local low, high = range:match("(-?%d+),(-?%d+)")
      ranges[place] = {tonumber(low), tonumber(high)}
   end
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
end

function request()
   local row = {}
   for place, range in ipairs(ranges) do
      row[place] = math.random(range[1], range[2])
   end
   return wrk.format(nil, nil, nil, '{"features": [' .. table.concat(row, ", ") .. "]}")
end
