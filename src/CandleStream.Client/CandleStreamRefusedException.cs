namespace CandleStream.Client;

/// <summary>
/// The server refused what was asked, and would refuse it again: an unknown symbol, a malformed series, a key that is missing or does
/// not open this.
/// </summary>
/// <param name="status">The status of its answer: 400, 401, 403, 404 or 406.</param>
/// <param name="detail">The reason in its words.</param>
public sealed class CandleStreamRefusedException(int status, string detail) : Exception(detail)
{
    public int Status { get; } = status;
}
