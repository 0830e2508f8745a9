using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>How what waits gets into the sockets; all of it on the sender thread.</summary>
internal sealed partial class Sender
{
    // Null where sends are made one by one.
    private SocketBatch? _batch;

    private void OpenBatch()
    {
        if (!_options.BatchedSends) return;
        if (SocketRing.TryCreate(SocketBatch.Size, out var ring, out var reason)) _batch = new SocketBatch(ring);
        else LogNotBatched(reason);
    }

    private void FlushDirty()
    {
        foreach (var connection in _dirty)
        {
            connection.IsDirty = false;
            if (!connection.IsLive || (connection.IsBlocked && connection.Output.NeedsRetry)) continue;
            if (!TryBatch(connection)) Flush(connection);
            else if (_batch!.IsFull) SendBatch();
        }

        _dirty.Clear();
        if (_batch is { Count: > 0 }) SendBatch();
    }

    private bool TryBatch(Connection connection)
    {
        try
        {
            return _batch is not null && connection.TryBatch(_batch, _round);
        }
        catch (Exception e)
        {
            Break(connection, e);
            return false;
        }
    }

    private void SendBatch()
    {
        var count = _batch!.Count;
        if (_batch.Send(_batchSent) is not { } failure) return;
        LogBatchFailed(failure, count);
        _batch.Dispose();
        _batch = null;
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
            case SseFlush.Blocked: _blocked.Add(connection); break;
            case SseFlush.Done when connection.IsFinishing: Fail(connection, SseEnd.Shutdown); break;
        }
    }
}
