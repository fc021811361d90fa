-- Asks for the lines of a file in an order of its own; each line is a path, or a path, a tab and a body to post: JSON, or
-- `@` and the name of a file whose bytes are sent.
local requests = {}
local at = 0

function init(args)
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  local files = {}
  for line in io.lines(args[1]) do
    local path, body = line:match("^([^\t]+)\t?(.*)$")
    local name = body:match("^@(.*)$")
    if name then
      files[name] = files[name] or io.open(name, "rb"):read("*a")
      requests[#requests + 1] = { "POST", path, "application/octet-stream", files[name] }
    elseif body ~= "" then
      requests[#requests + 1] = { "POST", path, "application/json", body }
    else
      requests[#requests + 1] = { "GET", path }
    end
  end
  at = tonumber(args[3]) % #requests
end

function request()
  at = at % #requests + 1
  local method, path, kind, body = unpack(requests[at])
  if not body then return wrk.format(method, path) end
  wrk.headers["Content-Type"] = kind
  return wrk.format(method, path, nil, body)
end

function done(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format("\n{\"requests\": %d, \"seconds\": %f, \"bytes\": %d, \"p50\": %f, \"p99\": %f, \"bad\": %d}\n",
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
