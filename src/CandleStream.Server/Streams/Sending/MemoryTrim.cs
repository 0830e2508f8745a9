using System.Diagnostics.Metrics;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// Gives memory back that a wave of opening streams has left: 27 KB of garbage each, which the collector alone would keep as long as
/// hardly anything is allocated. Only when the wave is over, since a collection stops the senders for some hundredths of a second.
/// </summary>
internal sealed class MemoryTrim : BackgroundService
{
    private readonly StreamCounters _counters;
    private readonly TimeProvider _time;
    private readonly Action _collect;
    private readonly TrimPolicy _policy = new();
    private readonly Counter<long> _trims;

    public MemoryTrim(StreamCounters counters, TimeProvider time, IMeterFactory meters)
        : this(counters, time, meters, Collect)
    {
    }

    /// <param name="counters">Tell how many streams were opened.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meters">Where trims are counted.</param>
    /// <param name="collect">What is done then.</param>
    internal MemoryTrim(StreamCounters counters, TimeProvider time, IMeterFactory meters, Action collect)
    {
        (_counters, _time, _collect) = (counters, time, collect);
        _trims = meters.Create("CandleStream").CreateCounter<long>(
            "candlestream.memory.trims", "{trim}", "Full collections after many streams had opened.");
        _trims.Add(0);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var look = new PeriodicTimer(TrimPolicy.LookEvery, _time);
        try
        {
            while (await look.WaitForNextTickAsync(stoppingToken))
            {
                if (!_policy.IsDue(_counters.Opened)) continue;
                _collect();
                _trims.Add(1);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}

/// <summary>When memory is given back. Pure: it counts looks, which come at <see cref="LookEvery"/>.</summary>
internal sealed class TrimPolicy
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    /// <summary>Fewer leave too little garbage to stop anybody for.</summary>
    public const int WorthIt = 1_000;

    /// <summary>Fewer since the last look: the wave is over.</summary>
    public const int Calm = 250;

    /// <summary>Looks between two trims: a minute.</summary>
    public const int Rest = 12;

    private long _openedBefore;
    private long _openedAtTrim;
    private int _looksSinceTrim = Rest;

    /// <param name="opened">Streams opened since the start.</param>
    public bool IsDue(long opened)
    {
        var isCalm = opened - _openedBefore < Calm;
        _openedBefore = opened;
        _looksSinceTrim++;
        if (!isCalm || opened - _openedAtTrim < WorthIt || _looksSinceTrim <= Rest) return false;
        (_openedAtTrim, _looksSinceTrim) = (opened, 0);
        return true;
    }
}
