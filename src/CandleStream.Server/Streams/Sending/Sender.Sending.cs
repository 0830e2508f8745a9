using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>How what waits gets into the sockets; all of it on the sender thread.</summary>
internal sealed partial class Sender
{
    /// <summary>From here on a system call for all costs less than one for each.</summary>
    internal const int BatchPaysFrom = 16;

    // Null where sends are made one by one.
    private SocketBatch? _batch;

    // The ring belongs to the thread that makes it.
    private void OpenBatch()
    {
        if (!_mayBatch) return;
        if (SocketRing.TryCreate(SocketBatch.Size, out var ring, out var reason)) _batch = new SocketBatch(ring);
        else LogNotBatched(reason);
    }

    private void FlushDirty()
    {
        var batch = _options.BatchedSends == BatchedSends.True || _dirty.Count >= BatchPaysFrom ? _batch : null;
        foreach (var connection in _dirty)
        {
            connection.IsDirty = false;
            if (!connection.IsLive || (connection.IsBlocked && !connection.Output.IsReady)) continue;
            if (batch is null || !TryBatch(connection, batch)) Flush(connection);
            else if (batch.IsFull) batch = SendBatch(batch);
        }

        _dirty.Clear();
        if (batch is { Count: > 0 }) SendBatch(batch);
    }

    private bool TryBatch(Connection connection, SocketBatch batch)
    {
        try
        {
            return connection.TryBatch(batch, _round);
        }
        catch (Exception e)
        {
            Break(connection, e);
            return false;
        }
    }

    // The batch that can be used from here on: none, where the system has refused this one.
    private SocketBatch? SendBatch(SocketBatch batch)
    {
        var count = batch.Count;
        if (batch.Send(_batchSent) is not { } failure) return batch;
        LogBatchFailed(failure, count);
        batch.Dispose();
        return _batch = null;
    }

    private void Flush(Connection connection)
    {
        if (connection.Failed is not null) return;
        try
        {
            Take(connection, connection.Flush(_round));
        }
        catch (Exception e)
        {
            Break(connection, e);
        }
    }

    private void BatchSent(Connection connection, ReadOnlyMemory<byte> bytes, int sent)
    {
        try
        {
            Take(connection, connection.CompleteBatched(bytes, sent, _round));
        }
        catch (Exception e)
        {
            Break(connection, e);
        }
    }

    // Whatever one connection does wrong, this thread serves everyone else.
    private void Break(Connection connection, Exception why)
    {
        LogConnectionFailed(why);
        Fail(connection, SseEnd.Gone);
    }

    private void Take(Connection connection, SseFlush result)
    {
        switch (result)
        {
            case SseFlush.Gone: Fail(connection, SseEnd.Gone); break;
            case SseFlush.Blocked: Wait(connection); break;
            case SseFlush.Done when connection.IsFinishing: Fail(connection, SseEnd.Shutdown); break;
        }
    }

    private void Wait(Connection connection)
    {
        _blocked.Add(connection);
        if (connection.Socket is not { } socket) return;
        socket.IsFull = true;
        if (socket.WatchesRoom) return;
        socket.WatchesRoom = true;
        _sleep.AwaitRoom(socket.Descriptor);
    }

    private void HearSockets()
    {
        foreach (var (connection, happened) in _sleep.Ready)
        {
            if (connection.Failed is not null || connection.Socket is not { } socket) continue;
            if (happened.IsLeaving || !socket.TryDiscard())
            {
                Fail(connection, SseEnd.Gone);
                continue;
            }

            if (!happened.IsWritable || !socket.IsFull) continue;
            socket.IsFull = false;
            MarkDirty(connection);
        }
    }
}
