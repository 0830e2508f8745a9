using System.Globalization;
using System.Net.WebSockets;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Exchanges.Bitfinex.Probe;
using CandleStream.Simulator;

namespace CandleStream.Tests.Bitfinex;

[Collection(nameof(VirtualTime))]
public class BitfinexProbeTests
{
    private readonly VirtualClock _time = new(new DateTimeOffset(2026, 9, 22, 12, 0, 0, TimeSpan.Zero));

    private async Task<ProbeReport> RunAsync(ExchangeTransport transport, TextWriter? record = null)
    {
        Quiet.Calibrate();
        var cancel = TestContext.Current.CancellationToken;
        var probe = new BitfinexProbe(new BitfinexOptions(), transport, _time, record);
        var run = Task.Run(() => probe.RunAsync(new ProbeOptions { CheckChannelLimit = true }, null, cancel), cancel);
        for (var end = _time.GetUtcNow() + TimeSpan.FromMinutes(30); !run.IsCompleted && _time.GetUtcNow() < end;)
        {
            await Quiet.WaitAsync(cancel);
            _time.GoOn(end);
        }

        return await run;
    }

    [Fact]
    public async Task Against_the_simulator_every_point_is_as_assumed_and_the_frames_are_recorded()
    {
        await using var exchange = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = _time }, TestContext.Current.CancellationToken);
        using var handler = exchange.CreateHttpHandler();
        using var record = new StringWriter();

        var report = await RunAsync(new ExchangeTransport(_ => Task.FromResult(exchange.ConnectInProcess()), handler), record);

        Assert.True(report.IsSimulated);
        Assert.Equal([], report.Findings.Where(r => r.Verdict == ProbeVerdict.Different));
        Assert.Contains("the simulator, not the exchange", report.ToString(), StringComparison.Ordinal);
        Assert.True(report.Findings.Count > 40, report.ToString());

        var lines = record.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t'))
            .ToArray();
        Assert.All(lines, l =>
            Assert.True(l is ["open" or "out" or "in" or "close", _, _] && decimal.TryParse(l[1], CultureInfo.InvariantCulture, out _)));
        Assert.Contains(lines, l => l[0] == "out" && l[2].Contains("\"key\":\"trade:1m:tBTCUSD\"", StringComparison.Ordinal));
    }

    [Fact]
    public void What_did_not_come_while_the_probe_watched_was_not_seen_and_is_not_different()
    {
        var findings = new ProbeFindings(null);
        new ProbeWatch([], 17, findings).Report();
        Assert.DoesNotContain(findings.All, f => f.Verdict == ProbeVerdict.Different);
        Assert.Equal([ProbeVerdict.NotSeen, ProbeVerdict.NotSeen],
            findings.All.Where(f => f.Question is "sequence numbers" or "exchange time").Select(f => f.Verdict));

        // A frame of the channel without them is another thing than no frame.
        var bare = new ProbeFindings(null);
        new ProbeWatch(
            [new ProbeFrame(_time.GetUtcNow(), "[17,\"hb\"]", new BitfinexFrame(FrameKind.Heartbeat, 17), [])], 17, bare).Report();
        Assert.Equal([ProbeVerdict.Different, ProbeVerdict.Different],
            bare.All.Where(f => f.Question is "sequence numbers" or "exchange time").Select(f => f.Verdict));
    }

    [Fact]
    public async Task An_exchange_that_cannot_be_reached_is_a_report_and_no_exception()
    {
        using var handler = new ScriptedExchange(_time) { Rest = _ => throw new HttpRequestException("no route") };

        var report = await RunAsync(new ExchangeTransport(_ => Task.FromException<WebSocket>(new WebSocketException("no route")), handler));

        Assert.Contains(report.Findings, r => r is { Topic: "Socket", Verdict: ProbeVerdict.NotSeen });
        Assert.DoesNotContain(report.Findings, r => r.Verdict is ProbeVerdict.AsAssumed or ProbeVerdict.Different);
    }
}
