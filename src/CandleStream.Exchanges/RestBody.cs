namespace CandleStream.Exchanges;

/// <summary>Reads what an exchange answered over REST.</summary>
internal static class RestBody
{
    // The first instant of 9999: calendar arithmetic fails on later ones.
    private const long MaxTime = 253_370_764_800_000;

    /// <summary>The whole body.</summary>
    /// <exception cref="IOException">It is longer than allowed.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[16 * 1024];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            if (read == 0) return buffer.AsMemory(0, length);
            length += read;
            if (length < buffer.Length) continue;
            if (length >= maxBytes) throw new IOException("The answer is too long.");
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, maxBytes));
        }
    }

    /// <summary>
    /// The exchange's time of an answer (Unix ms): its Date, less the time that it lay in a cache. Null where it tells none, or an
    /// impossible one.
    /// </summary>
    public static long? ExchangeTimeOf(HttpResponseMessage response)
    {
        if (response.Headers.Date is not { } date) return null;
        var age = response.Headers.Age is { } stated && stated > TimeSpan.Zero ? (long)stated.TotalMilliseconds : 0;
        var time = date.ToUnixTimeMilliseconds() - age;
        return time is > 0 and < MaxTime ? time : null;
    }
}
