using System.Text;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>Logs what the exchange sent and nobody expected, each kind once a minute, and never more than the beginning of it.</summary>
internal sealed partial class BadInputLog(LogGate gate, ILogger logger)
{
    private const int Shown = 160;

    public void Once(string kind, ReadOnlySpan<byte> message)
    {
        if (gate.Allows(kind)) LogBadInput(kind, Encoding.UTF8.GetString(message[..Math.Min(message.Length, Shown)]));
    }

    [LoggerMessage(LogLevel.Warning, "Exchange sent {Kind}: {Text}")]
    private partial void LogBadInput(string kind, string text);
}
