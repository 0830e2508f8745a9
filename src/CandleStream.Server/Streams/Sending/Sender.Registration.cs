using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>How connections come and go; all of it on the sender thread.</summary>
internal sealed partial class Sender
{
    private Rev? Register(Connection connection)
    {
        if (_isStopAsked) Fail(connection, SseEnd.Shutdown);
        if (connection.Failed is not null) return null;
        if (connection.Index < 0) Attach(connection);
        connection.Overflowed = false;
        connection.Waiting.Clear();

        // After the hubs know us: what they number from here on reaches us, and has a higher rev.
        return _revs.Current;
    }

    private void Attach(Connection connection)
    {
        connection.Index = _connections.Count;
        _connections.Add(connection);
        foreach (var subscription in connection.Subscriptions) SeriesOf(subscription).Add(subscription);
    }

    private SeriesReaders SeriesOf(Slot subscription)
    {
        var open = subscription.Source;
        if (_series.TryGetValue(open.Key, out var series)) return series;
        series = new SeriesReaders(open, _counters.Of(open.Key));
        _series.Add(open.Key, series);
        open.Attach(this);
        return series;
    }

    private SseLive GoLive(Connection connection, Frame synced)
    {
        if (connection.Failed is not null) return SseLive.Ended;
        if (connection.Overflowed) return SseLive.Overflowed;
        if (!connection.Output.TryBegin())
        {
            Fail(connection, SseEnd.Gone);
            return SseLive.Ended;
        }

        foreach (var subscription in connection.Subscriptions) subscription.Series!.CountJoin(subscription.Mode);
        connection.BeginLive(synced, _round.Now);
        MarkDirty(connection);
        if (connection.Output.Descriptor < 0) return SseLive.Live;
        _sleep.Add(connection.Output.Descriptor, connection);
        return SseLive.Taken;
    }

    private void Fail(Connection connection, SseEnd why)
    {
        if (connection.Failed is not null) return;
        connection.Failed = why;
        _failed.Add(connection);
    }

    private void RemoveFailed()
    {
        foreach (var connection in _failed)
        {
            if (connection.Index >= 0) Detach(connection);
            LetGo(connection);
            if (connection.IsLive) TellEnd(connection);
            connection.CompleteEnd();
        }

        _failed.Clear();
    }

    // The only place that closes a taken socket: by now no array and no batch names it.
    private void LetGo(Connection connection)
    {
        if (connection.Output is not TakenSocketOutput { Descriptor: >= 0 } socket) return;
        _sleep.Remove(socket.Descriptor);
        socket.Close(isReset: connection.Failed == SseEnd.TooSlow);
        try
        {
            connection.Place?.Dispose();
        }
        catch (Exception e)
        {
            LogConnectionFailed(e);
        }
    }

    private void TellEnd(Connection connection)
    {
        var lasted = _round.Since(connection.LiveSince);
        var reason = connection.Failed switch
        {
            SseEnd.TooSlow => "too_slow",
            SseEnd.Shutdown => "shutdown",
            _ => "left",
        };
        _counters.Ended(lasted, reason);
        connection.Trace?.End(_round.UtcNow, reason, connection.SentBytes, connection.Subscriptions.Length);
        LogEnded(reason, lasted, connection.SentBytes, connection.Subscriptions.Length);
    }

    private void Detach(Connection connection)
    {
        var last = _connections[^1];
        _connections[connection.Index] = last;
        last.Index = connection.Index;
        _connections.RemoveAt(_connections.Count - 1);
        connection.Index = -1;

        foreach (var subscription in connection.Subscriptions)
        {
            var series = subscription.Series!;
            if (connection.Failed == SseEnd.TooSlow) series.Counters.CountSlowClosed();
            series.Remove(subscription);
            if (series.Count > 0) continue;
            _series.Remove(series.Source.Key);
            series.Source.Detach(this);
        }
    }
}
