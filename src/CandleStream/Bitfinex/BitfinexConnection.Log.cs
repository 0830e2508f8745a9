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

    [LoggerMessage(LogLevel.Warning, "Exchange refused the time and sequence flags: {Text}; lost frames cannot be detected, and a candle closes only when a later one appears")]
    private partial void LogNotConfigured(string? text);

    [LoggerMessage(LogLevel.Error, "Reading from the exchange failed because of a bug")]
    private partial void LogReadFailed(Exception error);
}
