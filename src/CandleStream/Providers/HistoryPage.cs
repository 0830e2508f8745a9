namespace CandleStream.Providers;

/// <summary>What a REST call is for; the request budget serves lower values first.</summary>
public enum FetchPurpose
{
    /// <summary>A gap in a series that somebody watches.</summary>
    Repair,

    /// <summary>The running candle while push is off.</summary>
    Polling,

    /// <summary>History that somebody asked for.</summary>
    History,

    /// <summary>Series recorded without a watcher, and checks of what push already brought.</summary>
    Record,
}

/// <summary>A failure on the exchange's side or on the way there.</summary>
public sealed class CandleProviderException : Exception
{
    public CandleProviderException(string message, bool isRefusal = false, Exception? inner = null)
        : base(message, inner) => IsRefusal = isRefusal;

    /// <summary>True when asking again cannot help: the exchange does not know the symbol.</summary>
    public bool IsRefusal { get; }
}
