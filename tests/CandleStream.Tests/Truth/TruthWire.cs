using System.Net;

namespace CandleStream.Tests.Truth;

/// <summary>
/// One client's way to the server, whichever life of it is running: it can stall, so that what is sent piles up on the way, and it can be
/// cut, which loses what piled up, in the middle of an event where it happens so.
/// </summary>
internal sealed class TruthWire(Func<TruthServer?> server) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly List<WireStream> _streams = [];
    private TaskCompletionSource? _stalled;

    public bool IsStalled
    {
        get
        {
            lock (_gate) return _stalled is not null;
        }
    }

    public void Stall()
    {
        lock (_gate) _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Resume()
    {
        TaskCompletionSource? stalled;
        lock (_gate) (stalled, _stalled) = (_stalled, null);
        stalled?.SetResult();
    }

    /// <summary>Ends what is open; a stall ends with it.</summary>
    public void Cut()
    {
        List<WireStream> streams;
        lock (_gate)
        {
            streams = [.. _streams];
            _streams.Clear();
        }

        foreach (var stream in streams) stream.Cut();
        Resume();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (server() is not { } now) throw new HttpRequestException("The server is down.");
        using var http = new HttpMessageInvoker(now.Http, disposeHandler: false);
        request.RequestUri = new Uri(now.Url, request.RequestUri!.PathAndQuery);
        HttpResponseMessage answer;
        try
        {
            answer = await http.SendAsync(request, cancellationToken);
        }
        catch (Exception gone) when (gone is ObjectDisposedException or InvalidOperationException or IOException)
        {
            throw new HttpRequestException("The server went down.", gone);
        }

        if (answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType != "text/event-stream") return answer;
        var stream = new WireStream(this, await answer.Content.ReadAsStreamAsync(CancellationToken.None));
        lock (_gate) _streams.Add(stream);
        var body = new StreamContent(stream);
        body.Headers.ContentType = answer.Content.Headers.ContentType;
        answer.Content = body;
        return answer;
    }

    private Task NotStalled()
    {
        lock (_gate) return _stalled?.Task ?? Task.CompletedTask;
    }

    private sealed class WireStream(TruthWire wire, Stream inner) : Stream
    {
        private readonly CancellationTokenSource _cut = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Cut() => _cut.Cancel();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _cut.Token);
            try
            {
                await wire.NotStalled().WaitAsync(ending.Token);
                ending.Token.ThrowIfCancellationRequested();
                return await inner.ReadAsync(buffer, ending.Token);
            }
            catch (OperationCanceledException) when (_cut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new IOException("The wire was cut.");
            }
            catch (ObjectDisposedException gone)
            {
                throw new IOException("The server is gone.", gone);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                lock (wire._gate) wire._streams.Remove(this);
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
