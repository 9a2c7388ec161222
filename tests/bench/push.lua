-- Pushes to so many groups in turn, as the first argument says; each body has other numbers than the one before.
local VARIANTS = 64
local groups, sent = 1, 0
local heads, bodies = {}, {}

function init(arguments)
    groups = tonumber(arguments[1])
    math.randomseed(7)
    for variant = 1, VARIANTS do
        local lines = {}
        for number = 0, 9 do
            lines[#lines + 1] = string.format(
                "# TYPE bench_gauge_%d gauge\nbench_gauge_%d{zone=\"eu\",kind=\"batch\"} %d.%d\n",
                number, number, math.random(100, 999), math.random(100000, 999999))
        end
        bodies[variant] = table.concat(lines)
    end
    for group = 1, groups do
        heads[group] = string.format(
            "PUT /metrics/job/bench/instance/host-%06d HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n",
            group - 1, #bodies[1])
    end
end

function request()
    sent = sent + 1
    return heads[sent % groups + 1] .. bodies[sent % VARIANTS + 1]
end

function done(summary, latency)
    io.write(string.format(
        '{"requests": %d, "seconds": %f, "refused": %d, "p99_seconds": %f}\n',
        summary.requests, summary.duration / 1e6,
        summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect,
        latency:percentile(99) / 1e6))
end
