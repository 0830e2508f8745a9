using System.Diagnostics.CodeAnalysis;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// Which subscriptions a connection has and where each stands. The exchange numbers channels per connection and uses numbers again after an
/// unsubscribe, so a number means something only from its acknowledgement to our unsubscribe. Guarded by the lock of the subscriptions.
/// </summary>
internal sealed class ChannelTable
{
    private readonly Dictionary<int, BitfinexChannel> _byId = [];
    private readonly Dictionary<string, BitfinexChannel> _asked = [];
    private readonly Dictionary<string, BitfinexChannel> _deferred = [];
    private readonly Dictionary<int, Leaving> _leaving = [];
    private readonly HashSet<int> _reused = [];
    private BitfinexChannel[]? _all;

    /// <summary>Channels held or asked for.</summary>
    public int Count => _byId.Count + _asked.Count + _deferred.Count;

    public bool HasAcknowledged => _byId.Count > 0;

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public BitfinexChannel[] All => _all ??= [.. _byId.Values, .. _asked.Values, .. _deferred.Values];

    public bool Contains(string key) => All.Any(c => c.Key == key);

    public bool TryFind(int id, [NotNullWhen(true)] out BitfinexChannel? channel) => _byId.TryGetValue(id, out channel);

    public BitfinexChannel? FindAsked(string? key) => key is null ? null : _asked.GetValueOrDefault(key);

    /// <summary>Adds a channel; false when its subscription must wait until the same key has left.</summary>
    public bool Add(BitfinexChannel channel)
    {
        _all = null;
        channel.Id = 0;
        if (_leaving.Values.Any(l => l.Key == channel.Key))
        {
            channel.State = ChannelState.Deferred;
            _deferred[channel.Key] = channel;
            return false;
        }

        channel.State = ChannelState.Asked;
        _asked[channel.Key] = channel;
        return true;
    }

    /// <summary>Takes a channel out; when it has a number, that number is leaving until the exchange confirms.</summary>
    /// <returns>The number to unsubscribe, or 0.</returns>
    public int Remove(BitfinexChannel channel, long leaveDeadline)
    {
        _all = null;
        var state = channel.State;
        channel.State = ChannelState.Ended;
        switch (state)
        {
            case ChannelState.Deferred:
                _deferred.Remove(channel.Key);
                return 0;
            case ChannelState.Asked:
                _asked.Remove(channel.Key);
                return 0;
            case ChannelState.Acknowledged or ChannelState.Live:
                _byId.Remove(channel.Id);
                _leaving[channel.Id] = new Leaving(channel.Key, leaveDeadline);
                return channel.Id;
            default:
                return 0;
        }
    }

    /// <summary>The exchange gave a key a number.</summary>
    /// <param name="channel">The channel that was asked for.</param>
    /// <param name="id">Its number from now on.</param>
    /// <param name="displaced">Another channel that had the number; it is dead.</param>
    /// <param name="next">A channel whose subscription may now be sent.</param>
    public void Acknowledge(BitfinexChannel channel, int id, out BitfinexChannel? displaced, out BitfinexChannel? next)
    {
        _all = null;
        next = null;
        if (_byId.Remove(id, out displaced)) displaced.State = ChannelState.Ended;
        if (_leaving.Remove(id, out var left))
        {
            // The number can only be given anew once it has left; its confirmation is still on the way.
            _reused.Add(id);
            next = TakeDeferred(left.Key);
        }

        _asked.Remove(channel.Key);
        channel.Id = id;
        channel.State = ChannelState.Acknowledged;
        _byId[id] = channel;
    }

    /// <summary>True while the number's unsubscribe is under way.</summary>
    public bool IsLeaving(int id) => _leaving.ContainsKey(id);

    /// <summary>Notes a number that we never wanted and unsubscribe.</summary>
    public void Leave(int id, string key, long deadline) => _leaving[id] = new Leaving(key, deadline);

    /// <summary>
    /// A channel was told that its key exists already, under a number that is leaving: it has to be asked for again afterwards.
    /// </summary>
    public void Defer(BitfinexChannel channel)
    {
        _all = null;
        _asked.Remove(channel.Key);
        channel.State = ChannelState.Deferred;
        _deferred[channel.Key] = channel;
    }

    /// <summary>The exchange says that a number is no longer subscribed.</summary>
    /// <param name="id">The number.</param>
    /// <param name="next">A channel whose subscription may now be sent.</param>
    /// <param name="lost">A channel that we had not given up.</param>
    public void Left(int id, out BitfinexChannel? next, out BitfinexChannel? lost)
    {
        next = lost = null;
        if (_reused.Remove(id)) return;
        if (_leaving.Remove(id, out var left)) next = TakeDeferred(left.Key);
        else if (_byId.Remove(id, out lost))
        {
            _all = null;
            lost.State = ChannelState.Ended;
        }
    }

    /// <summary>Forgets unsubscribes that were never confirmed.</summary>
    public void ForgetLeaving(long now)
    {
        foreach (var (id, leaving) in _leaving)
            if (leaving.Deadline <= now) _leaving.Remove(id);
    }

    /// <summary>Empties the table.</summary>
    public BitfinexChannel[] TakeAll()
    {
        var all = All;
        foreach (var channel in all) channel.State = ChannelState.Ended;
        _byId.Clear();
        _asked.Clear();
        _deferred.Clear();
        _leaving.Clear();
        _all = [];
        return all;
    }

    private BitfinexChannel? TakeDeferred(string key)
    {
        if (!_deferred.Remove(key, out var channel)) return null;
        channel.State = ChannelState.Asked;
        _asked[key] = channel;
        return channel;
    }

    private readonly record struct Leaving(string Key, long Deadline);
}
