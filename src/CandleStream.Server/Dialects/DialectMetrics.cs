using System.Diagnostics.Metrics;

namespace CandleStream.Server.Dialects;

/// <summary>What bots do through the dialects, on the meter <c>CandleStream</c>.</summary>
internal sealed class DialectMetrics
{
    private readonly Counter<long> _frames;
    private readonly Counter<long> _tryAgain;
    private int _sockets;

    public DialectMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(nameof(CandleStream));
        meter.CreateObservableUpDownCounter("candlestream.dialect.sockets", () => Volatile.Read(ref _sockets), "{socket}",
            "Open sockets of bots that speak an exchange's dialect.");
        _frames = meter.CreateCounter<long>("candlestream.dialect.frames", "{frame}", "Frames written to these sockets.");
        _tryAgain = meter.CreateCounter<long>(
            "candlestream.dialect.try_again", "{answer}", "Requests answered \"try again\", because what they asked for is not verified.");
        _frames.Add(0);
        _tryAgain.Add(0);
    }

    public void SocketOpened() => Interlocked.Increment(ref _sockets);

    public void SocketClosed() => Interlocked.Decrement(ref _sockets);

    public void Frame() => _frames.Add(1);

    public void TryAgain() => _tryAgain.Add(1);
}
