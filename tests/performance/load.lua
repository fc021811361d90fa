-- Asks for the lines of a file in an order of its own; each line is a path, or a path, a tab and a body to post.
local paths, bodies = {}, {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, body = line:match("^([^\t]+)\t?(.*)$")
    paths[#paths + 1] = path
    bodies[#bodies + 1] = body
  end
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  wrk.headers["Content-Type"] = "application/json"
  at = tonumber(args[3]) % #paths
end

function request()
  at = at % #paths + 1
  if bodies[at] == "" then return wrk.format("GET", paths[at]) end
  return wrk.format("POST", paths[at], nil, bodies[at])
end

function done(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format("\n{\"requests\": %d, \"seconds\": %f, \"bytes\": %d, \"p50\": %f, \"p99\": %f, \"bad\": %d}\n",
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
