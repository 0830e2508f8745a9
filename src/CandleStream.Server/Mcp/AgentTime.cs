using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CandleStream.Server.Mcp;

/// <summary>A time as agents write it: Unix milliseconds, as a number or a text, or ISO 8601.</summary>
/// <param name="Ms">Unix milliseconds.</param>
[JsonConverter(typeof(Reader))]
internal readonly record struct AgentTime(long Ms)
{
    private const long MaxMs = 253_402_300_799_999;

    public static string Describe(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, 0, MaxMs)).ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private sealed class Reader : JsonConverter<AgentTime>
    {
        public override AgentTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && IsTime(number))
                return new AgentTime(number);
            if (reader.TokenType == JsonTokenType.String && Parse(reader.GetString()!) is { } time) return new AgentTime(time);
            throw new JsonException("A time must be Unix milliseconds (1763840000000) or ISO 8601 in UTC (2025-11-22T19:33:20Z).");
        }

        public override void Write(Utf8JsonWriter writer, AgentTime value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value.Ms);

        private static long? Parse(string text)
        {
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return IsTime(number) ? number : null;
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                && IsTime(time.ToUnixTimeMilliseconds()) ? time.ToUnixTimeMilliseconds() : null;
        }

        private static bool IsTime(long ms) => ms is >= 0 and <= MaxMs;
    }
}
