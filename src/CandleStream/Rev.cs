using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CandleStream;

/// <summary>
/// The number of one version of a candle, given by <see cref="RevCounter"/>: microseconds since the Unix epoch. A later version of any
/// candle of the process has a higher one. Streams send it as the event id, JSON as <c>rev</c> and <c>asof</c>.
/// </summary>
/// <param name="Value">Microseconds, from 0 (see <see cref="None"/>) to below <see cref="RevCounter.Limit"/>.</param>
[JsonConverter(typeof(JsonNumber))]
public readonly record struct Rev(long Value) : IComparable<Rev>
{
    /// <summary>No version was numbered yet; below every number that was given.</summary>
    public static readonly Rev None;

    /// <summary>Above every number that is given: no version is later.</summary>
    public static readonly Rev Never = new(long.MaxValue);

    /// <summary>The number that a version of this moment has at least.</summary>
    /// <param name="unixMs">Unix milliseconds, UTC.</param>
    public static Rev At(long unixMs) => new(unixMs * 1000);

    public static Rev Max(Rev one, Rev other) => one > other ? one : other;

    public static Rev Min(Rev one, Rev other) => one < other ? one : other;

    public static bool operator <(Rev left, Rev right) => left.Value < right.Value;

    public static bool operator >(Rev left, Rev right) => left.Value > right.Value;

    public static bool operator <=(Rev left, Rev right) => left.Value <= right.Value;

    public static bool operator >=(Rev left, Rev right) => left.Value >= right.Value;

    /// <summary>The number so much earlier; never below <see cref="None"/>.</summary>
    public Rev Less(TimeSpan time) => new(Math.Max(0, Value - (long)time.TotalMicroseconds));

    public int CompareTo(Rev other) => Value.CompareTo(other.Value);

    /// <summary>The bare number, as streams and answers write it.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private sealed class JsonNumber : JsonConverter<Rev>
    {
        public override Rev Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, Rev value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
    }
}
