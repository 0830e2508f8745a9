namespace CandleStream.Storage;

/// <summary>
/// Keeps short texts by name beside the candles: how far somebody has read, and the like. Both methods may throw
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public interface INoteStore
{
    /// <summary>The text saved last; null when none ever was.</summary>
    Task<string?> FindNoteAsync(string name, CancellationToken cancel);

    Task SaveNoteAsync(string name, string text, CancellationToken cancel);
}
