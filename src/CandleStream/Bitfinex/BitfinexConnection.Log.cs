using Microsoft.Extensions.Logging;

namespace CandleStream.Bitfinex;

/// <content>What it says in the log.</content>
internal sealed partial class BitfinexConnection
{
    [LoggerMessage(LogLevel.Warning, "Socket to the exchange ended with {Channels} channels: {Reason}")]
    private partial void LogEnded(string reason, int channels);

    [LoggerMessage(LogLevel.Warning, "Exchange sent {Kind}: {Text}")]
    private partial void LogBadInput(string kind, string text);

    [LoggerMessage(LogLevel.Information, "Exchange says {Code}: {Text}")]
    private partial void LogNotice(int code, string? text);

    [LoggerMessage(LogLevel.Warning, "Exchange refused the time and sequence flags: {Text}; gaps of sequence cannot be seen, and only later candles close a candle")]
    private partial void LogNotConfigured(string? text);

    [LoggerMessage(LogLevel.Error, "Reading from the exchange failed by a mistake of ours")]
    private partial void LogReadFailed(Exception error);
}
