using System.Collections.Immutable;

namespace CandleStream.Simulator.Faults;

/// <summary>
/// The faults in force. The exchange asks at each place where one could strike; lasting faults wait here, sudden ones strike when added.
/// </summary>
public sealed class FaultBoard
{
    private readonly TimeProvider _time;
    private readonly Action<Fault> _strikeNow;

    // Replaced whole under _gate; read without it, for every frame asks.
    private readonly Lock _gate = new();
    private ImmutableArray<ActiveFault> _active = [];
    private int _lastId;

    internal FaultBoard(TimeProvider time, Action<Fault> strikeNow)
    {
        _time = time;
        _strikeNow = strikeNow;
    }

    public IReadOnlyList<ActiveFault> Active => [.. _active.Where(fault => !IsOver(fault))];

    /// <summary>Puts a fault in force; a sudden one (cut, restart…) strikes at once and does not stay.</summary>
    public ActiveFault Add(Fault fault)
    {
        ActiveFault added;
        lock (_gate)
        {
            added = new ActiveFault(++_lastId, fault, _time.GetUtcNow());
            if (!IsSudden(fault.Kind))
                _active = [.. _active.Where(active => !IsOver(active)), added];
        }
        if (IsSudden(fault.Kind))
            _strikeNow(fault);
        return added;
    }

    public bool Remove(int id)
    {
        lock (_gate)
        {
            var before = _active.Length;
            _active = _active.RemoveAll(fault => fault.Id == id);
            return _active.Length < before;
        }
    }

    public void Clear()
    {
        lock (_gate)
            _active = [];
    }

    /// <summary>True where a fault of this kind strikes here and now; that strike is counted.</summary>
    internal Fault? Strike(FaultKind kind, string? key = null, int? connection = null)
    {
        foreach (var active in _active)
        {
            var fault = active.Fault;
            if (fault.Kind == kind && !IsOver(active)
                && (fault.Key is null || fault.Key == key)
                && (fault.Connection is null || fault.Connection == connection)
                && active.TryStrike())
            {
                return fault;
            }
        }
        return null;
    }

    internal bool IsEmpty => _active.IsEmpty;

    internal static bool IsSudden(FaultKind kind) =>
        kind is FaultKind.Cut or FaultKind.HalfOpen or FaultKind.Restart or FaultKind.Maintenance
            or FaultKind.LateRevision or FaultKind.Huge or FaultKind.UnknownEvent;

    private bool IsOver(ActiveFault active) => active.IsUsedUp
        || (active.Fault.ForMs is { } ms && _time.GetUtcNow() >= active.Since + TimeSpan.FromMilliseconds(ms));
}

/// <summary>A fault in force and how often it struck.</summary>
public sealed class ActiveFault(int id, Fault fault, DateTimeOffset since)
{
    private readonly Lock _gate = new();
    private int _chances;

    public int Id => id;

    public Fault Fault => fault;

    public DateTimeOffset Since => since;

    public int Strikes { get; private set; }

    public bool IsUsedUp => fault.Count is { } count && Strikes >= count;

    internal bool TryStrike()
    {
        lock (_gate)
        {
            if (IsUsedUp || ++_chances % Math.Max(1, fault.Every) != 0)
                return false;
            Strikes++;
            return true;
        }
    }
}
