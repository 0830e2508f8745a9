using System.Net.WebSockets;

namespace CandleStream.Tests.Truth;

/// <summary>A client's socket that knows whether its reader waits for more, or still works on what it was given.</summary>
internal sealed class WatchedSocket(WebSocket inner) : WebSocket
{
    private volatile bool _isWaiting;
    private volatile bool _hasEnded;

    /// <summary>True from the arrival of a message until its reader asks for the next.</summary>
    public bool IsBusy => !_isWaiting && !_hasEnded;

    public bool HasEnded => _hasEnded;

    public override WebSocketCloseStatus? CloseStatus => inner.CloseStatus;

    public override string? CloseStatusDescription => inner.CloseStatusDescription;

    public override WebSocketState State => inner.State;

    public override string? SubProtocol => inner.SubProtocol;

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var receiving = inner.ReceiveAsync(buffer, cancellationToken);
            _isWaiting = !receiving.IsCompleted;
            var result = await receiving;
            _hasEnded |= result.MessageType == WebSocketMessageType.Close;
            return result;
        }
        catch
        {
            _hasEnded = true;
            throw;
        }
        finally
        {
            _isWaiting = false;
        }
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        var result = await ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return new WebSocketReceiveResult(result.Count, result.MessageType, result.EndOfMessage);
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        _hasEnded = true;
        return inner.CloseAsync(closeStatus, statusDescription, cancellationToken);
    }

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        _hasEnded = true;
        return inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);
    }

    public override void Abort()
    {
        _hasEnded = true;
        inner.Abort();
    }

    public override void Dispose()
    {
        _hasEnded = true;
        inner.Dispose();
    }
}
