namespace CandleStream.Exchanges;

/// <summary>What following needs to know of any exchange's settings: how much may be asked of it, and how patiently.</summary>
public interface IExchangeOptions
{
    /// <summary>Where the public WebSocket is.</summary>
    Uri WebSocketUrl { get; }

    /// <summary>True says that the other side is a simulator before it could say so itself.</summary>
    bool Simulated { get; }

    /// <summary>Channels on one socket; a further series opens another one.</summary>
    int ChannelsPerSocket { get; }

    /// <summary>New sockets in any 60 s; further ones wait.</summary>
    int NewSocketsPerMinute { get; }

    /// <summary>How long a socket without channels is kept for the next series before it is closed.</summary>
    TimeSpan EmptySocketLinger { get; }

    /// <summary>REST calls in any 60 s, for all purposes together.</summary>
    int RestCallsPerMinute { get; }

    /// <summary>Failed attempts after which a series is polled over REST.</summary>
    int FailuresBeforePolling { get; }

    /// <summary>The interval of polls of one series; longer where the REST budget does not suffice for all.</summary>
    TimeSpan PollInterval { get; }

    /// <summary>How often the socket is tried while a series is polled or was refused.</summary>
    TimeSpan RetryWhilePolling { get; }
}
