namespace CandleStream.Exchanges;

/// <summary>One socket to an exchange with the channels on it, as the pool sees it: each exchange's dialect brings its own.</summary>
internal interface IExchangeSocket : IAsyncDisposable
{
    /// <summary>True when the other side said that it is a simulator.</summary>
    bool IsSimulated { get; }

    /// <summary>The pool's number of it, from 1 on; used again when the socket has ended.</summary>
    int Slot { get; set; }

    /// <summary>When it was opened (timestamp).</summary>
    long OpenedAt { get; }

    /// <summary>When its last message arrived (timestamp).</summary>
    long LastFrameAt { get; }

    /// <summary>Channels asked for and not given up.</summary>
    int ChannelCount { get; }

    /// <summary>True when it can serve no more, for whatever reason.</summary>
    bool HasEnded { get; }

    /// <summary>True when it ended and we did not end it.</summary>
    bool HasFailed { get; }

    /// <summary>Asks for the listener's series; null where no room is left.</summary>
    IExchangeChannel? TrySubscribe(IChannelListener listener);

    /// <summary>Ends a socket without channels; false where it has some.</summary>
    bool TryRetire();
}

/// <summary>One subscription of one series on one socket.</summary>
internal interface IExchangeChannel
{
    /// <summary>Completes when the subscription is over, however it ended.</summary>
    Task<ChannelEnd> Ended { get; }

    /// <summary>
    /// Completes when the exchange is about to end the socket as planned: the series moves to another one before that. Never completes
    /// where an exchange has no such end.
    /// </summary>
    Task Retiring => Unplanned;

    /// <summary>Of an exchange without such an end.</summary>
    static Task Unplanned { get; } = new TaskCompletionSource().Task;

    /// <summary>When its last frame arrived (timestamp); 0 before the first.</summary>
    long LastFrameAt { get; }

    /// <summary>
    /// Exchange time of its own last frame (ms); 0 before the first that had one. Time heard on other channels says nothing about this one.
    /// </summary>
    long HeardUntil { get; }

    /// <summary>Gives it up.</summary>
    void Release();
}
