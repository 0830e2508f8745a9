namespace CandleStream.Providers;

/// <summary>
/// Passes a question on to the exchange's own REST interface. It costs one call of the same budget as our own questions, and theirs go
/// first.
/// </summary>
public interface IExchangePassage
{
    /// <param name="pathAndQuery">What follows the version in the address, such as <c>/tickers?symbols=ALL</c>. No header of the asker is
    /// sent along.</param>
    /// <param name="cancel">Ends the wait for the budget and for the answer.</param>
    /// <exception cref="CandleProviderException">The exchange did not answer, or it limits our calls.</exception>
    Task<PassedAnswer> PassAsync(string pathAndQuery, CancellationToken cancel);
}

/// <summary>What the exchange answered, as it came.</summary>
public sealed record PassedAnswer(int Status, ReadOnlyMemory<byte> Body);
