namespace CandleStream.Exchanges;

/// <summary>What a subscription of any exchange's socket is made of; each dialect adds where it stands.</summary>
internal abstract class ExchangeChannel(IChannelListener listener) : IExchangeChannel
{
    private readonly TaskCompletionSource<ChannelEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastFrameAt;
    private long _heardUntil;

    public IChannelListener Listener { get; } = listener;

    public Task<ChannelEnd> Ended => _ended.Task;

    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    public long HeardUntil
    {
        get => Volatile.Read(ref _heardUntil);
        set => Volatile.Write(ref _heardUntil, value);
    }

    public virtual Task Retiring => IExchangeChannel.Unplanned;

    public abstract void Release();

    /// <summary>The subscription is over.</summary>
    public void End(ChannelEnd end) => _ended.TrySetResult(end);
}
